// All sessions of the endpoint, and who subscribed to what. Thread-safe; nothing of the handler is
// called under its lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vigie/base/time.hpp"
#include "vigie/net/mqtt_handler.hpp"
#include "vigie/wire/mqtt/subscription_tree.hpp"

namespace vigie::net {

// A connection's name: worker, slot, generation. 0 names none.
using MqttConnectionName = std::uint64_t;
using MqttSessionId = std::uint64_t;

// A will that outlives its connection.
struct MqttPendingWill {
    std::shared_ptr<MqttPrincipal> principal;
    std::shared_ptr<const MqttWill> will;  // never null
    MqttWillOrigin origin;
    base::SteadyInstant due_at;

    [[nodiscard]] std::size_t bytes() const {
        return will->topic.size() + will->payload.size() + will->properties.size();
    }
};

class MqttRegistry {
public:
    struct Claim {
        MqttSessionId session{0};
        // Claimed it before and have not let go yet: all of them must, first.
        std::vector<MqttConnectionName> previous;
    };
    // Makes `connection` the one that has this client's session.
    Claim claim(const std::string& owner, const std::string& client_id,
                MqttConnectionName connection, std::shared_ptr<MqttPrincipal> principal);
    [[nodiscard]] bool is_current(MqttSessionId session, MqttConnectionName connection) const;

    // Of QoS 2, what is under way: the identifiers whose PUBREC went out, and what is remembered.
    struct Exchanges {
        std::vector<std::uint16_t> received;
        MqttRememberedMessages remembered;
    };
    struct Kept {
        std::vector<MqttSubscription> subscriptions;
        Exchanges exchanges;
    };
    // What an earlier connection left to the session; nothing when there was none, or its time is
    // over.
    [[nodiscard]] std::optional<Kept> kept(MqttSessionId session, base::SteadyInstant now) const;
    std::optional<MqttPendingWill> take_will(MqttSessionId session);
    // A will that an earlier run left, of a session that is over at `expires_at`. What else there
    // is of the session stays in its row.
    void await_client(MqttPendingWill will, base::SteadyInstant expires_at);

    // Its client is connected, and the session holds this and nothing else.
    void begin(MqttSessionId session, const std::vector<MqttSubscription>& subscriptions);
    struct Room {
        std::size_t subscriptions_max{0};
        std::size_t filters_bytes_max{0};
        std::size_t filters_bytes_per_owner_max{0};
    };
    // False when there is no room for it.
    bool subscribe(MqttSessionId session, const MqttSubscription& subscription, const Room& room);
    bool unsubscribe(MqttSessionId session, const std::string& filter);
    [[nodiscard]] std::vector<MqttSubscription> subscriptions(MqttSessionId session) const;

    // The session's row as it is before a claim that may still come to nothing changes it; it is
    // kept until begin(). Of several such claims the first one knows: what it kept is returned.
    MqttStoredSession keep_row(MqttSessionId session, MqttStoredSession row);
    // The claim comes to nothing: the session stays as it was before. When its row was kept and
    // nobody else claims the session: that row as it has to be again, under `revision`, which is
    // then also that of the will that waits. Without expiry and will: there was none.
    std::optional<MqttStoredSession> abandon(MqttSessionId session, MqttConnectionName connection,
                                             std::uint64_t revision, base::Instant now,
                                             base::SteadyInstant steady);

    struct Left {
        bool current{false};                  // it had not been taken over
        bool kept{false};                     // the session lives on without a connection
        std::optional<MqttPendingWill> will;  // to be published now
    };
    // The connection is over. With an `expiry_s` of 0 the session is, too; otherwise it is kept
    // until then, and so is the will until it is due; unless `sessions_max` are kept already.
    Left leave(MqttSessionId session, MqttConnectionName connection, std::uint32_t expiry_s,
               base::SteadyInstant now, Exchanges exchanges, std::optional<MqttPendingWill> will,
               std::size_t sessions_max);

    struct Recipient {
        MqttConnectionName connection{0};
        wire::mqtt::Qos qos{};
        std::shared_ptr<MqttPrincipal> principal;
    };
    // The connected subscribers of a topic; `only` narrows to one client.
    struct Client {
        const std::string& owner;
        const std::string& client_id;
    };
    [[nodiscard]] std::vector<Recipient> recipients(std::string_view topic) const;
    [[nodiscard]] std::vector<Recipient> recipients(std::string_view topic,
                                                    const Client& client) const;
    [[nodiscard]] std::vector<MqttConnectionName> connections(
        const std::string& owner, const std::optional<std::string>& client_id) const;

    struct Expired {
        std::vector<MqttPendingWill> wills;
        std::vector<MqttStoredSession> sessions;
    };
    // Removes the sessions whose time is over, and takes the wills that are due, but no more bytes
    // of them than `wills_bytes_max`: the others stay with their sessions. A session whose will was
    // taken is not among those removed: its row holds the will until that is durable.
    Expired expire(base::SteadyInstant now, std::size_t wills_bytes_max);
    [[nodiscard]] std::size_t size() const;

private:
    struct Session {
        std::string owner;
        std::string client_id;
        std::shared_ptr<MqttPrincipal> principal;
        MqttConnectionName connection{0};
        std::vector<MqttConnectionName> holders;  // claimed it and did not let go: the last is it
        bool begun{false};                        // by `connection`
        std::vector<MqttSubscription> subscriptions;
        bool kept{false};  // an earlier connection left something
        Exchanges exchanges;
        std::uint32_t expiry_s{0};
        std::optional<base::SteadyInstant> expires_at;
        std::optional<MqttPendingWill> will;
        bool will_taken{false};  // by expire()
        std::optional<MqttStoredSession> row_before;
    };
    using Sessions = std::unordered_map<MqttSessionId, Session>;

    static std::string key_of(const std::string& owner, const std::string& client_id);
    void drop_subscriptions(MqttSessionId id, Session& session);
    void add_subscription(Session& session, const MqttSubscription& subscription);
    void forget_bytes(const std::string& owner, std::size_t bytes);
    static std::optional<MqttStoredSession> row_again(Session& session, std::uint64_t revision,
                                                      base::Instant now,
                                                      base::SteadyInstant steady);
    void erase(Sessions::iterator place);

    mutable std::mutex mutex_;
    Sessions sessions_;
    std::unordered_map<std::string, MqttSessionId> by_client_;
    wire::mqtt::SubscriptionTree tree_;
    MqttSessionId last_id_{0};
    std::size_t absent_{0};                                       // sessions without a connection
    std::unordered_map<std::string, std::size_t> filters_bytes_;  // by owner; no entry: none
};

}  // namespace vigie::net
