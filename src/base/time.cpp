#include "vigie/base/time.hpp"

#include <array>
#include <cstdio>

namespace vigie::base {

namespace {

// `count` digits at `at`, or nothing.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool is_at(std::string_view text, std::size_t at, char c) {
    return at < text.size() && text[at] == c;
}

// Reads ".123456789" from `at`, moves `at` behind it, answers microseconds.
std::optional<int> fraction_us(std::string_view text, std::size_t& at) {
    if (!is_at(text, at, '.')) return 0;
    const std::size_t first = ++at;
    int value = 0;
    int scale = 100'000;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        value += (text[at] - '0') * scale;
        scale /= 10;
        ++at;
    }
    if (at == first) return std::nullopt;
    return value;
}

// "Z" or "+hh:mm" up to the end of the text, in minutes east.
std::optional<int> offset_min(std::string_view text, std::size_t at) {
    if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) return 0;
    if (at + 6 != text.size() || !is_at(text, at + 3, ':')) return std::nullopt;
    if (text[at] != '+' && text[at] != '-') return std::nullopt;
    const auto hours = digits(text, at + 1, 2);
    const auto minutes = digits(text, at + 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const int east = *hours * 60 + *minutes;
    return text[at] == '-' ? -east : east;
}

}  // namespace

std::string to_rfc3339(Instant instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{instant - day};
    std::array<char, 40> buffer{};
    int length = std::snprintf(
        buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
        static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    std::string text(buffer.data(), static_cast<std::size_t>(length));
    const auto us = static_cast<int>(time.subseconds().count());
    if (us % 1000 != 0) {
        length = std::snprintf(buffer.data(), buffer.size(), ".%06d", us);
        text.append(buffer.data(), static_cast<std::size_t>(length));
    } else if (us != 0) {
        length = std::snprintf(buffer.data(), buffer.size(), ".%03d", us / 1000);
        text.append(buffer.data(), static_cast<std::size_t>(length));
    }
    return text + "Z";
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    if (!is_at(text, 4, '-') || !is_at(text, 7, '-') || !is_at(text, 13, ':') ||
        !is_at(text, 16, ':')) {
        return std::nullopt;
    }
    if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
    std::size_t at = 19;
    const auto us = fraction_us(text, at);
    const auto east = offset_min(text, at);
    if (!us || !east) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *year < 1970 || *year > 2199) return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return Instant{std::chrono::sys_days{date}} + std::chrono::hours{*hour} +
           std::chrono::minutes{*minute - *east} + std::chrono::seconds{*second} +
           std::chrono::microseconds{*us};
}

Instant SystemClock::now() const {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

SteadyInstant SystemClock::steady() const {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::steady_clock::now());
}

}  // namespace vigie::base
