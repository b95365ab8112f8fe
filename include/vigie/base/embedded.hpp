// Files of the project that travel inside the program: made by the build from the sources named
// there.
#pragma once

#include <span>
#include <string_view>

namespace vigie::base {
struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};
}  // namespace vigie::base

namespace vigie::embedded {
// migrations/*.sql, in order.
[[nodiscard]] std::span<const base::EmbeddedFile> migrations();
// docs/openapi.yaml, as openapi.json.
[[nodiscard]] std::span<const base::EmbeddedFile> contract();
}  // namespace vigie::embedded
