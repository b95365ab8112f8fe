// What there is of an MQTT client when it is not connected: its session and its will.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vigie/base/time.hpp"
#include "vigie/wire/mqtt/types.hpp"

namespace vigie::net {

// Who a connection speaks for: the handler derives from it and finds its own object again in every
// call.
struct MqttPrincipal {
    MqttPrincipal() = default;
    MqttPrincipal(const MqttPrincipal&) = delete;
    MqttPrincipal& operator=(const MqttPrincipal&) = delete;
    virtual ~MqttPrincipal() = default;
};

struct MqttSubscription {
    std::string filter{};
    wire::mqtt::Qos qos{};  // as granted
    friend bool operator==(const MqttSubscription&, const MqttSubscription&) = default;
};

// A will as its client gave it.
struct MqttWill {
    std::string topic{};
    std::string payload{};
    wire::mqtt::Qos qos{};
    bool retain{false};
    std::string properties{};  // encoded, as they came
    std::uint32_t delay_s{0};
    std::string owner_tag{};  // of who gave it; empty in rows of versions that wrote none
    friend bool operator==(const MqttWill&, const MqttWill&) = default;
};

// A message of QoS 2 that nothing in it tells from a new one that looks like it: when it came
// first, and a digest of topic and payload, since identifiers are used again.
struct MqttRemembered {
    base::Instant at{};
    std::uint64_t digest{0};
    friend bool operator==(const MqttRemembered&, const MqttRemembered&) = default;
};
// By packet identifier, from before it is taken until its PUBREL. At most as many as may be in
// flight (MqttServerSettings): beyond, the oldest goes.
using MqttRememberedMessages = std::map<std::uint16_t, MqttRemembered>;

// A session that outlives its connection, or the will of one that does not.
struct MqttStoredSession {
    std::string owner{};
    std::string client_id{};
    std::uint32_t expiry_s{0};  // 0: nothing to resume, its row is there for the will
    std::vector<MqttSubscription> subscriptions{};
    // When it ends unless the client returns; nothing while connected (after a restart: count
    // `expiry_s` from the start of the server).
    std::optional<base::Instant> expires_at{};
    // Grows with every change of a session, also across restarts: a save that comes late must not
    // undo a later one.
    std::uint64_t revision{0};
    // Null without one, and once it is published or void.
    std::shared_ptr<const MqttWill> will{};
    // When it is published unless the client returns; nothing while connected, and for who was
    // connected when the server stopped: count its delay, but no longer than the session lasts,
    // from the next start.
    std::optional<base::Instant> will_due_at{};
    MqttRememberedMessages remembered{};
};

// Whose a will is that is published, and of which moment it speaks.
struct MqttWillOrigin {
    std::string owner{};
    std::string client_id{};
    // When it was due: the same however often it is published, also after a crash, so that who
    // stores it under that instant stores it once.
    base::Instant due_at{};
    std::uint64_t revision{0};  // of the session whose row holds it; 0: none does
};

// A will that an earlier run left.
struct MqttLeftWill {
    MqttStoredSession session{};  // with `will`, `will_due_at` and `expires_at`
    std::shared_ptr<MqttPrincipal> principal{};
};

}  // namespace vigie::net
