#include "vigie/access/audit.hpp"

namespace vigie::access {

namespace {

ChainEntry audit_chain_entry(const store::Row& row) {
    ChainEntry entry;
    entry.number = row.get<std::int64_t>("number");
    entry.digest = row.get<std::string>("digest");
    entry.fields = {std::to_string(base::epoch_us(row.get<base::Instant>("at"))),
                    row.get<std::string>("author"),
                    row.get<std::string>("employer"),
                    std::to_string(row.get<std::int64_t>("session")),
                    row.get<std::string>("action"),
                    row.get<std::string>("target"),
                    std::to_string(row.get<std::int64_t>("status")),
                    row.get<std::string>("detail"),
                    row.maybe<std::string>("commitment")};
    return entry;
}

// The chain covers the commitment; whether the value beside it is still the one committed to is a
// question of its own. An erased value has no row and is no fault.
std::optional<ChainFault> altered_private_value(store::Transaction& tx) {
    static constexpr store::Query query{"audit_private_block", R"sql(
        select p.number, p.salt, p.value, coalesce(a.commitment, '') as commitment
          from audit_private p join audit a using (number)
         where p.number > $1 order by p.number limit 2000)sql"};
    std::int64_t after = 0;
    for (;;) {
        const auto rows = tx.rows(query, after);
        for (const auto& row : rows) {
            after = row.get<std::int64_t>("number");
            if (!opens(row.text("commitment"), row.text("salt"), row.text("value")))
                return ChainFault{after,
                                  {"the personal data beside the entry were changed",
                                   "les données personnelles liées à l'entrée ont été modifiées"}};
        }
        if (rows.empty()) return std::nullopt;
    }
}

std::string private_value(const AuditEntry& entry) {
    return entry.words.empty() ? entry.peer : entry.peer + "\n" + entry.words;
}

}  // namespace

ChainHead lock_chain(store::Transaction& tx, std::string_view chain) {
    static constexpr store::Query query{
        "chain_lock", "select number, digest from chain_head where chain = $1 for update"};
    const auto row = tx.row(query, chain);
    return {row->get<std::int64_t>("number"), row->get<std::string>("digest")};
}

void advance_chain(store::Transaction& tx, std::string_view chain, const ChainHead& head) {
    static constexpr store::Query query{
        "chain_advance", "update chain_head set number = $2, digest = $3 where chain = $1"};
    tx.execute(query, chain, head.number, head.digest);
}

ChainHead read_chain_head(store::Transaction& tx, std::string_view chain) {
    static constexpr store::Query query{"chain_head",
                                        "select number, digest from chain_head where chain = $1"};
    const auto row = tx.row(query, chain);
    return {row->get<std::int64_t>("number"), row->get<std::string>("digest")};
}

AuditEntry audit_entry(const Principal& actor, base::Instant at, std::string action,
                       std::string target) {
    AuditEntry entry;
    entry.at = at;
    entry.author = actor.login;
    entry.employer = actor.employer;
    entry.session = actor.session;
    entry.action = std::move(action);
    entry.target = std::move(target);
    return entry;
}

std::int64_t append_audit(store::Transaction& tx, const AuditEntry& entry) {
    static constexpr store::Query insert{"audit_append", R"sql(
        insert into audit (number, at, author, employer, session, action, target, status, detail,
                           commitment, digest)
        values ($1, $2::timestamptz, $3, $4, $5, $6, $7, $8, $9, $10, $11))sql"};
    static constexpr store::Query insert_private{
        "audit_private_append",
        "insert into audit_private (number, salt, value) values ($1, $2, $3)"};
    const auto value = private_value(entry);
    const auto commitment = value.empty() ? std::nullopt : std::optional(commit_to(value));
    const ChainHead head = lock_chain(tx, "audit");
    const auto number = head.number + 1;
    const auto covered = commitment ? ChainField(commitment->digest) : std::nullopt;
    const auto digest =
        chain_digest(head.digest, number,
                     {std::to_string(base::epoch_us(entry.at)), entry.author, entry.employer,
                      std::to_string(entry.session), entry.action, entry.target,
                      std::to_string(entry.status), entry.detail, covered});
    tx.execute(insert, number, entry.at, entry.author, entry.employer, entry.session, entry.action,
               entry.target, entry.status, entry.detail, covered, digest);
    if (commitment) tx.execute(insert_private, number, commitment->salt, value);
    advance_chain(tx, "audit", {number, digest});
    return number;
}

ChainReport verify_audit(store::Transaction& tx) {
    static constexpr store::Query block{"audit_block", R"sql(
        select number, at, author, employer, session, action, target, status, detail, commitment,
               digest
          from audit where number > $1 order by number limit $2)sql"};
    const auto read = [&tx](std::int64_t after, std::size_t count) {
        std::vector<ChainEntry> entries;
        entries.reserve(count);
        for (const auto& row : tx.rows(block, after, count))
            entries.push_back(audit_chain_entry(row));
        return entries;
    };
    auto report = verify_chain(read_chain_head(tx, "audit"), read);
    if (!report.fault) report.fault = altered_private_value(tx);
    return report;
}

std::size_t erase_addresses(store::Transaction& tx, base::Instant before, base::Instant now) {
    static constexpr store::Query erase{"audit_private_erase", R"sql(
        delete from audit_private p using audit a
         where a.number = p.number and a.at < $1::timestamptz)sql"};
    const auto erased = tx.execute(erase, before);
    if (erased == 0) return 0;
    auto entry = audit_entry(system_principal("retention"), now, "addresses_erased", "audit");
    entry.detail =
        "{\"before\":\"" + base::to_rfc3339(before) + "\",\"rows\":" + std::to_string(erased) + "}";
    append_audit(tx, entry);
    return erased;
}

}  // namespace vigie::access
