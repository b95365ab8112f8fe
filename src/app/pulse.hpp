// Asks the database something small, again and again, on a thread of its own: so the system knows
// within a second that it does not answer, also in a city where nothing happens, and nobody who
// wants to know waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace vigie::app {

class Pulse {
public:
    static constexpr std::chrono::milliseconds ask_every{200};

    // `question`: answers what else is wrong with the database, as sentences; throws when it comes
    // to nothing. `interrupt`: has a question under way throw.
    Pulse(std::function<std::vector<std::string>()> question, std::function<void()> interrupt);
    ~Pulse() { stop(); }
    Pulse(const Pulse&) = delete;
    Pulse& operator=(const Pulse&) = delete;

    // Asks once, then goes on by itself.
    void start();
    void stop();
    // Once, by hand.
    void ask();

    // How long it has owed an answer, over however many questions; 0: it owes none. Any thread.
    [[nodiscard]] std::chrono::milliseconds silent() const { return state_->silent(); }
    // Whether it is silent for so long, whenever asked; outlives this.
    [[nodiscard]] std::function<bool()> silent_for(std::chrono::milliseconds limit) const;
    // The last question came to nothing, and none was answered since.
    [[nodiscard]] bool away() const { return away_; }
    [[nodiscard]] std::vector<std::string> sentences() const;

private:
    struct State {
        std::atomic<std::int64_t> asked_at_ms{0};  // by the steady clock; 0: answered
        [[nodiscard]] std::chrono::milliseconds silent() const;
    };
    void run();
    [[nodiscard]] std::vector<std::string> answer();
    std::function<std::vector<std::string>()> question_;
    std::function<void()> interrupt_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::atomic<bool> away_{false};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> sentences_;
    bool stopping_{};
    bool ended_{};
    std::thread thread_;
};

}  // namespace vigie::app
