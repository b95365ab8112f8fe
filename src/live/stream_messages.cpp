#include "live/stream_messages.hpp"

#include <nlohmann/json.hpp>

#include "vigie/live/json.hpp"

namespace vigie::live {

namespace {

using base::Errc;
using base::fail_at;
using Json = nlohmann::json;

base::Error wrong(std::string pointer, std::string en, std::string fr) {
    return fail_at(Errc::invalid, std::move(pointer), std::move(en), std::move(fr));
}

base::Result<std::string> text_member(const Json& object, const char* name, bool required) {
    const auto found = object.find(name);
    if (found == object.end()) {
        if (!required) return std::string{};
        return wrong(std::string("/") + name, "is required", "est obligatoire");
    }
    const auto* text = found->get_ptr<const std::string*>();
    if (text == nullptr || text->size() > 200) {
        return wrong(std::string("/") + name, "must be a text of at most 200 bytes",
                     "doit être un texte de 200 octets au plus");
    }
    return *text;
}

base::Result<StreamFilter> parse_filter(const Json& object) {
    StreamFilter filter;
    const auto found = object.find("filter");
    if (found == object.end()) return filter;
    if (!found->is_object()) return wrong("/filter", "must be an object", "doit être un objet");
    const std::pair<const char*, std::string StreamFilter::*> fields[] = {
        {"asset", &StreamFilter::asset},
        {"kind", &StreamFilter::kind},
        {"commune", &StreamFilter::commune},
        {"desk", &StreamFilter::desk},
        {"crew", &StreamFilter::crew}};
    for (const auto& [key, value] : found->items()) {
        bool known = false;
        for (const auto& [name, field] : fields) {
            if (key != name) continue;
            const auto* text = value.get_ptr<const std::string*>();
            if (text == nullptr)
                return wrong("/filter/" + key, "must be a text", "doit être un texte");
            filter.*field = *text;
            known = true;
        }
        if (!known) {
            return wrong("/filter/" + key, "is not something to filter by",
                         "n'est pas un critère de filtre");
        }
    }
    return filter;
}

base::Result<std::optional<ResumePlace>> parse_resume(const Json& object) {
    const auto found = object.find("resume");
    if (found == object.end()) return std::optional<ResumePlace>{};
    const auto bad = wrong("/resume", "must hold epoch (text) and sequence (whole number)",
                           "doit porter epoch (texte) et sequence (entier)");
    if (!found->is_object() || found->size() != 2) return bad;
    const auto epoch = found->find("epoch");
    const auto sequence = found->find("sequence");
    if (epoch == found->end() || sequence == found->end() || !epoch->is_string() ||
        !sequence->is_number_unsigned()) {
        return bad;
    }
    return std::optional(ResumePlace{epoch->get<std::string>(), sequence->get<std::uint64_t>()});
}

base::Result<SubscribeMessage> parse_subscribe(const Json& object, SubscribeMessage message) {
    for (const auto& [key, value] : object.items()) {
        if (key != "type" && key != "id" && key != "topic" && key != "filter" && key != "resume") {
            return wrong("/" + key, "is not a member of this message",
                         "n'est pas un membre de ce message");
        }
    }
    auto topic = text_member(object, "topic", true);
    if (!topic) return topic.error();
    auto filter = parse_filter(object);
    if (!filter) return filter.error();
    auto resume = parse_resume(object);
    if (!resume) return resume.error();
    message.topic = *std::move(topic);
    message.filter = *std::move(filter);
    message.resume = *std::move(resume);
    return message;
}

void begin(std::string& out, std::string_view type, std::string_view id) {
    out += R"({"type":")";
    out += type;
    out += '"';
    if (id.empty()) return;
    out += R"(,"id":)";
    json::append_text(out, id);
}

void append_sequence(std::string& out, std::string_view name, std::uint64_t number) {
    out += ",\"";
    out += name;
    out += "\":";
    json::append_integer(out, static_cast<std::int64_t>(number));
}

void append_at(std::string& out, base::Instant at) {
    out += R"(,"at":)";
    json::append_instant(out, at);
}

}  // namespace

base::Result<SubscribeMessage> parse_message(std::string_view text) {
    const auto object = Json::parse(text, nullptr, false);
    if (!object.is_object()) {
        return base::fail(Errc::malformed, "a message is one JSON object",
                          "un message est un objet JSON");
    }
    auto type = text_member(object, "type", true);
    if (!type) return type.error();
    auto id = text_member(object, "id", true);
    if (!id) return id.error();
    SubscribeMessage message;
    message.id = *std::move(id);
    if (*type == "unsubscribe") return message;
    if (*type != "subscribe") {
        return wrong("/type", "must be subscribe or unsubscribe",
                     "doit être subscribe ou unsubscribe");
    }
    message.subscribes = true;
    return parse_subscribe(object, std::move(message));
}

std::string hello_message(std::string_view epoch, std::uint64_t sequence, int heartbeat_s,
                          base::Instant at) {
    std::string out;
    begin(out, "hello", {});
    out += R"(,"epoch":)";
    json::append_text(out, epoch);
    append_sequence(out, "sequence", sequence);
    append_sequence(out, "heartbeat_s", static_cast<std::uint64_t>(heartbeat_s));
    append_at(out, at);
    out += '}';
    return out;
}

std::string snapshot_message(std::string_view id, std::string_view epoch, std::uint64_t sequence,
                             std::string_view rows) {
    std::string out;
    out.reserve(rows.size() + 200);
    begin(out, "snapshot", id);
    out += R"(,"epoch":)";
    json::append_text(out, epoch);
    append_sequence(out, "sequence", sequence);
    out += R"(,"rows":)";
    out += rows;
    out += '}';
    return out;
}

std::string delta_message(std::string_view id, std::uint64_t sequence, std::uint64_t previous,
                          const std::vector<const StreamRow*>& rows) {
    std::string out;
    begin(out, "delta", id);
    append_sequence(out, "sequence", sequence);
    append_sequence(out, "prev", previous);
    out += R"(,"rows":[)";
    std::string removed;
    bool first = true;
    for (const auto* row : rows) {
        if (row->removed) {
            if (!removed.empty()) removed += ',';
            json::append_text(removed, row->key);
        } else if (row->json) {
            if (!std::exchange(first, false)) out += ',';
            out += *row->json;
        }
    }
    out += R"(],"removed":[)";
    out += removed;
    out += "]}";
    return out;
}

std::string resumed_message(std::string_view id, std::uint64_t sequence) {
    std::string out;
    begin(out, "resumed", id);
    append_sequence(out, "sequence", sequence);
    out += '}';
    return out;
}

std::string heartbeat_message(std::uint64_t sequence, base::Duration lag, base::Instant at) {
    std::string out;
    begin(out, "heartbeat", {});
    append_sequence(out, "sequence", sequence);
    const auto lag_ms = std::chrono::duration_cast<std::chrono::milliseconds>(lag).count();
    append_sequence(out, "lag_ms", static_cast<std::uint64_t>(std::max<std::int64_t>(0, lag_ms)));
    append_at(out, at);
    out += '}';
    return out;
}

std::string error_message(std::string_view id, std::string_view problem) {
    std::string out;
    begin(out, "error", id);
    out += R"(,"problem":)";
    out += problem;
    out += '}';
    return out;
}

}  // namespace vigie::live
