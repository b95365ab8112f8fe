// Contacts in PostgreSQL, and the callers apart from them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operations/records.hpp"
#include "operations/store_rows.hpp"

namespace vigie::operations::contact_store {

// Answers its id.
[[nodiscard]] std::int64_t insert(store::Transaction& tx, const Contact& contact);
[[nodiscard]] std::optional<Contact> find(store::Transaction& tx, std::int64_t id);
[[nodiscard]] std::optional<Contact> find_locked(store::Transaction& tx, std::int64_t id);
[[nodiscard]] std::vector<Contact> of_incident(store::Transaction& tx, std::int64_t incident);
void attach(store::Transaction& tx, std::int64_t id, std::int64_t incident);

// `entry` is the logbook's, which holds the commitment.
void insert_caller(store::Transaction& tx, std::int64_t contact, std::int64_t entry,
                   const Caller& caller, const std::string& salt);
// Nothing: there never was one, or it was erased.
[[nodiscard]] std::optional<Caller> caller(store::Transaction& tx, std::int64_t contact);

// Of contacts received before; how many.
[[nodiscard]] std::size_t erase_callers(store::Transaction& tx, base::Instant before);

}  // namespace vigie::operations::contact_store
