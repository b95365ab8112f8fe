// Contacts: calls and messages received. Who called is personal data and stands apart.
#pragma once

#include <optional>
#include <string>

#include "operations/incidents.hpp"
#include "operations/records.hpp"
#include "operations/room.hpp"

namespace vigie::operations::contacts {

using incidents::Asker;

// `contact` as asked for; who took it and when follow from the asker.
[[nodiscard]] base::Result<Contact> receive(Room& room, store::Transaction& tx, const Asker& asker,
                                            Contact contact, const Caller& caller);

struct Read {
    Contact contact;
    std::optional<Caller> caller;
};
// Writes into the audit who read whose caller.
[[nodiscard]] base::Result<Read> read(store::Transaction& tx, const Asker& asker, std::int64_t id);

// Of contacts received before that instant; an entry says so, if there were any.
std::size_t erase_callers(Room& room, store::Transaction& tx, base::Instant before);

}  // namespace vigie::operations::contacts

namespace vigie::operations {

// The value that the logbook commits to.
[[nodiscard]] std::string committed(const Caller& caller);

}  // namespace vigie::operations
