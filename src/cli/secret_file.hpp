// Files of secrets.
#pragma once

#include <string>

namespace vigie::cli {

// Puts the text there, readable by its owner only, whole or not at all. Throws std::runtime_error.
void write_secret_file(const std::string& path, const std::string& text);

// The whole file, or standard input for "-". Throws std::runtime_error.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace vigie::cli
