#include "ingest/quarantine_store.hpp"

namespace vigie::ingest {

namespace {

// Payloads are bytes: shown as text where they are UTF-8, and nearly always are.
QuarantineRow row_of(const store::Row& row) {
    QuarantineRow found{row.get<std::int64_t>("id"),        row.get<base::Instant>("received_at"),
                        row.get<std::string>("credential"), row.get<std::string>("channel"),
                        row.get<std::string>("topic"),      row.get<std::string>("reason"),
                        row.get<std::string>("detail"),     {}};
    const auto hex = row.text("payload");
    const auto digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    };
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        found.payload += static_cast<char>(digit(hex[i]) << 4U | digit(hex[i + 1]));
    }
    return found;
}

}  // namespace

std::vector<QuarantineRow> list_quarantine(store::Transaction& tx, std::int64_t before_id,
                                           const std::string& reason, std::size_t limit) {
    static constexpr store::Query query{"quarantine_list", R"sql(
        select id, received_at, credential, channel, topic, reason, detail, encode(payload, 'hex') as payload
          from quarantine
         where id < $1 and ($2 = '' or reason = $2)
         order by id desc limit $3)sql"};
    std::vector<QuarantineRow> rows;
    for (const auto& row : tx.rows(query, before_id, reason, limit))
        rows.push_back(row_of(row));
    return rows;
}

std::optional<QuarantineRow> find_quarantine(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"quarantine_find", R"sql(
        select id, received_at, credential, channel, topic, reason, detail, encode(payload, 'hex') as payload
          from quarantine where id = $1)sql"};
    const auto row = tx.optional_row(query, id);
    return row ? std::optional(row_of(*row)) : std::nullopt;
}

void delete_quarantine(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"quarantine_delete",
                                        "delete from quarantine where id = $1"};
    tx.execute(query, id);
}

}  // namespace vigie::ingest
