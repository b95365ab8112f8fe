#include "net/mqtt_connection.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace vigie::net {

namespace asio = boost::asio;
namespace mqtt = wire::mqtt;

namespace {

constexpr auto tuple_token = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t server_buffer_bytes_first = 2'048;
// Then the handler is asked again: a limit may have been raised.
constexpr std::chrono::seconds slowed_at_once_max{1};

}  // namespace

MqttConnection::MqttConnection(MqttWorker& worker, std::shared_ptr<MqttHub> hub,
                               std::shared_ptr<MqttStream> stream, MqttConnectionName name)
    : worker_(worker),
      hub_(std::move(hub)),
      stream_(std::move(stream)),
      name_(name),
      machine_(hub_->limits),
      input_(server_buffer_bytes_first),
      wake_(worker.context(), asio::steady_timer::time_point::max()),
      began_at_(hub_->clock.steady()),
      heard_at_(began_at_),
      received_at_(hub_->clock.now()) {}

asio::awaitable<void> MqttConnection::run() {
    const auto self = shared_from_this();
    boost::system::error_code ignored;
    stream_->socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
    stream_->socket().non_blocking(true, ignored);
    watch_peer(stream_->socket());
    try {
        if (co_await shake_hands()) co_await converse();
    } catch (const std::exception& error) {
        spdlog::error("mqtt: the connection of {} failed: {}", client_id_, error.what());
        leave(mqtt::Reason::unspecified_error);
    }
    finish(mqtt::Reason::unspecified_error, false);
    co_await linger();
    stream_->close();
    stream_->pass.reset();
    worker_.remove(name_);
}

asio::awaitable<bool> MqttConnection::shake_hands() {
    if (stream_->tls() == nullptr) co_return true;
    const auto [failed] =
        co_await stream_->tls()->async_handshake(asio::ssl::stream_base::server, tuple_token);
    co_return !failed;
}

asio::awaitable<void> MqttConnection::converse() {
    bool had_to_wait = false;
    for (;;) {
        const Step step = advance();
        if (step == Step::wait && !had_to_wait) {
            auto& counter =
                slow_for_ > base::Duration{0} ? hub_->counters.slowed : hub_->counters.pauses;
            counter.fetch_add(1, std::memory_order_relaxed);
        }
        had_to_wait = step == Step::wait;
        switch (step) {
            case Step::read:
                flush();
                if (!co_await read()) co_return;
                break;
            case Step::wait:
                flush();
                co_await wait_for_room();
                break;
            case Step::connect:
                co_await on_connect();
                break;
            case Step::subscribe:
                co_await on_subscribe();
                break;
            case Step::unsubscribe:
                co_await on_unsubscribe();
                break;
            case Step::remember:
                flush();
                co_await on_remember();
                break;
            case Step::release:
                flush();
                co_await on_release();
                break;
            case Step::over:
                co_return;
        }
        // While nobody read, nobody could be heard.
        if (step != Step::read && step != Step::connect) heard_at_ = hub_->clock.steady();
    }
}

asio::awaitable<bool> MqttConnection::read() {
    input_.consume(std::exchange(consumed_, 0));
    const auto space = input_.space();
    reading_ = true;
    const auto [failed, count] =
        co_await stream_->async_read_some(asio::buffer(space.data(), space.size()), tuple_token);
    reading_ = false;
    peer_gone_ = failed.failed();
    if (failed || over_) co_return false;
    input_.commit(count);
    hub_->counters.bytes_in.fetch_add(count, std::memory_order_relaxed);
    heard_at_ = hub_->clock.steady();
    received_at_ = hub_->clock.now();
    co_return true;
}

// The peer may still be sending; closing with unread bytes would reset the connection and take the
// goodbye with it. on_tick() sets the end. Not after an end of file: it is not told a second time.
asio::awaitable<void> MqttConnection::linger() {
    input_.consume(std::exchange(consumed_, 0));
    while (close_at_ && !peer_gone_) {
        const auto space = input_.space();
        const auto [failed, count] = co_await stream_->async_read_some(
            asio::buffer(space.data(), space.size()), tuple_token);
        if (failed) co_return;
        input_.commit(count);
        input_.consume(count);
    }
}

bool MqttConnection::must_pause() const {
    const std::size_t unsent = machine_.output().size() + writing_.size() - written_;
    return stop_asked_ || slow_for_ > base::Duration{0} || machine_.is_full() ||
           unsent > hub_->settings.output_bytes_max / 4;
}

asio::awaitable<void> MqttConnection::wait_for_room() {
    // Writing may have made room meanwhile.
    const bool refused = std::holds_alternative<mqtt::PublishEvent>(event_);
    if (over_ || (!refused && !must_pause())) co_return;
    waiting_ = true;
    if (slow_for_ > base::Duration{0}) {
        wake_.expires_after(std::min<base::Duration>(slow_for_, slowed_at_once_max));
    }
    co_await wake_.async_wait(tuple_token);
    if (slow_for_ > base::Duration{0}) {
        slow_for_ = {};
        wake_.expires_at(asio::steady_timer::time_point::max());
    }
    waiting_ = false;
}

MqttConnection::Step MqttConnection::advance() {
    Step step = Step::read;
    while (!over_ && step == Step::read) {
        // A message that found no room stands first.
        if (std::holds_alternative<mqtt::PublishEvent>(event_)) {
            if (!offer()) {
                step = to_remember_ ? Step::remember : Step::wait;
                break;
            }
            event_ = {};
            instant_.reset();
            if (over_) break;
        }
        if (must_pause()) {
            step = Step::wait;
            break;
        }
        event_ = machine_.next(input_.unread(), consumed_);
        if (std::holds_alternative<std::monostate>(event_)) {
            if (machine_.is_full()) step = Step::wait;
            break;
        }
        step = take_event();
    }
    count_heard();
    return over_ ? Step::over : step;
}

