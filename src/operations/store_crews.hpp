// Crews in PostgreSQL. A crew's position here is what the crew itself said; its vehicle's comes
// from the live city.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operations/records.hpp"
#include "operations/store_rows.hpp"

namespace vigie::operations::crew_store {

// False: there is a crew of that code already.
[[nodiscard]] bool insert(store::Transaction& tx, const Crew& crew, const std::string& created_by,
                          base::Instant now);
// By code.
[[nodiscard]] std::vector<Crew> all(store::Transaction& tx);
[[nodiscard]] std::optional<Crew> find(store::Transaction& tx, const std::string& code);
// False: a later position is known, nothing changed.
bool place(store::Transaction& tx, const std::string& code, base::LonLat position,
           base::Instant at);

}  // namespace vigie::operations::crew_store
