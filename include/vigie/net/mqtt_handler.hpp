// What the MQTT endpoint asks of the program behind it.
//
// The endpoint knows the protocol and nothing of a city. It calls an MqttHandler on the io thread
// of the connection concerned; an implementation must be thread-safe across connections and must
// not block. What must wait (a password's hash, a row) is a coroutine. Only the coroutines and
// publish may throw; the others are also called where nobody could answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vigie/base/time.hpp"
#include "vigie/net/mqtt_session.hpp"
#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::net {

struct MqttConnectRequest {
    std::string client_id{};  // assigned by the endpoint when the client gave none
    bool client_id_assigned{false};
    std::optional<std::string> user_name{};
    std::optional<std::string> password{};
    wire::mqtt::Version version{};
    std::string peer_address{};  // "192.0.2.7:51034"
    // Of a verified client certificate; empty without one. The subject as RFC 2253 writes it, the
    // fingerprint SHA-256 in hexadecimal.
    std::string certificate_subject{};
    std::string certificate_fingerprint{};
    bool clean_start{true};
    std::optional<std::string> will_topic{};
};

struct MqttConnectDecision {
    wire::mqtt::Reason reason{wire::mqtt::Reason::success};  // a failure refuses
    std::string reason_string{};
    // Client identifiers are unique per owner (a credential's name), so that nobody can take over
    // or resume a session of someone else.
    std::string owner{};
    // Tells apart who has that name one after another: a will is that one's only. At most 64 bytes.
    std::string owner_tag{};
    std::shared_ptr<MqttPrincipal> principal{};  // needed on success
    std::uint32_t packet_bytes_max{0};           // less than the server takes; 0: as much
    base::Duration answer_after{};               // a refusal is told no sooner
};

// Names one message that waits for its acknowledgement. Weak: when its connection is gone,
// completing it does nothing.
struct MqttTicket {
    std::uint64_t connection{0};
    std::uint64_t packet{0};  // 0: QoS 0, nothing to acknowledge
};

// A publication that came in. The views live only during the call.
struct MqttMessage {
    std::string_view topic{};
    std::string_view payload{};
    wire::mqtt::Qos qos{};
    bool retain{false};
    bool dup{false};
    wire::mqtt::PropertyView properties{};
    MqttTicket ticket{};
    base::Instant received_at{};  // the first time
    // QoS 2 in a session that outlives its connection: should its PUBREC get lost, by a restart of
    // the server too, it comes again and must not count twice. `instant`: what was remembered for
    // it (MqttAdmission::remember).
    bool resumable{false};
    std::optional<base::Instant> instant{};
};

struct MqttAdmission {
    enum class Kind : std::uint8_t {
        accepted,  // taken; MqttServer::complete follows for QoS 1 and 2
        busy,     // no room: offered again after MqttServer::resume(). QoS 0 is dropped and counted
        refused,  // answered at once with `reason` (QoS 0: dropped)
        // Above its rate: offered again after `wait`, and nothing is read meanwhile. QoS 0 is
        // dropped and counted; `wait` says how long to read nothing all the same.
        slowed,
        // `resumable`, and nothing in it tells it from a new one: offered again, with `instant`,
        // once that is kept with the session.
        remember,
        ended,  // the connection ends with `reason`; the message was not taken
    };
    Kind kind{Kind::accepted};
    wire::mqtt::Reason reason{wire::mqtt::Reason::success};
    std::string text{};
    base::Duration wait{};
    base::Instant instant{};

    [[nodiscard]] static MqttAdmission accepted() { return {}; }
    [[nodiscard]] static MqttAdmission busy() { return {.kind = Kind::busy}; }
    [[nodiscard]] static MqttAdmission refused(wire::mqtt::Reason reason, std::string text) {
        return {.kind = Kind::refused, .reason = reason, .text = std::move(text)};
    }
    [[nodiscard]] static MqttAdmission slowed(base::Duration wait) {
        return {.kind = Kind::slowed, .wait = wait};
    }
    [[nodiscard]] static MqttAdmission remember(base::Instant instant) {
        return {.kind = Kind::remember, .instant = instant};
    }
    [[nodiscard]] static MqttAdmission ended(wire::mqtt::Reason reason, std::string text) {
        return {.kind = Kind::ended, .reason = reason, .text = std::move(text)};
    }
};