MqttConnection::Step MqttConnection::take_event() {
    if (std::holds_alternative<mqtt::PublishEvent>(event_)) return Step::read;
    if (std::holds_alternative<mqtt::ConnectEvent>(event_)) return Step::connect;
    if (std::holds_alternative<mqtt::SubscribeEvent>(event_)) return Step::subscribe;
    if (std::holds_alternative<mqtt::UnsubscribeEvent>(event_)) return Step::unsubscribe;
    if (const auto* delivered = std::get_if<mqtt::DeliveredEvent>(&event_)) {
        hub_->handler.delivered(delivered->tag, mqtt::is_failure(delivered->reason)
                                                    ? MqttOutcome::rejected
                                                    : MqttOutcome::acknowledged);
        return Step::read;
    }
    if (const auto* release = std::get_if<mqtt::ReleaseEvent>(&event_)) {
        if (remembered_.contains(release->packet_id)) return Step::release;
        machine_.pubcomp(release->packet_id, release->reason);
        return Step::read;
    }
    if (const auto* goodbye = std::get_if<mqtt::DisconnectEvent>(&event_)) {
        if (!goodbye->with_will) will_.reset();
        finish(goodbye->reason, false);
        return Step::over;
    }
    if (const auto* fault = std::get_if<mqtt::FaultEvent>(&event_)) {
        hub_->counters.protocol_errors.fetch_add(1, std::memory_order_relaxed);
        spdlog::debug("mqtt: {} broke the protocol: {}", client_id_, fault->fault.why);
        finish(fault->fault.reason, true);
        return Step::over;
    }
    return Step::read;
}

// What is remembered for this message. What does not say that it is sent again is another one that
// has the same identifier, and so is what says something else.
std::optional<base::Instant> MqttConnection::instant_of(const mqtt::Publish& publish) const {
    if (instant_ || publish.qos != mqtt::Qos::exactly_once || !publish.dup) return instant_;
    const auto found = remembered_.find(publish.packet_id);
    if (found == remembered_.end() || found->second.digest != mqtt_digest(publish)) return {};
    return found->second.at;
}

// True when the message was dealt with; false when it waits for room, or to be remembered.
bool MqttConnection::offer() {
    const auto& [publish, handle] = std::get<mqtt::PublishEvent>(event_);
    const auto instant = instant_of(publish);
    const MqttMessage message{
        .topic = publish.topic,
        .payload = publish.payload,
        .qos = publish.qos,
        .retain = publish.retain,
        .dup = publish.dup,
        .properties = publish.properties,
        .ticket = {handle == 0 ? 0 : name_, handle},
        .received_at = instant.value_or(received_at_),
        .resumable = publish.qos == mqtt::Qos::exactly_once && machine_.session_expiry_s() != 0,
        .instant = instant};
    const bool answered_later = publish.qos != mqtt::Qos::at_most_once;
    const MqttAdmission admission = hub_->handler.publish(*principal_, message);
    if (admission.kind == MqttAdmission::Kind::busy) {
        if (answered_later) {
            if (!std::exchange(paused, true)) worker_.add_paused(weak_from_this());
            return false;
        }
        ++heard_.dropped;
    } else if (admission.kind == MqttAdmission::Kind::slowed) {
        slow_for_ = admission.wait;
        if (answered_later) return false;
        ++heard_.dropped_above_rate;
    } else if (admission.kind == MqttAdmission::Kind::remember) {
        to_remember_ = admission.instant;
        return false;
    } else if (admission.kind == MqttAdmission::Kind::ended) {
        hub_->counters.ended_above_rate.fetch_add(1, std::memory_order_relaxed);
        leave(admission.reason, admission.text);
        return true;
    } else if (admission.kind == MqttAdmission::Kind::refused && answered_later) {
        machine_.complete(handle, admission.reason, admission.text);
    }
    ++heard_.qos[static_cast<std::size_t>(publish.qos)];
    if (publish.retain) ++heard_.retained;
    return true;
}

void MqttConnection::count_heard() {
    const auto add = [](std::atomic<std::uint64_t>& counter, std::uint64_t& count) {
        if (count != 0) counter.fetch_add(std::exchange(count, 0), std::memory_order_relaxed);
    };
    MqttCounters& counters = hub_->counters;
    add(counters.messages_in_qos0, heard_.qos[0]);
    add(counters.messages_in_qos1, heard_.qos[1]);
    add(counters.messages_in_qos2, heard_.qos[2]);
    add(counters.dropped_qos0, heard_.dropped);
    add(counters.dropped_above_rate, heard_.dropped_above_rate);
    add(counters.retained_3_1_1, heard_.retained);
}

bool MqttConnection::complete(const MqttCompletion& completion) {
    if (!machine_.complete(completion.ticket.packet, completion.reason, completion.text)) {
        return false;
    }
    if (waiting_) wake();
    return true;
}

void MqttConnection::leave_when_done() {
    stop_asked_ = true;
    if (over_) return;
    if (!machine_.is_connected()) {
        cut(mqtt::Reason::server_shutting_down);
    } else if (machine_.waiting() == 0) {
        leave(mqtt::Reason::server_shutting_down);
    }
}

}  // namespace vigie::net
