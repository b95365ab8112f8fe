#include "vigie/live/keeper.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>

#include "live/last_value_store.hpp"

namespace vigie::live {

void load_last_values(CityState& state, store::Pool& pool, base::Instant now) {
    const auto rows = pool.read_now([](store::Transaction& tx) { return read_last_values(tx); });
    for (const auto& row : rows)
        state.restore(row, now);
}

std::size_t replay_frames(CityState& state, store::Pool& pool, base::Instant now) {
    std::size_t count = 0;
    pool.read_now([&](store::Transaction& tx) {
        read_frames_since(tx, replay_overlap, [&](std::vector<store::Frame> frames) {
            count += frames.size();
            state.apply(frames, now);
        });
    });
    return count;
}

Keeper::Keeper(City& city, store::Pool& pool, const base::Clock& clock)
    : city_(city), pool_(pool), clock_(clock) {}

Keeper::~Keeper() {
    stop();
}

void Keeper::start() {
    thread_ = std::thread([this] { run(); });
}

void Keeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_came_.notify_all();
    if (!thread_.joinable()) return;
    thread_.join();
    flush();
}

bool Keeper::flush() {
    auto taken = std::make_shared<std::promise<std::vector<LastValue>>>();
    auto rows_came = taken->get_future();
    if (!city_.post([taken](CityState& state) { taken->set_value(state.take_changed()); })) {
        return true;
    }
    auto rows = rows_came.get();
    // One order for all writers of these rows.
    std::ranges::sort(rows, {}, &LastValue::asset);
    try {
        run_ = pool_.write_now([&](store::Transaction& tx) {
            const auto now = clock_.now();
            const auto run = run_ == 0 ? begin_run(tx, now) : run_;
            touch_run(tx, run, now);
            write_last_values(tx, rows);
            return run;
        });
        return true;
    } catch (const std::exception& error) {
        spdlog::warn("last values could not be flushed, they wait: {}", error.what());
        city_.post([rows = std::move(rows)](CityState& state) { state.give_back(rows); });
        return false;
    }
}

void Keeper::run() {
    for (;;) {
        flush();
        std::unique_lock lock(mutex_);
        if (stop_came_.wait_for(lock, flush_every, [this] { return stopping_; })) return;
    }
}

}  // namespace vigie::live
