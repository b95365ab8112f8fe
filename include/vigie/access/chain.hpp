// Records that nobody can change unseen: each entry's digest covers the digest before it, so that a
// change anywhere breaks every digest after it (law 6). The audit and the logbook are chains.
//
// Appending, within the transaction that has something to say:
//   const ChainHead head = lock_chain(tx, "logbook");       // others wait here until we commit
//   const auto number = head.number + 1;
//   const auto digest = chain_digest(head.digest, number, fields);
//   ... insert the row with number and digest ...
//   advance_chain(tx, "logbook", {number, digest});
// A migration makes the chain: insert into chain_head (chain) values ('logbook'). Lock chains as
// late as possible and in this order: logbook, then audit (the router writes that one last).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/result.hpp"
#include "vigie/store/database.hpp"

namespace vigie::access {

// What is covered of an entry, in a fixed order; nothing is not the same as empty. Times go in as
// microseconds since 1970: a digest may not depend on how a database prints.
using ChainField = std::optional<std::string>;

// The last entry: number 0 and an empty digest while there is none.
struct ChainHead {
    std::int64_t number{};
    std::string digest;
};

struct ChainEntry {
    std::int64_t number{};
    std::vector<ChainField> fields;
    std::string digest;
};

// SHA-256, in hex, of: the previous digest, the number, the count of fields, and each field with
// its length. Documented byte by byte in docs/chain.md, so that anyone can check it.
[[nodiscard]] std::string chain_digest(std::string_view previous, std::int64_t number,
                                       const std::vector<ChainField>& fields);

// Locks the chain's head row for the rest of the transaction. std::logic_error: no such chain.
[[nodiscard]] ChainHead lock_chain(store::Transaction& tx, std::string_view chain);
void advance_chain(store::Transaction& tx, std::string_view chain, const ChainHead& head);
[[nodiscard]] ChainHead read_chain_head(store::Transaction& tx, std::string_view chain);

struct ChainFault {
    std::int64_t number{};  // the first entry that does not hold
    base::Text reason;
};
struct ChainReport {
    std::int64_t entries{};  // that hold
    std::string digest;      // of the last of them: note it down elsewhere, and a rewritten chain
                             // will not match it
    std::optional<ChainFault> fault;
};

// At most `rows` entries with a number greater than `after`, in order.
using ChainReader = std::function<std::vector<ChainEntry>(std::int64_t after, std::size_t rows)>;
// Recomputes every digest, block by block, and names the first entry that was changed, removed,
// added or moved. `head` must be of the same snapshot as what `read` answers.
[[nodiscard]] ChainReport verify_chain(const ChainHead& head, const ChainReader& read);

// Personal data stand beside a chain, not in it: the chain holds the commitment, another table the
// salt and the value, and erasing those leaves the chain whole while nobody can guess the value.
struct Commitment {
    std::string salt;    // 32 random bytes, in hex
    std::string digest;  // SHA-256 of salt and value, in hex
};
[[nodiscard]] Commitment commit_to(std::string_view value);
[[nodiscard]] bool opens(std::string_view digest, std::string_view salt, std::string_view value);

}  // namespace vigie::access
