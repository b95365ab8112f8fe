#include "operations/routes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operations/codec.hpp"
#include "operations/reach.hpp"
#include "vigie/base/text.hpp"

namespace vigie::operations {

incidents::Asker asker_of(const api::Request& request) {
    return {request.actor, request.now, request.french()};
}

std::optional<std::int64_t> number_in_path(const api::Request& request, std::string_view name) {
    return base::parse_int(request.path_value(name));
}

std::optional<std::int64_t> id_from(const std::optional<std::string>& text) {
    return text ? base::parse_int(*text) : std::nullopt;
}

nlohmann::json seen_json(const incidents::Asker& asker, const Intervention& intervention) {
    const Hand hand = hand_of(asker.actor, intervention, asker.now);
    return to_json(intervention, allowed(intervention.standing, hand));
}

base::Result<std::string> word_in_query(const api::Request& request, std::string_view name,
                                        std::initializer_list<std::string_view> words,
                                        std::string_view otherwise) {
    const auto given = request.query(name);
    if (!given) return std::string(otherwise);
    if (std::ranges::find(words, *given) != words.end()) return *given;
    std::string list;
    for (const std::string_view word : words)
        list += (list.empty() ? "" : ", ") + std::string(word);
    return base::fail_at(base::Errc::invalid, std::string(name), "It must be one of: " + list + ".",
                         "Ce doit être l'un de : " + list + ".");
}

base::Result<std::optional<base::Instant>> instant_in_query(const api::Request& request,
                                                            std::string_view name) {
    const auto given = request.query(name);
    if (!given) return std::optional<base::Instant>{};
    const auto instant = base::parse_rfc3339(*given);
    if (instant) return std::optional(*instant);
    return base::fail_at(base::Errc::invalid, std::string(name),
                         "It must be a time such as 2026-11-22T18:04:05Z.",
                         "Ce doit être une heure comme 2026-11-22T18:04:05Z.");
}

base::Result<std::optional<bool>> open_in_query(const api::Request& request) {
    const auto status = word_in_query(request, "status", {"open", "closed", "all"}, "open");
    if (!status) return status.error();
    if (*status == "all") return std::optional<bool>{};
    return std::optional(*status == "open");
}

}  // namespace vigie::operations
