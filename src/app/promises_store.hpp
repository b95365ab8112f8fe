// Asks the database whether it keeps what an acknowledgement promises.
#pragma once

#include <string>
#include <vector>

#include "vigie/store/database.hpp"

namespace vigie::app {

// Settings under which a commit could be lost (law 1), as sentences; empty when none is.
[[nodiscard]] std::vector<std::string> broken_promises(store::Transaction& tx);

}  // namespace vigie::app
