// A handler that writes down what it is told, for the tests of the endpoint.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/net/mqtt_bench_rows.hpp"
#include "vigie/net/mqtt_handler.hpp"
#include "vigie/net/mqtt_server.hpp"

namespace vigie::net {

inline constexpr std::chrono::seconds bench_patience{20};

// Thread-safe. Everything told becomes a line; a test waits for lines.
class BenchHandler final : public MqttHandler {
public:
    boost::asio::awaitable<MqttConnectDecision> authenticate(MqttConnectRequest request) override {
        if (request.user_name == "broken") throw std::runtime_error("the database is away");
        if (request.password == "slowly") {
            co_return MqttConnectDecision{.reason = wire::mqtt::Reason::quota_exceeded,
                                          .answer_after = std::chrono::seconds{3}};
        }
        if (request.password != "pw") {
            co_return MqttConnectDecision{.reason = wire::mqtt::Reason::bad_user_name_or_password,
                                          .reason_string = "who is that?"};
        }
        {
            const std::lock_guard lock(mutex_);
            request_ = request;
        }
        const std::string owner = request.user_name.value_or("nobody");
        co_return MqttConnectDecision{.owner = owner,
                                      .principal = std::make_shared<BenchPrincipal>(owner)};
    }
    void connected(MqttPrincipal& principal, const std::string& client_id, bool resumed,
                   const std::vector<MqttSubscription>& subscriptions) override {
        write("connected " + name_of(principal) + "/" + client_id + (resumed ? " resumed" : "") +
              (subscriptions.empty() ? "" : " " + subscriptions.front().filter));
    }
    MqttAdmission publish(MqttPrincipal& /*principal*/, const MqttMessage& message) override {
        if (message.topic.starts_with("forbidden/")) {
            ++refused;
            return MqttAdmission::refused(wire::mqtt::Reason::not_authorized, refusal_text);
        }
        const std::lock_guard lock(mutex_);
        if (!room_) return MqttAdmission::busy();
        if (message.topic.starts_with("untimed/") && message.resumable && !message.instant)
            return MqttAdmission::remember(message.received_at);
        lines_.push_back(line_of(message));
        ++messages;
        tickets_.push_back(message.ticket);
        changed_.notify_all();
        if (server != nullptr && at_once && message.ticket.packet != 0) {
            server->complete({MqttCompletion{.ticket = message.ticket}});
        }
        return MqttAdmission::accepted();
    }
    MqttAdmission change_subscriptions(MqttPrincipal& /*principal*/) override {
        ++changes_asked;
        return above_rate ? MqttAdmission::slowed(std::chrono::milliseconds{1})
                          : MqttAdmission::accepted();
    }
    wire::mqtt::Reason subscribe(MqttPrincipal& /*principal*/, std::string_view filter,
                                 wire::mqtt::Qos qos) override {
        if (filter.starts_with("forbidden/")) return wire::mqtt::Reason::not_authorized;
        return static_cast<wire::mqtt::Reason>(qos);
    }
    void subscribed(MqttPrincipal& /*principal*/, const std::string& client_id,
                    const std::vector<MqttSubscription>& granted) override {
        write("subscribed " + client_id + " " + granted.front().filter);
    }
    bool may_receive(MqttPrincipal& principal, std::string_view topic) override {
        return topic.find("/private/") == std::string_view::npos || name_of(principal) == "owner";
    }
    void delivered(std::uint64_t tag, MqttOutcome outcome) override {
        static constexpr std::array names{"written", "acknowledged", "rejected", "expired",
                                          "refused", "no_room",      "unsent",   "lost"};
        write("delivered " + std::to_string(tag) + " " + names[static_cast<std::size_t>(outcome)]);
    }
    bool will(MqttPrincipal& /*principal*/, const wire::mqtt::Will& will,
              const MqttWillOrigin& origin) override {
        {
            const std::lock_guard lock(mutex_);
            if (!room_) ++wills_refused;
            if (!room_) return false;
        }
        forget_will(origin);
        write("will " + std::string{will.topic} + "=" + std::string{will.payload});
        return true;
    }
    void disconnected(MqttPrincipal& /*principal*/, const std::string& client_id,
                      wire::mqtt::Reason reason) override {
        write("disconnected " + client_id + " " + std::to_string(static_cast<unsigned>(reason)));
    }
    boost::asio::awaitable<std::optional<MqttStoredSession>> load_session(
        std::string owner, std::string client_id) override {
        co_await rows.loads.pass();
        co_return rows.find(owner + "/" + client_id);
    }
    boost::asio::awaitable<void> save_session(MqttStoredSession session) override {
        const std::string key = session.owner + "/" + session.client_id;
        rows.save(std::move(session));
        write("saved " + key);
        co_await rows.changes.pass();
    }
    boost::asio::awaitable<void> erase_session(std::string owner, std::string client_id,
                                               std::uint64_t revision) override {
        rows.erase(owner + "/" + client_id, revision);
        co_await rows.changes.pass();
    }
    [[nodiscard]] std::uint64_t last_session_revision() const override {
        return rows.last_revision();
    }
    [[nodiscard]] std::size_t sessions_beside(const std::string& owner,
                                              const std::string& client_id) const override {
        return rows.beside(owner, client_id);
    }
    std::vector<MqttLeftWill> left_wills() override { return rows.left_wills(); }
    void forget_will(const MqttWillOrigin& origin) override { rows.forget_will(origin); }
    [[nodiscard]] bool holds_will(const MqttWillOrigin& origin) const override {
        return rows.holds_will(origin);
    }

    void set_room(bool room) {
        const std::lock_guard lock(mutex_);
        room_ = room;
    }
    std::vector<MqttTicket> take_tickets() {
        const std::lock_guard lock(mutex_);
        return std::exchange(tickets_, {});
    }
    bool has(const std::string& line) {
        const std::lock_guard lock(mutex_);
        return std::ranges::find(lines_, line) != lines_.end();
    }
    // Waits for a line, which is then taken away. False after bench_patience.
    bool expect(const std::string& line) {
        std::unique_lock lock(mutex_);
        const bool came = changed_.wait_for(
            lock, bench_patience, [&] { return std::ranges::find(lines_, line) != lines_.end(); });
        if (came) {
            lines_.erase(std::ranges::find(lines_, line));
            return true;
        }
        std::string all;
        for (const auto& one : lines_)
            all += "\n  " + one;
        ADD_FAILURE() << "never told: " << line << all;
        return false;
    }
    bool wait_for_messages(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, bench_patience, [&] { return messages >= count; });
    }
    MqttConnectRequest request() {
        const std::lock_guard lock(mutex_);
        return request_;
    }

    // A copy of the stored session "owner/client"; none when it is not kept.
    std::optional<MqttStoredSession> row(const std::string& key) { return rows.find(key); }

    BenchRows rows;
    std::atomic<std::size_t> messages{0};
    std::atomic<std::size_t> refused{0};
    std::atomic<std::size_t> wills_refused{0};
    std::string refusal_text{"not yours"};
    std::atomic<std::size_t> changes_asked{0};
    std::atomic<bool> above_rate{false};
    MqttServer* server{nullptr};
    bool at_once{true};  // complete every message as it comes

private:
    void write(std::string line) {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::move(line));
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
    std::vector<MqttTicket> tickets_;
    MqttConnectRequest request_;
    bool room_{true};
};

}  // namespace vigie::net
