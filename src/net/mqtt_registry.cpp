#include "net/mqtt_registry.hpp"

#include <algorithm>
#include <utility>

#include "vigie/wire/mqtt/topic.hpp"

namespace vigie::net {

std::string MqttRegistry::key_of(const std::string& owner, const std::string& client_id) {
    // No text of MQTT contains U+0000, so nobody's pair of names looks like another's.
    return owner + '\0' + client_id;
}

MqttRegistry::Claim MqttRegistry::claim(const std::string& owner, const std::string& client_id,
                                        MqttConnectionName connection,
                                        std::shared_ptr<MqttPrincipal> principal) {
    const std::lock_guard lock(mutex_);
    const auto [known, is_new] = by_client_.try_emplace(key_of(owner, client_id), last_id_ + 1);
    if (is_new) ++last_id_;
    Session& session = sessions_[known->second];
    if (is_new) {
        session.owner = owner;
        session.client_id = client_id;
    } else if (session.connection == 0) {
        --absent_;
    }
    session.principal = std::move(principal);
    session.connection = connection;
    session.begun = false;
    if (session.holders.empty()) session.row_before.reset();
    Claim claim{known->second, session.holders};
    session.holders.push_back(connection);
    return claim;
}

bool MqttRegistry::is_current(MqttSessionId session, MqttConnectionName connection) const {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    return found != sessions_.end() && found->second.connection == connection;
}

std::optional<MqttRegistry::Kept> MqttRegistry::kept(MqttSessionId session,
                                                     base::SteadyInstant now) const {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return std::nullopt;
    const Session& one = found->second;
    const bool over = one.expires_at && *one.expires_at <= now;
    if (!one.kept || over) return std::nullopt;
    return Kept{one.subscriptions, one.exchanges};
}

std::optional<MqttPendingWill> MqttRegistry::take_will(MqttSessionId session) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return std::nullopt;
    return std::exchange(found->second.will, std::nullopt);
}

void MqttRegistry::await_client(MqttPendingWill will, base::SteadyInstant expires_at) {
    const std::lock_guard lock(mutex_);
    const auto [known, is_new] =
        by_client_.try_emplace(key_of(will.origin.owner, will.origin.client_id), last_id_ + 1);
    if (!is_new) return;
    Session& session = sessions_[++last_id_];
    session.owner = will.origin.owner;
    session.client_id = will.origin.client_id;
    session.expires_at = expires_at;
    session.will = std::move(will);
    ++absent_;
}

void MqttRegistry::drop_subscriptions(MqttSessionId id, Session& session) {
    std::size_t bytes = 0;
    for (const MqttSubscription& one : session.subscriptions) {
        tree_.remove(one.filter, id);
        bytes += one.filter.size();
    }
    forget_bytes(session.owner, bytes);
    session.subscriptions.clear();
}

void MqttRegistry::add_subscription(Session& session, const MqttSubscription& subscription) {
    session.subscriptions.push_back(subscription);
    filters_bytes_[session.owner] += subscription.filter.size();
}

void MqttRegistry::forget_bytes(const std::string& owner, std::size_t bytes) {
    const auto found = filters_bytes_.find(owner);
    if (found == filters_bytes_.end()) return;
    found->second -= bytes;
    if (found->second == 0) filters_bytes_.erase(found);
}

void MqttRegistry::begin(MqttSessionId session,
                         const std::vector<MqttSubscription>& subscriptions) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return;
    drop_subscriptions(session, found->second);
    found->second.begun = true;
    found->second.kept = false;
    found->second.will_taken = false;
    found->second.exchanges = {};
    found->second.expires_at.reset();
    found->second.row_before.reset();
    for (const MqttSubscription& one : subscriptions) {
        // A stored row is from outside, too.
        if (!wire::mqtt::is_topic_filter(one.filter)) continue;
        if (tree_.add(one.filter, session, one.qos)) add_subscription(found->second, one);
    }
}

bool MqttRegistry::subscribe(MqttSessionId session, const MqttSubscription& subscription,
                             const Room& room) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return false;
    auto& all = found->second.subscriptions;
    const auto same = std::ranges::find(all, subscription.filter, &MqttSubscription::filter);
    if (same != all.end()) {
        same->qos = subscription.qos;
    } else {
        std::size_t bytes = subscription.filter.size();
        const auto of_owner = filters_bytes_.find(found->second.owner);
        const std::size_t others = of_owner == filters_bytes_.end() ? 0 : of_owner->second;
        if (others + bytes > room.filters_bytes_per_owner_max) return false;
        for (const MqttSubscription& one : all)
            bytes += one.filter.size();
        if (all.size() >= room.subscriptions_max || bytes > room.filters_bytes_max) return false;
        add_subscription(found->second, subscription);
    }
    tree_.add(subscription.filter, session, subscription.qos);
    return true;
}

bool MqttRegistry::unsubscribe(MqttSessionId session, const std::string& filter) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end() || !tree_.remove(filter, session)) return false;
    const auto gone =
        std::erase_if(found->second.subscriptions,
                      [&filter](const MqttSubscription& one) { return one.filter == filter; });
    forget_bytes(found->second.owner, gone * filter.size());
    return true;
}

std::vector<MqttSubscription> MqttRegistry::subscriptions(MqttSessionId session) const {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    return found == sessions_.end() ? std::vector<MqttSubscription>{} : found->second.subscriptions;
}

MqttStoredSession MqttRegistry::keep_row(MqttSessionId session, MqttStoredSession row) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return row;
    auto& kept = found->second.row_before;
    if (!kept) kept = std::move(row);
    return *kept;
}

