// Reads back what vigie-sim generate wrote: the devices to play, and who may speak for them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/engine.hpp"
#include "vigie/base/result.hpp"

namespace vigie::sim {

// One sign-in to the device door.
struct Login {
    std::string name;
    std::string username;
    std::string password;
    std::vector<std::string> assets;
};

// invalid: a file is missing, or is not what generate writes; the answer names it.
[[nodiscard]] base::Result<Fleet> read_fleet(const std::filesystem::path& folder);

// Joins the folder's credentials.json with the secrets that `vigie credential create --from-file`
// wrote: a list of {"name", "username", "password"}. Every credential must have its secret.
[[nodiscard]] base::Result<std::vector<Login>> read_logins(const std::filesystem::path& folder,
                                                           const std::filesystem::path& secrets);

}  // namespace vigie::sim
