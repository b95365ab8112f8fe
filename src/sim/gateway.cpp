#include "sim/gateway.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace vigie::sim {

namespace asio = boost::asio;

std::chrono::milliseconds back_off(int attempt, double chance, std::chrono::milliseconds first) {
    const auto doubled = static_cast<double>(1U << std::clamp(attempt - 1, 0, 6));
    const double full_ms = static_cast<double>(first.count()) * doubled;
    return std::chrono::milliseconds{static_cast<std::int64_t>(full_ms * (0.5 + 0.5 * chance))};
}

Gateway::Gateway(const asio::any_io_executor& executor, net::MqttClientSettings settings,
                 std::chrono::milliseconds retry_first, std::uint64_t seed, WireCounts& counts)
    : settings_(std::move(settings)),
      retry_first_(retry_first),
      counts_(counts),
      random_(seed, settings_.client_id),
      timer_(executor),
      client_(executor) {
    client_.on_closed([this](auto) {
        --counts_.connected;
        timer_.cancel();
    });
}

asio::awaitable<void> Gateway::wait(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> Gateway::run(std::chrono::milliseconds delay) {
    co_await wait(delay);
    for (int failed = 0; !stopping_;) {
        const auto connected = co_await client_.connect(settings_);
        if (!connected) {
            ++counts_.connections_failed;
            counts_.last_refusal = connected.error().detail.en;
            if (!stopping_) co_await wait(back_off(++failed, random_.unit(), retry_first_));
            continue;
        }
        failed = 0;
        ++counts_.connected;
        pump();
        // The timer's end is the connection's end: on_closed cancels it.
        while (client_.is_connected())
            co_await wait(std::chrono::hours{24});
        if (!stopping_) co_await wait(back_off(1, random_.unit(), retry_first_));
    }
}

void Gateway::say(std::string topic, std::string payload) {
    keep({std::move(topic), std::move(payload)}, false);
    pump();
}

void Gateway::keep(Message message, bool first) {
    if (outbox_.size() >= outbox_messages_max) {
        ++counts_.dropped;
        if (first) return;  // it would be the oldest
        outbox_.pop_front();
        --counts_.waiting;
    }
    ++counts_.waiting;
    if (first) {
        outbox_.push_front(std::move(message));
    } else {
        outbox_.push_back(std::move(message));
    }
}

void Gateway::pump() {
    // An answer may come while we speak, and speak on.
    if (std::exchange(pumping_, true)) return;
    while (!outbox_.empty() && client_.is_connected() && open_ < settings_.in_flight_max) {
        Message message = std::move(outbox_.front());
        outbox_.pop_front();
        --counts_.waiting;
        const wire::mqtt::Publish publish{.topic = message.topic,
                                          .payload = message.payload,
                                          .qos = wire::mqtt::Qos::at_least_once};
        ++open_;
        const bool taken = client_.publish_soon(
            publish,
            [this, message](const net::MqttAcknowledgement& answer) { settled(message, answer); });
        if (!taken) {
            --open_;
            keep(std::move(message), true);
            break;
        }
        ++counts_.sent;
    }
    pumping_ = false;
}

void Gateway::settled(Message message, const net::MqttAcknowledgement& answer) {
    --open_;
    if (answer.lost) {
        ++counts_.resent;
        keep(std::move(message), true);
        return;
    }
    if (answer.ok()) {
        ++counts_.acked;
    } else {
        ++counts_.refused;
        counts_.last_refusal =
            fmt::format("{:#04x} {} ({} {})", static_cast<unsigned>(answer.reason), answer.text,
                        message.topic, message.payload);
    }
    pump();
}

asio::awaitable<void> Gateway::stop() {
    stopping_ = true;
    timer_.cancel();
    if (client_.is_connected()) co_await client_.disconnect();
}

}  // namespace vigie::sim