std::optional<MqttStoredSession> MqttRegistry::row_again(Session& session, std::uint64_t revision,
                                                         base::Instant now,
                                                         base::SteadyInstant steady) {
    auto row = std::exchange(session.row_before, std::nullopt);
    if (!row) return row;
    row->revision = revision;
    if (!row->expires_at && session.expires_at)
        row->expires_at = now + (*session.expires_at - steady);
    if (session.will) {
        row->will = session.will->will;
        row->will_due_at = session.will->origin.due_at;
        session.will->origin.revision = revision;
    } else if (!row->will_due_at) {
        row->will.reset();  // published when its client was taken over
    }
    return row;
}

std::optional<MqttStoredSession> MqttRegistry::abandon(MqttSessionId session,
                                                       MqttConnectionName connection,
                                                       std::uint64_t revision, base::Instant now,
                                                       base::SteadyInstant steady) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return std::nullopt;
    Session& one = found->second;
    std::erase(one.holders, connection);
    const bool current = one.connection == connection;
    if (!current && one.connection != 0) return std::nullopt;
    if (current) {
        one.connection = 0;
        ++absent_;
    }
    auto row = row_again(one, revision, now, steady);
    // One that is still letting go leaves what it knew.
    const bool left_nothing = !one.kept && !one.will;
    if (current && left_nothing && one.holders.empty()) erase(found);
    return row;
}

MqttRegistry::Left MqttRegistry::leave(MqttSessionId session, MqttConnectionName connection,
                                       std::uint32_t expiry_s, base::SteadyInstant now,
                                       Exchanges exchanges, std::optional<MqttPendingWill> will,
                                       std::size_t sessions_max) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return {false, false, std::move(will)};
    Session& one = found->second;
    std::erase(one.holders, connection);
    const bool current = one.connection == connection;
    const bool at_once = will && (expiry_s == 0 || will->due_at <= now);
    std::optional<MqttPendingWill> due;
    if (at_once) due = std::exchange(will, std::nullopt);
    if (current) {
        one.connection = 0;
        ++absent_;
    }
    const bool nobodys = one.connection == 0 && one.holders.empty();
    if (nobodys && (expiry_s == 0 || absent_ > sessions_max)) {
        erase(found);
        return {true, false, due ? std::move(due) : std::move(will)};
    }
    // Its client is back and goes on: what an older connection knew is of no account any more.
    if (!current && one.begun) return {false, false, std::move(due)};
    // Taken over: what this connection knew goes to the one that waits for it.
    one.expiry_s = expiry_s;
    one.expires_at = now + std::chrono::seconds{expiry_s};
    one.kept = expiry_s != 0;
    one.exchanges = std::move(exchanges);
    one.will = std::move(will);
    return {nobodys, one.kept, std::move(due)};
}

void MqttRegistry::erase(Sessions::iterator place) {
    drop_subscriptions(place->first, place->second);
    if (place->second.connection == 0) --absent_;
    by_client_.erase(key_of(place->second.owner, place->second.client_id));
    sessions_.erase(place);
}

std::vector<MqttRegistry::Recipient> MqttRegistry::recipients(std::string_view topic) const {
    std::vector<Recipient> found;
    const std::lock_guard lock(mutex_);
    for (const auto& match : tree_.match(topic)) {
        const Session& session = sessions_.at(match.subscriber);
        if (session.connection == 0) continue;
        found.push_back({session.connection, match.qos, session.principal});
    }
    return found;
}

std::vector<MqttRegistry::Recipient> MqttRegistry::recipients(std::string_view topic,
                                                              const Client& client) const {
    const std::lock_guard lock(mutex_);
    const auto known = by_client_.find(key_of(client.owner, client.client_id));
    if (known == by_client_.end()) return {};
    const Session& session = sessions_.at(known->second);
    if (session.connection == 0) return {};
    std::optional<wire::mqtt::Qos> qos;
    for (const MqttSubscription& one : session.subscriptions) {
        if (!wire::mqtt::matches(one.filter, topic)) continue;
        if (!qos || *qos < one.qos) qos = one.qos;
    }
    if (!qos) return {};
    return {Recipient{session.connection, *qos, session.principal}};
}

std::vector<MqttConnectionName> MqttRegistry::connections(
    const std::string& owner, const std::optional<std::string>& client_id) const {
    std::vector<MqttConnectionName> found;
    const std::lock_guard lock(mutex_);
    if (client_id) {
        const auto known = by_client_.find(key_of(owner, *client_id));
        if (known != by_client_.end()) found.push_back(sessions_.at(known->second).connection);
    } else {
        for (const auto& [id, session] : sessions_) {
            if (session.owner == owner) found.push_back(session.connection);
        }
    }
    std::erase(found, MqttConnectionName{0});
    return found;
}

MqttRegistry::Expired MqttRegistry::expire(base::SteadyInstant now, std::size_t wills_bytes_max) {
    Expired expired;
    std::size_t room = wills_bytes_max;
    const std::lock_guard lock(mutex_);
    for (auto place = sessions_.begin(); place != sessions_.end();) {
        const auto current = place++;
        Session& session = current->second;
        if (session.connection != 0) continue;
        const bool over = session.expires_at && *session.expires_at <= now;
        // [MQTT-3.1.3-9] the will is due after its delay, or when the session ends.
        if (session.will && (over || session.will->due_at <= now)) {
            const std::size_t bytes = session.will->bytes();
            if (bytes > room) continue;
            room -= bytes;
            expired.wills.push_back(*std::exchange(session.will, std::nullopt));
            session.will_taken = true;
        }
        if (!over) continue;
        if (session.kept && !session.will_taken) {
            expired.sessions.push_back(
                {session.owner, session.client_id, session.expiry_s, {}, std::nullopt});
        }
        erase(current);
    }
    return expired;
}

std::size_t MqttRegistry::size() const {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
}

}  // namespace vigie::net
