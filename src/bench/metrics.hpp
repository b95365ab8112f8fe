// A figure of the server's /metrics.
#pragma once

#include <cstdint>
#include <string>

namespace vigie::bench {

// Throws std::runtime_error when it is not there.
[[nodiscard]] double figure_of(std::uint16_t metrics_port, const std::string& name);

}  // namespace vigie::bench
