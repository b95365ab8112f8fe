#include <algorithm>
#include <array>

#include "ingest/decode_parts.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"
#include "vigie/ingest/command_taker.hpp"

namespace vigie::ingest {

namespace {

constexpr std::array<std::string_view, 3> status_names{"accepted", "done", "failed"};
constexpr std::string_view topic_prefix = "vigie/v1/";

std::size_t characters_in(std::string_view utf8) {
    std::size_t count = 0;
    for (const char c : utf8)
        count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
    return count;
}

bool holds_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
    });
}

std::expected<void, Refusal> read_status(const nlohmann::json& root, ResultMessage& into) {
    const auto found = root.find("status");
    const auto status = found != root.end() && found->is_string()
                            ? result_status_from(found->get_ref<const std::string&>())
                            : std::nullopt;
    if (!status) {
        return refuse(Reason::wrong_shape, "/status", "status is accepted, done or failed",
                      "status vaut accepted, done ou failed");
    }
    into.status = *status;
    return {};
}

std::expected<void, Refusal> read_detail(const nlohmann::json& root, ResultMessage& into) {
    const auto found = root.find("detail");
    if (found == root.end() || found->is_null()) return {};
    if (!found->is_string()) {
        return refuse(Reason::wrong_type, "/detail", "detail is a text", "detail est un texte");
    }
    const auto& text = found->get_ref<const std::string&>();
    if (characters_in(text) > result_detail_chars_max || holds_control(text)) {
        return refuse(Reason::out_of_range, "/detail",
                      "detail has at most 1000 characters, and none of control",
                      "detail compte au plus 1000 caractères, sans caractère de contrôle");
    }
    into.detail = text;
    return {};
}

}  // namespace

std::string_view to_string(ResultStatus status) {
    return status_names.at(static_cast<std::size_t>(status));
}

std::optional<ResultStatus> result_status_from(std::string_view text) {
    const auto found = std::ranges::find(status_names, text);
    if (found == status_names.end()) return std::nullopt;
    return static_cast<ResultStatus>(found - status_names.begin());
}

std::expected<ResultMessage, Refusal> decode_result(std::string_view payload,
                                                    base::Instant received_at) {
    const auto root = parse_payload(payload);
    if (!root) return std::unexpected(root.error());
    if (!root->is_object()) {
        return refuse(Reason::wrong_shape, "", "a result is an object", "un résultat est un objet");
    }
    for (const auto& [member, ignored] : root->items()) {
        if (member == "status" || member == "detail" || member == "t") continue;
        return refuse(Reason::wrong_shape, pointer_step(member), "not a member of a result",
                      "n'est pas un membre d'un résultat");
    }
    ResultMessage message{.status = {}, .detail = {}, .at = received_at};
    if (auto read = read_status(*root, message); !read) return std::unexpected(read.error());
    if (auto read = read_detail(*root, message); !read) return std::unexpected(read.error());
    if (const auto t = root->find("t"); t != root->end()) {
        const auto at = read_time(*t, "/t");
        if (!at) return std::unexpected(at.error());
        if (*at > received_at + base::limits::observation_ahead_max) {
            return refuse(Reason::time_ahead, "/t", "more than two minutes ahead",
                          "plus de deux minutes d'avance");
        }
        message.at = *at;
    }
    return message;
}

std::optional<ResultTopic> result_topic(std::string_view topic) {
    constexpr std::string_view middle = "/commands/";
    constexpr std::string_view suffix = "/result";
    if (!topic.starts_with(topic_prefix)) return std::nullopt;
    topic.remove_prefix(topic_prefix.size());
    // Of what is left: in vigie/v1/result both would claim the same slash.
    if (!topic.ends_with(suffix)) return std::nullopt;
    topic.remove_suffix(suffix.size());
    const auto at = topic.find(middle);
    if (at == std::string_view::npos) return std::nullopt;
    const ResultTopic found{topic.substr(0, at), topic.substr(at + middle.size())};
    const auto one_level = [](std::string_view level) {
        return !level.empty() && level.find('/') == std::string_view::npos;
    };
    if (!one_level(found.asset) || !one_level(found.command)) return std::nullopt;
    return found;
}

Refusal unknown_command() {
    return {Reason::unknown_command,
            "",
            {"there is no such command of this asset", "cet équipement n'a pas de telle commande"}};
}

std::string command_topic(std::string_view asset) {
    std::string topic(topic_prefix);
    return topic.append(asset).append("/commands");
}

}  // namespace vigie::ingest
