// What vigie doctor finds: pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace vigie::cli {

enum class Verdict { ok, warning, failure };

struct Finding {
    Verdict verdict{Verdict::ok};
    std::string subject;
    std::string sentence;
};

struct DiskSpace {
    std::string folder;
    std::uint64_t free_bytes{};
    std::uint64_t all_bytes{};
};

// `status` is the answer of GET /admin/v1/status.
[[nodiscard]] std::vector<Finding> examine(const nlohmann::json& status,
                                           const std::optional<DiskSpace>& disk);

[[nodiscard]] const char* to_string(Verdict verdict);

}  // namespace vigie::cli
