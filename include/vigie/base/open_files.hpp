// The process's own limit of open files: each connection is one.
#pragma once

#include <cstddef>

namespace vigie::base {

[[nodiscard]] std::size_t open_files_max();
// To what the hard limit allows (an ordinary user begins with 1,024); what holds then.
std::size_t raise_open_files();

}  // namespace vigie::base
