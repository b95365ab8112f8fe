// What happens around the server's life: logs, the user it runs as.
#pragma once

#include <string>

#include "vigie/config/settings.hpp"

namespace vigie::app {

// Lines as text or JSON, to standard error.
void set_up_log(const config::Settings& settings);

// Started as root, the server becomes the user `vigie`, to whom the data folder is given first; any
// other user stays. Throws when there is no such user.
void drop_privileges(const std::string& data_folder);

}  // namespace vigie::app
