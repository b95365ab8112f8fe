#include "operations/store_logbook.hpp"

#include "operations/contacts.hpp"

namespace vigie::operations::logbook_store {

namespace {

Entry entry_of(const store::Row& row) {
    return {.number = row.get<std::int64_t>("number"),
            .at = row.get<base::Instant>("at"),
            .recorded_at = row.get<base::Instant>("recorded_at"),
            .author = {text_of(row, "author"), text_of(row, "author_name")},
            .entry_type = text_of(row, "entry_type"),
            .text = {text_of(row, "text_en"), text_of(row, "text_fr")},
            .incident = row.maybe<std::int64_t>("incident"),
            .intervention = row.maybe<std::int64_t>("intervention"),
            .corrects = row.maybe<std::int64_t>("corrects"),
            .commitment = row.maybe<std::string>("commitment"),
            .digest = text_of(row, "digest")};
}

std::vector<Entry> entries_of(const store::Rows& rows) {
    std::vector<Entry> found;
    found.reserve(rows.size());
    for (const store::Row& row : rows)
        found.push_back(entry_of(row));
    return found;
}

access::ChainField field(const std::optional<std::int64_t>& number) {
    return number ? access::ChainField(std::to_string(*number)) : std::nullopt;
}

// In the order that docs/chain.md gives.
std::vector<access::ChainField> fields_of(const Entry& entry) {
    return {std::to_string(base::epoch_us(entry.at)),
            std::to_string(base::epoch_us(entry.recorded_at)),
            entry.author.login,
            entry.author.name,
            entry.entry_type,
            entry.text.en,
            entry.text.fr,
            field(entry.incident),
            field(entry.intervention),
            field(entry.corrects),
            entry.commitment};
}

// A caller who was erased has no row, and that is no fault.
std::optional<access::ChainFault> altered_caller(store::Transaction& tx) {
    static constexpr store::Query query{"contact_caller_block", R"sql(
        select c.contact, c.caller_name, c.callback_number, c.salt, l.number, l.commitment
          from contact_caller c join logbook_entry l on l.number = c.entry
         where c.contact > $1::bigint order by c.contact limit 2000)sql"};
    std::int64_t after = 0;
    for (;;) {
        const store::Rows rows = tx.rows(query, after);
        if (rows.empty()) return std::nullopt;
        for (const store::Row& row : rows) {
            after = row.get<std::int64_t>("contact");
            const Caller caller{text_of(row, "caller_name"), text_of(row, "callback_number")};
            if (access::opens(row.text("commitment"), row.text("salt"), committed(caller))) {
                continue;
            }
            return access::ChainFault{
                row.get<std::int64_t>("number"),
                {"the personal data beside the entry were changed",
                 "les données personnelles liées à l'entrée ont été modifiées"}};
        }
    }
}

}  // namespace

Entry append(store::Transaction& tx, Entry entry) {
    static constexpr store::Query query{"logbook_append", R"sql(
        insert into logbook_entry (number, at, recorded_at, author, author_name, entry_type, text_en, text_fr, incident,
                                   intervention, corrects, commitment, digest)
        values ($1::bigint, $2::timestamptz, $3::timestamptz, $4, $5, $6, $7, $8, $9::bigint, $10::bigint, $11::bigint,
                $12, $13))sql"};
    const access::ChainHead head = access::lock_chain(tx, "logbook");
    entry.number = head.number + 1;
    entry.digest = access::chain_digest(head.digest, entry.number, fields_of(entry));
    tx.execute(query, entry.number, entry.at, entry.recorded_at, entry.author.login,
               entry.author.name, entry.entry_type, entry.text.en, entry.text.fr, entry.incident,
               entry.intervention, entry.corrects, entry.commitment, entry.digest);
    access::advance_chain(tx, "logbook", {entry.number, entry.digest});
    return entry;
}

std::vector<Entry> page(store::Transaction& tx, const Filter& filter,
                        const std::optional<std::int64_t>& before, std::size_t rows_max) {
    static constexpr store::Query query{"logbook_page", R"sql(
        select * from logbook_entry
         where ($1::bigint is null or incident = $1::bigint)
           and ($2::timestamptz is null or at >= $2::timestamptz)
           and ($3::timestamptz is null or at < $3::timestamptz)
           and ($4::bigint is null or number < $4::bigint)
         order by number desc limit $5::bigint)sql"};
    return entries_of(tx.rows(query, filter.incident, filter.from, filter.until, before, rows_max));
}

std::vector<Entry> story(store::Transaction& tx, std::int64_t incident) {
    static constexpr store::Query query{"logbook_story", R"sql(
        select * from logbook_entry where incident = $1::bigint order by number)sql"};
    return entries_of(tx.rows(query, incident));
}

bool exists(store::Transaction& tx, std::int64_t number) {
    static constexpr store::Query query{"logbook_exists", R"sql(
        select 1 as one from logbook_entry where number = $1::bigint)sql"};
    return tx.optional_row(query, number) != nullptr;
}

access::ChainReport verify(store::Transaction& tx) {
    static constexpr store::Query query{"logbook_block", R"sql(
        select * from logbook_entry where number > $1::bigint order by number limit $2::bigint)sql"};
    const auto read = [&tx](std::int64_t after, std::size_t rows) {
        std::vector<access::ChainEntry> block;
        block.reserve(rows);
        for (const store::Row& row : tx.rows(query, after, rows)) {
            const Entry entry = entry_of(row);
            block.push_back({entry.number, fields_of(entry), entry.digest});
        }
        return block;
    };
    auto report = access::verify_chain(access::read_chain_head(tx, "logbook"), read);
    if (!report.fault) report.fault = altered_caller(tx);
    return report;
}

}  // namespace vigie::operations::logbook_store
