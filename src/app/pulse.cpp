#include "app/pulse.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace vigie::app {

namespace {

constexpr std::chrono::milliseconds interrupted_every{50};  // a question may begin just then

std::int64_t steady_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

Pulse::Pulse(std::function<std::vector<std::string>()> question, std::function<void()> interrupt)
    : question_(std::move(question)), interrupt_(std::move(interrupt)) {}

void Pulse::start() {
    ask();
    thread_ = std::thread([this] { run(); });
}

void Pulse::run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, ask_every, [this] { return stopping_; })) {
        lock.unlock();
        ask();
        lock.lock();
    }
    ended_ = true;
    changed_.notify_all();
}

void Pulse::stop() {
    if (!thread_.joinable()) return;
    {
        std::unique_lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
        while (!changed_.wait_for(lock, interrupted_every, [this] { return ended_; })) {
            lock.unlock();
            interrupt_();
            lock.lock();
        }
    }
    thread_.join();
}

void Pulse::ask() {
    std::int64_t answered = 0;
    state_->asked_at_ms.compare_exchange_strong(answered, steady_ms());
    try {
        auto found = answer();
        const std::lock_guard lock(mutex_);
        sentences_ = std::move(found);
    } catch (const std::exception& error) {
        if (!away_.exchange(true)) spdlog::debug("the database does not answer: {}", error.what());
        return;
    }
    state_->asked_at_ms = 0;
    away_ = false;
}

// One connection that broke is not a database that is away: asked at once again, it answers.
std::vector<std::string> Pulse::answer() {
    try {
        return question_();
    } catch (const std::exception&) {
        if (away_ || silent() >= ask_every) throw;
    }
    return question_();
}

std::function<bool()> Pulse::silent_for(std::chrono::milliseconds limit) const {
    return [state = state_, limit] { return state->silent() >= limit; };
}

std::chrono::milliseconds Pulse::State::silent() const {
    const auto asked = asked_at_ms.load();
    return std::chrono::milliseconds{asked == 0 ? 0 : steady_ms() - asked};
}

std::vector<std::string> Pulse::sentences() const {
    const std::lock_guard lock(mutex_);
    return sentences_;
}

}  // namespace vigie::app
