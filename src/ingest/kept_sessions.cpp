#include "ingest/kept_sessions.hpp"

#include <spdlog/spdlog.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "ingest/session_text.hpp"

namespace vigie::ingest {

namespace {

using nlohmann::json;

std::optional<base::Instant> time_in(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const auto at = base::parse_rfc3339(text);
    if (!at) throw std::invalid_argument("not a time: " + text);
    return *at;
}

json json_of(const net::MqttStoredSession& row) {
    return {{"owner", row.owner},
            {"client_id", row.client_id},
            {"expiry_s", row.expiry_s},
            {"subscriptions", subscriptions_text(row.subscriptions)},
            {"expires_at", time_text(row.expires_at)},
            {"revision", row.revision},
            {"will", will_text(row.will)},
            {"will_due_at", time_text(row.will_due_at)},
            {"remembered", remembered_text(row.remembered)}};
}

net::MqttStoredSession row_in(const json& one) {
    return {one.at("owner"),
            one.at("client_id"),
            one.at("expiry_s"),
            subscriptions_in(one.at("subscriptions").get<std::string>()),
            time_in(one.at("expires_at")),
            one.at("revision"),
            will_in(one.at("will").get<std::string>()),
            time_in(one.at("will_due_at")),
            remembered_in(one.at("remembered").get<std::string>())};
}

}  // namespace

std::string encode_sessions(const SessionStates& changes) {
    json rows = json::array();
    for (const auto& row : changes.rows)
        rows.push_back(json_of(row));
    json erased = json::array();
    for (const auto& one : changes.erased)
        erased.push_back({one.owner, one.client_id, one.revision});
    return json{{"rows", std::move(rows)}, {"erased", std::move(erased)}}.dump();
}

SessionStates decode_sessions(std::string_view record) {
    const json all = json::parse(record);
    SessionStates changes;
    for (const auto& one : all.at("rows"))
        changes.rows.push_back(row_in(one));
    for (const auto& one : all.at("erased"))
        changes.erased.push_back({one.at(0), one.at(1), one.at(2)});
    return changes;
}

SessionStates KeptSessions::left_over() {
    using Key = std::pair<std::string, std::string>;
    std::map<Key, std::variant<net::MqttStoredSession, ErasedSession>> last;
    spool_.each([&last](std::string_view record) {
        try {
            auto changes = decode_sessions(record);
            for (auto& row : changes.rows) {
                Key key{row.owner, row.client_id};
                last.insert_or_assign(std::move(key), std::move(row));
            }
            for (auto& one : changes.erased) {
                Key key{one.owner, one.client_id};
                last.insert_or_assign(std::move(key), std::move(one));
            }
            return true;
        } catch (const std::exception& error) {
            spdlog::error("mqtt: a record of kept sessions cannot be read: {}", error.what());
            return false;
        }
    });
    SessionStates left;
    for (auto& [key, one] : last) {
        if (auto* row = std::get_if<net::MqttStoredSession>(&one)) {
            left.rows.push_back(std::move(*row));
        } else {
            left.erased.push_back(std::get<ErasedSession>(std::move(one)));
        }
    }
    return left;
}

bool KeptSessions::keep(const SessionStates& changes) {
    try {
        return spool_.append(encode_sessions(changes));
    } catch (const std::exception& error) {
        spdlog::error("mqtt: sessions cannot be kept: {}", error.what());
        return false;
    }
}

void KeptSessions::forget() {
    try {
        spool_.drop_all();
    } catch (const store::FilesError& error) {
        // As long as they are there, every change goes there first.
        spdlog::error("mqtt: sessions that were kept cannot be removed: {}", error.what());
    }
}

}  // namespace vigie::ingest
