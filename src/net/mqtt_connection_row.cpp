// The part of a connection that outlives it: its session's row, and its will.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "net/mqtt_connection.hpp"
#include "vigie/base/fnv.hpp"

namespace vigie::net {

namespace asio = boost::asio;
namespace mqtt = wire::mqtt;

// As it stands before this client changes it. One that cannot be read is not put back either.
asio::awaitable<MqttStoredSession> MqttConnection::row_before() {
    const MqttStoredSession none{.owner = owner_, .client_id = client_id_};
    std::optional<MqttStoredSession> row;
    try {
        row = co_await hub_->handler.load_session(owner_, client_id_);
    } catch (const std::exception& error) {
        spdlog::warn("mqtt: the session of {} cannot be read now: {}", client_id_, error.what());
        co_return none;
    }
    if (over_) co_return none;
    co_return hub_->registry.keep_row(session_, row ? *std::move(row) : none);
}

MqttStoredSession MqttConnection::stored() {
    return {.owner = owner_,
            .client_id = client_id_,
            .expiry_s = machine_.session_expiry_s(),
            .subscriptions = hub_->registry.subscriptions(session_),
            .expires_at = std::nullopt,
            .revision = hub_->next_revision(),
            .will = will_,
            .will_due_at = std::nullopt,
            .remembered = remembered_};
}

std::uint64_t mqtt_digest(const mqtt::Publish& publish) {
    // No topic has a NUL. Who makes two messages that look alike harms nobody but himself.
    const auto topic = base::fnv_1a({"\0", 1}, base::fnv_1a(publish.topic));
    return base::fnv_1a(publish.payload, topic);
}

// Before the message goes on: should the server end in between, it comes again and gets the instant
// that it has now. What a client that forgets leaves behind makes room for what it sends.
asio::awaitable<void> MqttConnection::on_remember() {
    const mqtt::Publish& publish = std::get<mqtt::PublishEvent>(event_).publish;
    instant_ = std::exchange(to_remember_, std::nullopt);
    remembered_.erase(publish.packet_id);
    if (remembered_.size() >= hub_->limits.receive_max) {
        remembered_.erase(std::ranges::min_element(remembered_, {},
                                                   [](const auto& one) { return one.second.at; }));
    }
    remembered_.emplace(publish.packet_id, MqttRemembered{*instant_, mqtt_digest(publish)});
    co_await write_row(stored());
}

// Before PUBCOMP: afterwards the identifier may be another message's.
asio::awaitable<void> MqttConnection::on_release() {
    const std::uint16_t packet_id = std::get<mqtt::ReleaseEvent>(event_).packet_id;
    remembered_.erase(packet_id);
    co_await write_row(stored());
    machine_.pubcomp(packet_id, mqtt::Reason::success);
    event_ = {};
}

asio::awaitable<void> MqttConnection::write_row(MqttStoredSession row) {
    try {
        row_written_ = row.expiry_s != 0 || row.will;
        if (!row_written_) {
            co_await hub_->handler.erase_session(row.owner, row.client_id, row.revision);
        } else {
            co_await hub_->handler.save_session(std::move(row));
        }
    } catch (const std::exception& error) {
        spdlog::warn("mqtt: the session of {} lives in memory only: {}", client_id_, error.what());
    }
}

// The will of a connection that is over, and its due time in the row.
std::optional<MqttPendingWill> MqttConnection::give_will_away(MqttStoredSession& row,
                                                              base::SteadyInstant now) {
    if (!will_) return std::nullopt;
    // [MQTT-3.1.2-8] or earlier, when the session ends.
    const std::chrono::seconds delay{std::min(will_->delay_s, row.expiry_s)};
    row.will_due_at = hub_->clock.now() + delay;
    MqttPendingWill will{
        .principal = principal_,
        .will = std::exchange(will_, nullptr),
        .origin = {owner_, client_id_, *row.will_due_at, row_written_ ? row.revision : 0},
        .due_at = now + delay};
    // It was here when the server went: the time until the next start is not its absence.
    if (delay.count() != 0 && hub_->stopping.load()) row.will_due_at.reset();
    return will;
}

// The session goes its own way, and the handler learns that its client is gone.
void MqttConnection::let_go(mqtt::Reason reason) {
    if (session_ == 0) return;
    if (!announced_) {
        if (auto row = hub_->registry.abandon(session_, name_, hub_->next_revision(),
                                              hub_->clock.now(), hub_->clock.steady())) {
            update_row(*std::move(row));
        }
        return;
    }
    const base::SteadyInstant now = hub_->clock.steady();
    MqttStoredSession row = stored();
    row.expires_at = hub_->clock.now() + std::chrono::seconds{row.expiry_s};
    auto left = hub_->registry.leave(session_, name_, row.expiry_s, now,
                                     {machine_.received_qos2(), remembered_},
                                     give_will_away(row, now), hub_->settings.sessions_max);
    hub_->counters.sessions.store(hub_->registry.size(), std::memory_order_relaxed);
    // Whoever took the session over writes its row; until then, it holds the will.
    if (left.current && row_written_) {
        update_row(std::move(row), std::move(left.will));
    } else if (left.will) {
        worker_.publish(*std::move(left.will));
    }
    hub_->handler.disconnected(*principal_, client_id_, reason);
}

// A will is published when its due time stands in the row: after a crash in between it is published
// under the same instant.
void MqttConnection::update_row(MqttStoredSession row, std::optional<MqttPendingWill> will) {
    // Whoever stops the endpoint waits for it as for a connection.
    if (will) hub_->tally.enter();
    asio::co_spawn(
        worker_.context(),
        [self = shared_from_this(), row = std::move(row),
         will = std::move(will)]() mutable -> asio::awaitable<void> {
            co_await self->write_row(std::move(row));
            if (!will) co_return;
            self->worker_.publish(*std::move(will));
            self->hub_->tally.leave();
        },
        MqttTellFailure{"writing a session"});
}

}  // namespace vigie::net
