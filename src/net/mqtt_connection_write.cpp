// The part of a connection that writes, and that knows when it is over.
#include <algorithm>
#include <utility>

#include "net/mqtt_connection.hpp"

namespace vigie::net {

namespace asio = boost::asio;
namespace mqtt = wire::mqtt;

namespace {

// Deliveries are encoded as the socket takes them, not before: until then they can expire.
constexpr std::size_t delivered_at_once_bytes_max = 64 * 1024;
// How long the peer may take to hang up after our goodbye.
constexpr std::chrono::seconds linger_max{2};

std::uint32_t whole_seconds(base::Duration left) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, 0xFFFF'FFFF));
}

bool is_expired(const MqttDelivery& delivery, base::Instant now) {
    return delivery.expires_at && *delivery.expires_at <= now;
}

}  // namespace

void MqttConnection::flush() {
    while (!write_pending_ && begin_write()) {
        if (stream_->tls() != nullptr) {
            write_tls();
        } else {
            write_plain();
        }
    }
    const bool done = !over_ && machine_.is_connected() && machine_.waiting() == 0;
    if (stop_asked_ && done) leave(mqtt::Reason::server_shutting_down);
}

bool MqttConnection::begin_write() {
    const base::Instant now = hub_->clock.now();
    if (!over_ && !outgoing_.empty()) encode_deliveries(now);
    if (machine_.output().empty()) {
        if (over_) hang_up();
        return false;
    }
    writing_.clear();
    writing_.swap(machine_.output());
    written_ = 0;
    progress_at_ = hub_->clock.steady();
    write_pending_ = true;
    return true;
}

bool MqttConnection::is_write_late(base::Instant now) const {
    return write_before_ && *write_before_ <= now;
}

// By hand rather than by async_write, so that the clock is looked at before every single write:
// what has expired must not leave, even if the rest of the packet did.
void MqttConnection::write_plain() {
    while (write_pending_) {
        if (is_write_late(hub_->clock.now())) {
            hub_->counters.cut_off.fetch_add(1, std::memory_order_relaxed);
            cut(mqtt::Reason::unspecified_error);
            return;
        }
        boost::system::error_code failed;
        const std::size_t count = stream_->socket().write_some(
            asio::buffer(writing_.data() + written_, writing_.size() - written_), failed);
        if (failed == asio::error::would_block || failed == asio::error::try_again) {
            stream_->socket().async_wait(
                MqttStream::Socket::wait_write,
                [self = shared_from_this()](boost::system::error_code ended) {
                    if (ended || !self->write_pending_) return;
                    self->write_plain();
                    self->flush();
                });
            return;
        }
        if (!after_write(failed, count)) return;
    }
}

void MqttConnection::write_tls() {
    stream_->async_write_some(
        asio::buffer(writing_.data() + written_, writing_.size() - written_),
        [self = shared_from_this()](boost::system::error_code failed, std::size_t count) {
            if (!self->write_pending_ || !self->after_write(failed, count)) return;
            if (!self->write_pending_) {
                self->flush();
            } else if (self->is_write_late(self->hub_->clock.now())) {
                self->cut(mqtt::Reason::unspecified_error);
            } else {
                self->write_tls();
            }
        });
}

bool MqttConnection::after_write(boost::system::error_code failed, std::size_t count) {
    if (failed) {
        cut(mqtt::Reason::unspecified_error);
        return false;
    }
    hub_->counters.bytes_out.fetch_add(count, std::memory_order_relaxed);
    written_ += count;
    progress_at_ = hub_->clock.steady();
    if (written_ == writing_.size()) written();
    return true;
}

void MqttConnection::written() {
    write_pending_ = false;
    write_before_.reset();
    writing_.clear();
    written_ = 0;
    for (const std::uint64_t tag : std::exchange(written_tags_, {})) {
        hub_->handler.delivered(tag, MqttOutcome::written);
    }
    if (waiting_) wake();
}

void MqttConnection::encode_deliveries(base::Instant now) {
    while (!outgoing_.empty() && machine_.output().size() < delivered_at_once_bytes_max) {
        const auto [delivery, qos] = outgoing_.front();
        if (is_expired(*delivery, now)) {
            drop_expired(now);
            continue;
        }
        mqtt::Properties properties;
        if (delivery->expires_at) {
            properties.number(mqtt::PropertyId::message_expiry_interval,
                              whole_seconds(*delivery->expires_at - now));
        }
        const auto sent = machine_.deliver({.topic = delivery->topic,
                                            .payload = delivery->payload,
                                            .qos = qos,
                                            .properties = properties.view()},
                                           delivery->tag);
        if (sent == mqtt::ServerConnection::Sent::window_full) return;
        outgoing_.pop_front();
        if (sent == mqtt::ServerConnection::Sent::too_large) {
            hub_->handler.delivered(delivery->tag, MqttOutcome::refused);
            continue;
        }
        hub_->counters.messages_out.fetch_add(1, std::memory_order_relaxed);
        if (qos == mqtt::Qos::at_most_once) written_tags_.push_back(delivery->tag);
        if (!delivery->expires_at) continue;
        write_before_ =
            std::min(write_before_.value_or(*delivery->expires_at), *delivery->expires_at);
    }
}

