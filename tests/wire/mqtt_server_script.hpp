// A server connection with a script, for its tests: one line of bytes in, the events and bytes out.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/wire/mqtt_bytes.hpp"
#include "vigie/wire/mqtt/server_connection.hpp"

namespace vigie::wire::mqtt {

inline std::string qos_shown(Qos qos) {
    return "q" + std::to_string(static_cast<int>(qos));
}

inline std::string code_shown(Reason reason) {
    return shown(std::string(1, static_cast<char>(reason))).substr(0, 2);
}

struct EventText {
    std::string operator()(const std::monostate& /*none*/) const { return {}; }
    std::string operator()(const ConnectEvent& event) const {
        return "connect " + std::string{event.connect.client_id};
    }
    std::string operator()(const PublishEvent& event) const {
        const Publish& one = event.publish;
        return "publish " + std::string{one.topic} + "=" + std::string{one.payload} + " " +
               qos_shown(one.qos) + (one.dup ? "d" : "") + (one.retain ? "r" : "") + " #" +
               std::to_string(event.handle);
    }
    std::string operator()(const SubscribeEvent& event) const {
        std::string text = "subscribe";
        for (const auto& one : event.subscribe.subscriptions) {
            text += " " + std::string{one.filter} + ":" + qos_shown(one.qos);
        }
        return text;
    }
    std::string operator()(const UnsubscribeEvent& event) const {
        std::string text = "unsubscribe";
        for (const auto filter : event.unsubscribe.filters)
            text += " " + std::string{filter};
        return text;
    }
    std::string operator()(const DeliveredEvent& event) const {
        return "delivered " + std::to_string(event.tag) + " " + code_shown(event.reason);
    }
    std::string operator()(const ReleaseEvent& /*answered*/) const { return {}; }
    std::string operator()(const DisconnectEvent& event) const {
        return "disconnect " + code_shown(event.reason) + (event.with_will ? " will" : "");
    }
    std::string operator()(const FaultEvent& event) const {
        return "fault " + code_shown(event.fault.reason);
    }
};

// A connection with a script: one line of bytes in, the events and the bytes out.
class ServerScript {
public:
    explicit ServerScript(ServerLimits limits = {}) : connection{limits} {}

    // The events, joined by "; ".
    std::string in(std::string_view text) {
        pending_ += bytes(text);
        return drain();
    }
    std::string drain() {
        std::string told;
        std::size_t consumed = 0;
        for (;;) {
            const ServerEvent event = connection.next(pending_, consumed);
            if (std::holds_alternative<std::monostate>(event)) break;
            if (const auto* release = std::get_if<ReleaseEvent>(&event)) {
                connection.pubcomp(release->packet_id, release->reason);
                continue;
            }
            if (!told.empty()) told += "; ";
            told += std::visit(EventText{}, event);
        }
        pending_.erase(0, consumed);
        return told;
    }
    std::string out() {
        const std::string text = shown(connection.output());
        connection.output().clear();
        return text;
    }
    void begin(std::string_view connect, const Acceptance& acceptance = {}) {
        in(connect);
        connection.accept(acceptance);
        ASSERT_TRUE(connection.is_connected());
        connection.output().clear();
    }
    void begin_v3() { begin("10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'a'"); }
    void begin_v5() { begin("10 0e 00 04 'MQTT' 05 02 003c 00 00 01 'a'"); }

    ServerConnection connection;

private:
    std::string pending_;
};

inline std::string out_bytes(std::string_view text) {
    return shown(bytes(text));
}

// Where a reason string follows: the packet's beginning, without its length.
inline bool is_disconnect_with(const std::string& out, std::string_view code) {
    return out.starts_with("e0 ") && out.substr(6, 2) == code;
}

}  // namespace vigie::wire::mqtt
