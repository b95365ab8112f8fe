#include "bench/roll_up_watch.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "bench/metrics.hpp"

namespace vigie::bench {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds roll_up_every{60};
// Seldom enough to cost the server nothing.
constexpr std::chrono::milliseconds look_every{250};

}  // namespace

SteadyClock::time_point next_roll_up(SteadyClock::time_point ended, SteadyClock::time_point now) {
    if (now < ended) return ended + roll_up_every;
    return ended + ((now - ended) / roll_up_every + 1) * SteadyClock::duration(roll_up_every);
}

RollUpWatch::RollUpWatch(std::uint16_t metrics_port, SteadyClock::time_point started)
    : port_(metrics_port),
      ended_(started),
      watcher_([this](const std::stop_token& stop) { watch(stop); }) {}

RollUpWatch::~RollUpWatch() = default;

std::uint64_t RollUpWatch::computed() const {
    return static_cast<std::uint64_t>(figure_of(port_, "vigie_storage_rollups_total"));
}

void RollUpWatch::wait_for_room(std::chrono::milliseconds time) const {
    std::this_thread::sleep_until(next_roll_up(ended_, SteadyClock::now() + time) - time);
}

void RollUpWatch::wait_until_before(std::chrono::milliseconds lead) const {
    std::this_thread::sleep_until(next_roll_up(ended_, SteadyClock::now()) - lead);
}

void RollUpWatch::watch(const std::stop_token& stop) {
    std::uint64_t before = 0;
    std::mutex mutex;
    std::condition_variable_any stop_came;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        try {
            const auto now_computed = computed();
            if (now_computed != before) ended_ = SteadyClock::now();
            before = now_computed;
        } catch (const std::exception&) {
            // It is asked again in a moment; who wants the number hears of it.
        }
        stop_came.wait_for(lock, stop, look_every, [] { return false; });
    }
}

}  // namespace vigie::bench