void MqttConnection::deliver(std::shared_ptr<const MqttDelivery> delivery, mqtt::Qos granted) {
    if (over_ || !machine_.is_connected()) {
        hub_->handler.delivered(delivery->tag, MqttOutcome::unsent);
        return;
    }
    if (outgoing_.size() >= hub_->settings.deliveries_max) {
        hub_->handler.delivered(delivery->tag, MqttOutcome::no_room);
        if (!write_pending_) return;
        hub_->counters.cut_off.fetch_add(1, std::memory_order_relaxed);
        cut(mqtt::Reason::quota_exceeded);
        return;
    }
    const mqtt::Qos qos = std::min(delivery->qos, granted);
    outgoing_.push_back({std::move(delivery), qos});
}

void MqttConnection::drop_expired(base::Instant now) {
    std::vector<std::uint64_t> tags;
    std::erase_if(outgoing_, [now, &tags](const Outgoing& one) {
        const bool expired = is_expired(*one.delivery, now);
        if (expired) tags.push_back(one.delivery->tag);
        return expired;
    });
    hub_->counters.expired_out.fetch_add(tags.size(), std::memory_order_relaxed);
    for (const std::uint64_t tag : tags)
        hub_->handler.delivered(tag, MqttOutcome::expired);
}

void MqttConnection::lose_deliveries() {
    std::vector<std::uint64_t> tags = machine_.drop_undelivered();
    for (const std::uint64_t tag : std::exchange(written_tags_, {}))
        tags.push_back(tag);
    for (const std::uint64_t tag : tags)
        hub_->handler.delivered(tag, MqttOutcome::lost);
    for (const Outgoing& one : std::exchange(outgoing_, {}))
        hub_->handler.delivered(one.delivery->tag, MqttOutcome::unsent);
}

void MqttConnection::leave(mqtt::Reason reason, std::string_view text) {
    if (over_) return;
    machine_.disconnect(reason, text);
    finish(reason, true);
}

void MqttConnection::cut(mqtt::Reason reason) {
    finish(reason, false);
    close_at_.reset();
    write_pending_ = false;
    stream_->close();
}

// Once: from here on nothing is told to the handler or taken from it.
void MqttConnection::finish(mqtt::Reason reason, bool with_goodbye) {
    if (over_) return;
    over_ = true;
    lose_deliveries();
    let_go(reason);
    if (with_goodbye) {
        close_at_ = hub_->clock.steady() + linger_max;
        flush();
    }
    wake();
}

void MqttConnection::hang_up() {
    boost::system::error_code ignored;
    if (close_at_) stream_->socket().shutdown(MqttStream::Socket::shutdown_send, ignored);
}

void MqttConnection::on_tick(base::SteadyInstant now) {
    if (over_) {
        if (close_at_ && *close_at_ <= now) cut(mqtt::Reason::unspecified_error);
        return;
    }
    if (answer_at_) {
        if (*answer_at_ <= now) wake();
        return;
    }
    if (!machine_.is_connected()) {
        if (now - began_at_ >= hub_->settings.connect_within) {
            cut(mqtt::Reason::unspecified_error);
        }
        return;
    }
    const bool stuck = write_pending_ && now - progress_at_ >= hub_->settings.write_within;
    const base::Instant wall = hub_->clock.now();
    if (stuck || (write_pending_ && is_write_late(wall))) {
        hub_->counters.cut_off.fetch_add(1, std::memory_order_relaxed);
        cut(mqtt::Reason::unspecified_error);
        return;
    }
    if (!outgoing_.empty()) drop_expired(wall);
    const auto silence_max = machine_.silence_max();
    // [MQTT-3.1.2-22]
    if (reading_ && silence_max && now - heard_at_ > *silence_max) {
        hub_->counters.keep_alive_timeouts.fetch_add(1, std::memory_order_relaxed);
        leave(mqtt::Reason::keep_alive_timeout);
    }
}

}  // namespace vigie::net
