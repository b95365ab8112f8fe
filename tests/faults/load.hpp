// Many devices that speak at once: MQTT 3.1.1 and 5.0, QoS 1 and 2, several connections, and HTTP.
// Each observation goes by one of them, chosen at random, so that an asset's cross each other.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "tests/e2e/support/found.hpp"
#include "tests/faults/relay.hpp"

namespace vigie::faults {

using Random = std::mt19937_64;

struct LoadPlan {
    e2e::Run run;
    bool shuffled{};  // event times not in order: the writers merge instead of copying
    bool through_relay{};
    std::size_t strike_at{};                   // acknowledged observations
    std::chrono::microseconds strike_after{};  // counted from then
};

class Load {
public:
    // What was on its way when the fault struck.
    struct AtStrike {
        bool struck{};
        std::size_t acknowledged{};
        std::size_t on_the_wire{};  // written to a socket by MQTT and not answered
        std::string failure;        // why the fault could not be done
    };

    Load(const e2e::Installation& city, const e2e::Secrets& secrets, const e2e::Numbered& sent,
         LoadPlan plan, Random& random);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // Sends the run; calls `strike` on a thread of its own when it is time; returns when strike has
    // returned and every observation is answered or its connection is over.
    AtStrike run(const std::function<void(Relay&)>& strike);
    // For `strike`, on its thread: the fault befalls now.
    void now();

    // By number, counted from the first of the run.
    [[nodiscard]] const std::vector<bool>& acknowledged() const { return acknowledged_; }
    [[nodiscard]] std::size_t acknowledged_count() const { return acknowledged_count_; }
    // Answered, but not with yes.
    [[nodiscard]] std::size_t refused() const { return refused_; }

private:
    struct Lane;
    void connect(const e2e::Installation& city, const e2e::Secrets& secrets);
    void assign(Random& random);
    void publish(Lane& lane, std::size_t number);
    void post(const std::stop_token& stop);
    void keep(std::size_t number);
    void arrange_strike();
    void begin_strike();
    void count();
    void give_up_after(std::chrono::milliseconds time);
    [[nodiscard]] bool over() const;

    const e2e::Numbered& sent_;
    LoadPlan plan_;
    e2e::Door http_door_;
    std::string authorization_;
    boost::asio::io_context io_{1};
    std::unique_ptr<Relay> relay_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<std::vector<std::size_t>> posts_;  // numbers, a request each
    std::vector<bool> acknowledged_;
    std::size_t acknowledged_count_{};
    std::size_t refused_{};
    std::size_t unanswered_{};
    bool posting_{};
    bool striking_{};
    // Kept up to date for now(), which is called on another thread.
    std::atomic<std::size_t> acknowledged_so_far_{};
    std::atomic<std::size_t> on_the_wire_{};
    AtStrike at_strike_;
    std::function<void(Relay&)> strike_;
    std::jthread poster_;
    std::jthread striker_;
};

}  // namespace vigie::faults
