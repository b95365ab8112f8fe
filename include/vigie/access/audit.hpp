// The audit: one append-only, chained row for every act, written in the act's own transaction.
#pragma once

#include <string>

#include "vigie/access/chain.hpp"
#include "vigie/access/principal.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"

namespace vigie::access {

struct AuditEntry {
    base::Instant at;
    std::string author;        // login
    std::string employer;      // of the author, at that time
    std::int64_t session{};    // row of the session or token; 0 for none
    std::string action;        // "POST /api/v1/incidents/{number}/claim", "contact_read"
    std::string target;        // "/api/v1/incidents/7/claim"
    int status{};              // what was answered
    std::string detail{"{}"};  // a JSON object, without personal data
    // Kept beside the chain as one commitment, erasable, for it may be personal: the other end's
    // address, and what somebody outside had written that the act was about.
    std::string peer;
    std::string words;
};

[[nodiscard]] AuditEntry audit_entry(const Principal& actor, base::Instant at, std::string action,
                                     std::string target);

// Answers the entry's number. Locks the audit's head until the transaction ends: call it last.
std::int64_t append_audit(store::Transaction& tx, const AuditEntry& entry);

// In a read transaction. Also finds addresses that no longer fit their commitment.
[[nodiscard]] ChainReport verify_audit(store::Transaction& tx);

// Erases the addresses and words of entries older than `before`, and writes an entry that says so,
// if there were any; how many. Called from time to time by app, with the legal retention.
std::size_t erase_addresses(store::Transaction& tx, base::Instant before, base::Instant now);

}  // namespace vigie::access
