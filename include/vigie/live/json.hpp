// JSON written by hand where rows come by the ten thousand; nlohmann reads it everywhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vigie/base/time.hpp"

namespace vigie::live::json {

// A JSON string with its quotes. `text` is UTF-8.
void append_text(std::string& out, std::string_view text);
// The fewest digits that read back as the same double; not finite: null.
void append_number(std::string& out, double value);
void append_integer(std::string& out, std::int64_t value);
// RFC 3339 with its quotes.
void append_instant(std::string& out, base::Instant instant);

}  // namespace vigie::live::json
