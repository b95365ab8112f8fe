#include "vigie/live/city.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace vigie::live {

namespace {
// A clock that is set while the thread waits is noticed within this time.
constexpr std::chrono::milliseconds nap_max{1000};
}  // namespace

City::City(assets::Registry& registry, Stream& stream, const base::Clock& clock,
           std::size_t frames_max)
    : clock_(clock), frames_max_(frames_max), state_(stream) {
    state_.adopt(registry.current(), clock.now());
    registry.on_change([this](const std::shared_ptr<const assets::Catalogue>& catalogue) {
        post([this, catalogue](CityState& state) { state.adopt(catalogue, clock_.now()); });
    });
}

City::~City() {
    stop();
}

void City::start() {
    thread_ = std::thread([this] { run(); });
}

void City::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_came_.notify_all();
    space_came_.notify_all();
    if (thread_.joinable()) thread_.join();
}

bool City::enqueue(std::unique_lock<std::mutex>& lock, Entry entry, std::size_t frames) {
    if (stopping_) return false;
    queue_.push_back(std::move(entry));
    frames_waiting_ += frames;
    lock.unlock();
    work_came_.notify_one();
    return true;
}

bool City::observed(std::vector<store::Frame> frames) {
    std::unique_lock lock(mutex_);
    // One batch is always taken, however large, or it would wait for ever.
    space_came_.wait(lock, [this, &frames] {
        return stopping_ || frames_waiting_ == 0 || frames_waiting_ + frames.size() <= frames_max_;
    });
    const auto count = frames.size();
    return enqueue(lock, std::move(frames), count);
}

bool City::try_observed(std::vector<store::Frame>& frames) {
    std::unique_lock lock(mutex_);
    if (frames_waiting_ != 0 && frames_waiting_ + frames.size() > frames_max_) return false;
    if (stopping_) return false;
    const auto count = frames.size();
    return enqueue(lock, std::move(frames), count);
}

bool City::post(std::function<void(CityState&)> work) {
    std::unique_lock lock(mutex_);
    return enqueue(lock, std::move(work), 0);
}

std::size_t City::frames_waiting() const {
    const std::lock_guard lock(mutex_);
    return frames_waiting_;
}

void City::take_all() {
    std::deque<Entry> taken;
    {
        const std::lock_guard lock(mutex_);
        taken.swap(queue_);
        frames_waiting_ = 0;
    }
    space_came_.notify_all();
    for (auto& entry : taken)
        take(entry);
}

// Each by itself: what one meets must not cost the others, which are durable and come but once.
void City::take(Entry& entry) {
    try {
        if (auto* frames = std::get_if<Frames>(&entry)) {
            state_.apply(*frames, clock_.now());
        } else {
            std::get<Work>(entry)(state_);
        }
    } catch (const std::exception& error) {
        spdlog::error("the live city met an error and goes on: {}", error.what());
    }
}

void City::step() {
    take_all();
    state_.tick(clock_.now());
}

void City::run() {
    for (;;) {
        try {
            step();
        } catch (const std::exception& error) {
            spdlog::error("the live city met an error and goes on: {}", error.what());
        }
        const auto due = state_.next_due();
        std::unique_lock lock(mutex_);
        if (!queue_.empty()) continue;
        if (stopping_) return;
        auto nap = base::Duration(nap_max);
        if (due) nap = std::clamp<base::Duration>(*due - clock_.now(), base::Duration{0}, nap);
        work_came_.wait_for(lock, nap, [this] { return stopping_ || !queue_.empty(); });
    }
}

}  // namespace vigie::live
