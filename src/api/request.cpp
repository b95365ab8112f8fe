#include <nlohmann/json.hpp>
#include <stdexcept>

#include "vigie/api/router.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"

namespace vigie::api {

const std::string& Request::path_value(std::string_view name) const {
    for (const auto& [key, value] : path)
        if (key == name) return value;
    throw std::logic_error("the route " + route + " has no {" + std::string(name) + "}");
}

std::optional<std::string> Request::query(std::string_view name) const {
    const auto value = http.parameter(name);
    return value ? std::optional(std::string(*value)) : std::nullopt;
}

base::Result<std::size_t> Request::limit() const {
    const auto given = http.parameter("limit");
    if (!given) return base::limits::page_rows_default;
    const auto number = base::parse_int(*given);
    const auto max = static_cast<std::int64_t>(base::limits::page_rows_max);
    if (!number || *number < 1 || *number > max) {
        const std::string high = std::to_string(max);
        return base::fail_at(base::Errc::invalid, "limit", "must be from 1 to " + high,
                             "doit être de 1 à " + high);
    }
    return static_cast<std::size_t>(*number);
}

const nlohmann::json& Request::json() const {
    static const nlohmann::json empty = nlohmann::json::object();
    return parsed ? *parsed : empty;
}

std::optional<std::int64_t> Request::if_match() const {
    const auto given = http.headers.get("If-Match");
    if (given.empty() || given == "*") return std::nullopt;
    auto tag = base::trimmed(given);
    // What is not one of our tags matches no version: the caller hears 412, as RFC 9110 13.1.1
    // says.
    constexpr std::int64_t no_version = -1;
    if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') return no_version;
    tag = tag.substr(1, tag.size() - 2);
    return base::parse_int(tag).value_or(no_version);
}

void Request::note(std::string_view name, const nlohmann::json& value) const {
    if (notes) (*notes)[std::string(name)] = value;
}

bool Request::french() const {
    return wire::language_of(http.headers.get("Accept-Language")) == "fr";
}

}  // namespace vigie::api
