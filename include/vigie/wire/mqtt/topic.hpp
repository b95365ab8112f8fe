// Topic names and topic filters (chapter 4.7 of both standards).
#pragma once

#include <string_view>

namespace vigie::wire::mqtt {

// Well-formed UTF-8 without U+0000, at most 65,535 bytes: what every text of MQTT must be.
[[nodiscard]] bool is_text(std::string_view text);

// A text of at least one character without wildcards.
[[nodiscard]] bool is_topic_name(std::string_view topic);

// A text of at least one character where '#' stands alone in the last level and '+' alone in its
// level.
[[nodiscard]] bool is_topic_filter(std::string_view filter);

// Whether a valid filter is of a size that is kept: what it costs grows with its levels.
[[nodiscard]] bool is_bearable_filter(std::string_view filter);

// "$share/{name}/{filter}".
[[nodiscard]] bool is_shared_filter(std::string_view filter);

// Whether a valid filter matches a valid name. A wildcard in the first level does not match a name
// that begins with '$'.
[[nodiscard]] bool matches(std::string_view filter, std::string_view topic);

}  // namespace vigie::wire::mqtt