// What became of a delivery (MqttServer::send). Exactly one per connection it was handed to.
enum class MqttOutcome : std::uint8_t {
    written,       // QoS 0: given to the socket
    acknowledged,  // QoS 1: the client's PUBACK
    rejected,      // the client's PUBACK with a failure
    expired,       // its time was over before it could be written: never sent
    refused,       // greater than the client takes: never sent
    no_room,       // the connection's queue is full: never sent
    unsent,        // the connection ended first: nothing of it was given to the socket
    lost,          // the connection ended: perhaps sent, and not acknowledged
};

class MqttHandler {
public:
    virtual ~MqttHandler() = default;

    virtual boost::asio::awaitable<MqttConnectDecision> authenticate(
        MqttConnectRequest request) = 0;
    // After CONNACK was queued. `resumed`: the subscriptions of before hold again.
    virtual void connected(MqttPrincipal& principal, const std::string& client_id, bool resumed,
                           const std::vector<MqttSubscription>& subscriptions) = 0;
    virtual MqttAdmission publish(MqttPrincipal& principal, const MqttMessage& message) = 0;
    // A SUBSCRIBE or UNSUBSCRIBE comes, whatever is in it: accepted, slowed or ended.
    virtual MqttAdmission change_subscriptions(MqttPrincipal& principal);
    // The QoS granted (success is QoS 0), or why not.
    virtual wire::mqtt::Reason subscribe(MqttPrincipal& principal, std::string_view filter,
                                         wire::mqtt::Qos qos) = 0;
    // After SUBACK was queued, with what was granted: time to send what waits for this client.
    virtual void subscribed(MqttPrincipal& principal, const std::string& client_id,
                            const std::vector<MqttSubscription>& granted) = 0;
    // Whether a delivery under a wildcard is this principal's business (its own assets).
    virtual bool may_receive(MqttPrincipal& principal, std::string_view topic) = 0;
    virtual void delivered(std::uint64_t tag, MqttOutcome outcome) = 0;
    // The will: the connection ended without DISCONNECT (after the client's will delay). False: no
    // room; offered again after MqttServer::resume(). Once it is durable, the handler forgets it
    // in its row, if `origin` names one; not before.
    virtual bool will(MqttPrincipal& principal, const wire::mqtt::Will& will,
                      const MqttWillOrigin& origin) = 0;
    // Once per connection that was `connected`, whatever ended it.
    virtual void disconnected(MqttPrincipal& principal, const std::string& client_id,
                              wire::mqtt::Reason reason) = 0;

    // Sessions with an expiry, kept where a restart does not lose them. A session is saved before
    // its CONNACK, its SUBACK, and what is done about an instant that it remembers; it is loaded
    // before, so that the row of a client that is not let in after all is put back as it was.
    // Erasing is asked for at every clean start: know cheaply when there is no row. Should one of
    // these throw, the session lives on in memory only, and that is logged. The defaults keep
    // nothing.
    virtual boost::asio::awaitable<std::optional<MqttStoredSession>> load_session(
        std::string owner, std::string client_id);
    virtual boost::asio::awaitable<void> save_session(MqttStoredSession session);
    // The greatest revision of any session that is kept: later ones begin above it.
    [[nodiscard]] virtual std::uint64_t last_session_revision() const { return 0; }
    // How many with an expiry are kept for that owner, its connected clients included, but for this
    // client's.
    [[nodiscard]] virtual std::size_t sessions_beside(const std::string& /*owner*/,
                                                      const std::string& /*client_id*/) const {
        return 0;
    }
    // Only when nothing newer than `revision` was saved.
    virtual boost::asio::awaitable<void> erase_session(std::string owner, std::string client_id,
                                                       std::uint64_t revision);

    // Wills survive the server in the rows of their sessions: a row is saved with its client's will
    // at CONNECT, with its due time when the connection ends, without it after DISCONNECT. Of a
    // session that ends with its connection the row is written after CONNACK, so that nobody waits
    // for it, and is there for the will alone.
    //
    // What an earlier run left; asked once, before the door opens. A client that returns in time
    // finds its will forgotten; otherwise it is published like any other.
    virtual std::vector<MqttLeftWill> left_wills();
    // The will comes to nothing (no room for as long). Only when nothing newer was saved.
    virtual void forget_will(const MqttWillOrigin& origin);
    // Whether its row, as it is wanted, holds that will: nothing newer was saved. While the
    // database is away the row may still have to be written.
    [[nodiscard]] virtual bool holds_will(const MqttWillOrigin& /*origin*/) const { return false; }
};

}  // namespace vigie::net
