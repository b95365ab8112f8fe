// Forward-only migrations, applied under an advisory lock, each once and with its checksum
// recorded.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "vigie/base/embedded.hpp"

namespace vigie::store {

struct Migration {
    int version{};         // the number in front of its name
    std::string name;      // 0001_ground.sql
    std::string checksum;  // BLAKE2b-256 of its text, in hex
    bool applied{};
};

// What is there and what is still to be applied, in order. Throws std::runtime_error when a
// migration that was applied has another text now, or when the database knows one that this program
// does not (it is older than its database).
[[nodiscard]] std::vector<Migration> migration_status(const std::string& owner_url,
                                                      std::span<const base::EmbeddedFile> files);

// Applies what is missing, each in its own transaction, and answers the names applied. `progress`
// hears each name before it runs. Two programs at once: one waits for the other.
std::vector<std::string> migrate(const std::string& owner_url,
                                 std::span<const base::EmbeddedFile> files,
                                 const std::function<void(const std::string&)>& progress = {});

}  // namespace vigie::store
