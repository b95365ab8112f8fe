#include "vigie/wire/http.hpp"

#include <algorithm>

#include "vigie/base/text.hpp"

namespace vigie::wire {

namespace {

char lower_ascii(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b,
                              [](char x, char y) { return lower_ascii(x) == lower_ascii(y); });
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char l = lower_ascii(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// False on a broken escape.
bool percent_decode(std::string_view text, bool plus_is_blank, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size()) return false;
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return false;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
        }
    }
    return base::is_utf8(out) && out.find('\0') == std::string::npos;
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
    for (auto& field : fields_) {
        if (same_name(field.first, name)) {
            field.second = std::move(value);
            return;
        }
    }
    add(std::string(name), std::move(value));
}

std::string_view Headers::get(std::string_view name) const {
    for (const auto& field : fields_) {
        if (same_name(field.first, name)) return field.second;
    }
    return {};
}

std::string_view Headers::last(std::string_view name) const {
    std::string_view found;
    for (const auto& [field, value] : fields_) {
        if (same_name(field, name)) found = value;
    }
    return found;
}

bool Headers::has(std::string_view name) const {
    return std::ranges::any_of(fields_,
                               [&](const auto& field) { return same_name(field.first, name); });
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

bool parse_target(std::string_view target, Request& request) {
    if (!target.starts_with('/')) return false;
    const auto mark = target.find('?');
    if (!percent_decode(target.substr(0, mark), false, request.path)) return false;
    request.query.clear();
    if (mark == std::string_view::npos) return true;
    for (const auto part : base::split(target.substr(mark + 1), '&')) {
        if (part.empty()) continue;
        const auto equals = part.find('=');
        std::string name;
        std::string value;
        if (!percent_decode(part.substr(0, equals), true, name)) return false;
        if (equals != std::string_view::npos &&
            !percent_decode(part.substr(equals + 1), true, value))
            return false;
        request.query.emplace_back(std::move(name), std::move(value));
    }
    return true;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += digits[static_cast<unsigned char>(c) >> 4U];
            out += digits[static_cast<unsigned char>(c) & 15U];
        }
    }
    return out;
}

std::string_view language_of(std::string_view accept_language) {
    double best = 0;
    std::string_view language = "en";
    for (auto part : base::split(accept_language, ',')) {
        part = base::trimmed(part);
        double quality = 1;
        if (const auto semicolon = part.find(";q="); semicolon != std::string_view::npos) {
            quality = base::parse_double(part.substr(semicolon + 3)).value_or(0);
            part = part.substr(0, semicolon);
        }
        const std::string_view primary = part.substr(0, part.find('-'));
        const bool french = same_name(primary, "fr");
        if (!french && !same_name(primary, "en")) continue;
        if (quality > best) {
            best = quality;
            language = french ? "fr" : "en";
        }
    }
    return language;
}

}  // namespace vigie::wire
