#include "net/mqtt_worker.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "net/mqtt_connection.hpp"

namespace vigie::net {

namespace asio = boost::asio;
namespace mqtt = wire::mqtt;

MqttHub::MqttHub(MqttServerSettings settings_given, const base::Clock& clock_given,
                 MqttHandler& handler_given)
    : settings(std::move(settings_given)),
      limits{.receive_max = settings.receive_max,
             .packet_bytes_max = static_cast<std::uint32_t>(settings.packet_bytes_max),
             .filters_per_packet_max = settings.filters_per_packet_max,
             .topic_alias_max = settings.topic_alias_max,
             .keep_alive_s_max = settings.keep_alive_s_max,
             .session_expiry_s_max = settings.session_expiry_s_max},
      clock(clock_given),
      handler(handler_given),
      gate(std::make_shared<MqttGate>(
          MqttGate::Limits{settings.connections_max, settings.strangers_max,
                           settings.strangers_per_address_max, settings.held_per_address_max})) {}

MqttHub::~MqttHub() = default;

std::uint64_t MqttHub::next_revision() {
    const auto now = static_cast<std::uint64_t>(base::epoch_us(clock.now()));
    std::uint64_t last = last_revision.load();
    std::uint64_t next = 0;
    do {
        next = std::max(now, last + 1);
    } while (!last_revision.compare_exchange_weak(last, next));
    return next;
}

MqttWorker* MqttHub::worker_of(MqttConnectionName connection) const {
    const std::size_t number = mqtt_worker_of(connection);
    return number < workers.size() ? workers[number].get() : nullptr;
}

MqttWorker::MqttWorker(asio::io_context& context, std::size_t number, MqttHub& hub)
    : context_(context), number_(number), hub_(hub), ticker_(std::in_place, context) {}

MqttWorker::~MqttWorker() = default;

std::optional<std::size_t> MqttWorker::free_slot() {
    if (!free_.empty()) {
        const std::size_t slot = free_.back();
        free_.pop_back();
        return slot;
    }
    if (slots_.size() >= mqtt_slots_max) return std::nullopt;
    slots_.emplace_back();
    return slots_.size() - 1;
}

void MqttWorker::adopt(const std::shared_ptr<MqttHub>& hub, std::shared_ptr<MqttStream> stream) {
    asio::post(context_, [this, hub, stream = std::move(stream)]() mutable {
        begin(hub, std::move(stream));
    });
}

void MqttWorker::begin(const std::shared_ptr<MqttHub>& hub, std::shared_ptr<MqttStream> stream) {
    if (hub_.stopping.load()) return;  // the stream closes itself
    const auto slot = free_slot();
    if (!slot) return;
    Slot& place = slots_[*slot];
    const auto name = mqtt_connection_name(number_, *slot, place.generation);
    place.connection = std::make_shared<MqttConnection>(*this, hub, std::move(stream), name);
    hub_.tally.enter();
    hub_.counters.connections.fetch_add(1, std::memory_order_relaxed);
    asio::co_spawn(context_, place.connection->run(), MqttTellFailure{"a connection"});
}

std::shared_ptr<MqttConnection> MqttWorker::find(MqttConnectionName name) const {
    const std::size_t slot = mqtt_slot_of(name);
    if (slot >= slots_.size()) return nullptr;
    const auto generation = static_cast<std::uint32_t>(name);
    return slots_[slot].generation == generation ? slots_[slot].connection : nullptr;
}

void MqttWorker::remove(MqttConnectionName name) {
    if (!find(name)) return;
    Slot& place = slots_[mqtt_slot_of(name)];
    place.connection.reset();
    ++place.generation;
    free_.push_back(mqtt_slot_of(name));
    hub_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
    hub_.tally.leave();
}

void MqttWorker::complete(const std::shared_ptr<MqttHub>& hub,
                          std::vector<MqttCompletion> completions) {
    asio::post(context_, [this, hub, all = std::move(completions)] { apply(all); });
}

void MqttWorker::apply(const std::vector<MqttCompletion>& completions) {
    std::vector<std::shared_ptr<MqttConnection>> touched;
    std::shared_ptr<MqttConnection> connection;
    MqttConnectionName name = 0;
    for (const MqttCompletion& one : completions) {
        if (one.ticket.connection != name) {
            name = one.ticket.connection;
            connection = find(name);
        }
        if (!connection || !connection->complete(one) || connection->touched) continue;
        connection->touched = true;
        touched.push_back(connection);
    }
    // One write a connection, however many acknowledgements it is.
    for (const auto& one : touched) {
        one->touched = false;
        one->flush();
    }
}

void MqttWorker::add_paused(std::weak_ptr<MqttConnection> connection) {
    paused_.push_back(std::move(connection));
}

void MqttWorker::resume(const std::shared_ptr<MqttHub>& hub) {
    asio::post(context_, [this, hub] {
        offer_wills();
        for (const auto& one : std::exchange(paused_, {})) {
            const auto connection = one.lock();
            if (!connection) continue;
            connection->paused = false;
            connection->wake();
        }
    });
}

void MqttWorker::deliver(const std::shared_ptr<MqttHub>& hub,
                         std::vector<MqttRegistry::Recipient> recipients,
                         std::shared_ptr<const MqttDelivery> delivery) {
    asio::post(context_, [this, hub, to = std::move(recipients), delivery = std::move(delivery)] {
        for (const auto& one : to) {
            if (const auto connection = find(one.connection)) {
                connection->deliver(delivery, one.qos);
                connection->flush();
            } else {
                hub_.handler.delivered(delivery->tag, MqttOutcome::unsent);
            }
        }
    });
}

void MqttWorker::disconnect(const std::shared_ptr<MqttHub>& hub, MqttConnectionName connection,
                            mqtt::Reason reason) {
    asio::post(context_, [this, hub, connection, reason] {
        if (const auto found = find(connection)) found->leave(reason);
    });
}

std::vector<std::shared_ptr<MqttConnection>> MqttWorker::all() const {
    std::vector<std::shared_ptr<MqttConnection>> connections;
    for (const Slot& slot : slots_) {
        if (slot.connection) connections.push_back(slot.connection);
    }
    return connections;
}

void MqttWorker::say_goodbye(const std::shared_ptr<MqttHub>& hub) {
    asio::post(context_, [this, hub] {
        for (const auto& one : all())
            one->leave_when_done();
    });
}

void MqttWorker::cut_all(const std::shared_ptr<MqttHub>& hub) {
    asio::post(context_, [this, hub] {
        for (const auto& one : all())
            one->cut(mqtt::Reason::server_shutting_down);
    });
}

void MqttWorker::retire(const std::shared_ptr<MqttHub>& hub, std::shared_ptr<MqttTally> done) {
    asio::post(context_, [this, hub, done = std::move(done)] {
        release();
        done->leave();
    });
}

void MqttWorker::release() {
    if (released_.exchange(true)) return;
    lose_wills();
    ticker_.reset();
    paused_.clear();
    free_.clear();
    slots_.clear();
}

void MqttWorker::start_ticking(const std::shared_ptr<MqttHub>& hub) {
    asio::post(context_, [this, hub] { tick(hub); });
}

void MqttWorker::tick(const std::shared_ptr<MqttHub>& hub) {
    // A tick that was due already when this was released still arrives.
    if (!ticker_) return;
    const base::SteadyInstant now = hub_.clock.steady();
    for (const auto& one : all())
        one->on_tick(now);
    offer_wills();
    if (number_ == 0) expire_sessions(hub, now);
    ticker_->expires_after(hub_.settings.tick);
    // Weakly: a clock alone keeps no endpoint alive.
    ticker_->async_wait([this, weak = std::weak_ptr{hub}](boost::system::error_code cancelled) {
        const auto alive = weak.lock();
        if (!cancelled && alive) tick(alive);
    });
}

bool MqttWorker::offer(const MqttPendingWill& will) {
    const MqttWill& given = *will.will;
    mqtt::Will view{
        .topic = given.topic, .payload = given.payload, .qos = given.qos, .retain = given.retain};
    const auto properties =
        mqtt::PropertyView::checked(given.properties, mqtt::PropertyPlace::will);
    if (properties) view.properties = *properties;
    return hub_.handler.will(*will.principal, view, will.origin);
}

void MqttWorker::publish(MqttPendingWill will) {
    // Who comes back with a clean start ends its session before the will's time.
    will.origin.due_at = std::min(will.origin.due_at, hub_.clock.now());
    if (wills_.empty() && offer(will)) return;
    const std::size_t bytes = will.bytes();
    if (released_ && hub_.handler.holds_will(will.origin)) return;
    if (released_ || wills_bytes_ + bytes > hub_.settings.wills_waiting_bytes_max) {
        hub_.counters.wills_lost.fetch_add(1, std::memory_order_relaxed);
        spdlog::error("mqtt: no room for the will on {}: it is lost", will.will->topic);
        if (will.origin.revision != 0) hub_.handler.forget_will(will.origin);
        return;
    }
    // Whoever stops the endpoint waits for it as for a connection.
    hub_.tally.enter();
    wills_bytes_ += bytes;
    wills_.push_back(std::move(will));
}

void MqttWorker::offer_wills() {
    while (!wills_.empty() && offer(wills_.front())) {
        wills_bytes_ -= wills_.front().bytes();
        wills_.pop_front();
        hub_.tally.leave();
    }
}

void MqttWorker::lose_wills() {
    if (wills_.empty()) return;
    // Its client may have come back meanwhile: then its row is about the new connection.
    const auto lost = std::ranges::count_if(wills_, [this](const MqttPendingWill& one) {
        return !hub_.handler.holds_will(one.origin);
    });
    spdlog::error(
        "mqtt: {} wills found no room before the end: {} wait for the next start in their rows, "
        "{} are lost",
        wills_.size(), std::ssize(wills_) - lost, lost);
    hub_.counters.wills_lost.fetch_add(static_cast<std::uint64_t>(lost), std::memory_order_relaxed);
    for (; !wills_.empty(); wills_.pop_front())
        hub_.tally.leave();
    wills_bytes_ = 0;
}

void MqttWorker::expire_sessions(const std::shared_ptr<MqttHub>& hub, base::SteadyInstant now) {
    if (now - expired_at_ < std::chrono::seconds{1}) return;
    expired_at_ = now;
    const std::size_t room = hub_.settings.wills_waiting_bytes_max - wills_bytes_;
    auto expired = hub_.registry.expire(now, room);
    hub_.counters.sessions.store(hub_.registry.size(), std::memory_order_relaxed);
    for (MqttPendingWill& one : expired.wills)
        publish(std::move(one));
    if (expired.sessions.empty()) return;
    asio::co_spawn(
        context_,
        [hub, sessions = std::move(expired.sessions),
         revision = hub->next_revision()]() -> asio::awaitable<void> {
            for (const auto& one : sessions) {
                // One that cannot be forgotten now is no reason to remember the others.
                try {
                    co_await hub->handler.erase_session(one.owner, one.client_id, revision);
                } catch (const std::exception& error) {
                    spdlog::warn("mqtt: the session of {} is not forgotten: {}", one.client_id,
                                 error.what());
                }
            }
        },
        MqttTellFailure{"forgetting sessions"});
}

}  // namespace vigie::net
