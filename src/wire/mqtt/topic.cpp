#include "vigie/wire/mqtt/topic.hpp"

#include <algorithm>
#include <cstring>

#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"
#include "vigie/wire/mqtt/types.hpp"

namespace vigie::wire::mqtt {

namespace {

// Eight bytes at a time: almost every topic is plain ASCII.
bool is_plain_text(std::string_view text) {
    constexpr std::uint64_t high = 0x8080808080808080;
    constexpr std::uint64_t ones = 0x0101010101010101;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        // A byte that is zero borrows into its own high bit.
        if (((word | (word - ones)) & high) != 0) return false;
    }
    for (; at < text.size(); ++at) {
        if (static_cast<signed char>(text[at]) <= 0) return false;
    }
    return true;
}

bool is_filter_level(std::string_view level) {
    return level == "+" || level == "#" || level.find_first_of("+#") == std::string_view::npos;
}

}  // namespace

bool is_text(std::string_view text) {
    if (text.size() > field_bytes_max) return false;
    if (is_plain_text(text)) return true;
    return text.find('\0') == std::string_view::npos && base::is_utf8(text);
}

bool is_topic_name(std::string_view topic) {
    if (topic.empty()) return false;
    for (const char c : topic) {
        if (c == '+' || c == '#') return false;
    }
    return is_text(topic);
}

bool is_topic_filter(std::string_view filter) {
    if (filter.empty() || !is_text(filter)) return false;
    for (std::size_t from = 0;;) {
        const std::size_t slash = filter.find('/', from);
        const std::string_view level = filter.substr(from, slash - from);
        if (!is_filter_level(level)) return false;
        if (slash == std::string_view::npos) return true;
        if (level == "#") return false;
        from = slash + 1;
    }
}

bool is_bearable_filter(std::string_view filter) {
    if (filter.size() > base::limits::mqtt_filter_bytes_max) return false;
    const auto slashes = static_cast<std::size_t>(std::ranges::count(filter, '/'));
    return slashes < base::limits::mqtt_filter_levels_max;
}

bool is_shared_filter(std::string_view filter) {
    constexpr std::string_view prefix = "$share/";
    if (!filter.starts_with(prefix)) return false;
    const std::string_view rest = filter.substr(prefix.size());
    const std::size_t slash = rest.find('/');
    // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
    return slash != std::string_view::npos && slash > 0 && slash + 1 < rest.size() &&
           rest.substr(0, slash).find_first_of("+#") == std::string_view::npos;
}

bool matches(std::string_view filter, std::string_view topic) {
    // [MQTT-4.7.2-1]
    if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#')))
        return false;
    for (;;) {
        const std::size_t filter_slash = filter.find('/');
        const std::size_t topic_slash = topic.find('/');
        const std::string_view level = filter.substr(0, filter_slash);
        if (level == "#") return true;
        if (level != "+" && level != topic.substr(0, topic_slash)) return false;
        const bool filter_ends = filter_slash == std::string_view::npos;
        const bool topic_ends = topic_slash == std::string_view::npos;
        // "sport/#" also matches "sport" (4.7.1.2).
        if (topic_ends) return filter_ends || filter.substr(filter_slash + 1) == "#";
        if (filter_ends) return false;
        filter.remove_prefix(filter_slash + 1);
        topic.remove_prefix(topic_slash + 1);
    }
}

}  // namespace vigie::wire::mqtt
