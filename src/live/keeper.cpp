#include "vigie/live/keeper.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>
#include <optional>

#include "live/last_value_store.hpp"

namespace vigie::live {

namespace {
constexpr std::chrono::milliseconds look_every{250};  // whether a flush is due
constexpr std::chrono::milliseconds given_up_looked_at_every{50};
}  // namespace

std::size_t load_last_values(City& city, store::Pool& pool, base::Instant now) {
    city.step();
    const auto rows = pool.read_now([](store::Transaction& tx) { return read_last_values(tx); });
    for (const auto& row : rows)
        city.state().restore(row, now);
    return rows.size();
}

std::size_t replay_frames(City& city, store::Pool& pool, const std::string& url,
                          base::Instant now) {
    city.step();
    return read_frames_since(
        pool, url, [&](std::vector<store::Frame> frames) { city.state().apply(frames, now); });
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
    wake_.notify_all();
    held_came_.notify_all();
    if (!thread_.joinable()) return;
    thread_.join();
    flush();
}

bool Keeper::await_flush(std::chrono::milliseconds limit, const std::function<bool()>& given_up) {
    const auto until = std::chrono::steady_clock::now() + limit;
    std::unique_lock lock(mutex_);
    const auto mine = ++asked_;
    wake_.notify_all();
    while (held_ < mine && !stopping_ && !given_up() && std::chrono::steady_clock::now() < until)
        held_came_.wait_for(lock, given_up_looked_at_every);
    return held_ >= mine;
}

std::uint64_t Keeper::asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
}

// Those who asked before the flush began.
void Keeper::hold(std::uint64_t asked) {
    const std::lock_guard lock(mutex_);
    held_ = asked;
    held_came_.notify_all();
}

bool Keeper::flush() {
    holds_all_ = false;
    // Before the values are taken: what was applied later is not in them.
    const auto now = clock_.now();
    const bool takes_in = !takes_in_ || takes_in_();
    paused_ |= !takes_in;
    if (run_ == 0 || !paused_) taken_in_until_ = now;
    std::vector<LastValue> rows;
    try {
        // Before the values are taken: they hold all that set a lesser one.
        const auto notes = renew_notes_ ? renew_notes_(hand_over_limit) : std::nullopt;
        auto taken = take_changed();
        if (!taken) return true;
        rows = *std::move(taken);
        if (!settled()) throw store::Unavailable("what was decided of them is not recorded yet");
        run_ = pool_.write_now([&](store::Transaction& tx) {
            auto run = run_;
            note_run(tx, run, now, takes_in);
            write_last_values(tx, rows);
            if (notes) remove_replay_notes(tx, *notes);
            return run;
        });
        if (takes_in) paused_ = false;
        holds_all_ = notes.has_value();
        return true;
    } catch (const std::exception& error) {
        spdlog::warn("last values could not be flushed, they wait: {}", error.what());
        if (!rows.empty())
            city_.post([rows = std::move(rows)](CityState& state) { state.give_back(rows); });
        return false;
    }
}

// In one order for all writers of these rows. Nothing: the city has stopped.
std::optional<std::vector<LastValue>> Keeper::take_changed() {
    auto taken = std::make_shared<std::promise<std::vector<LastValue>>>();
    auto came = taken->get_future();
    if (!city_.post([taken](CityState& state) { taken->set_value(state.take_changed()); }))
        return std::nullopt;
    auto rows = came.get();
    std::ranges::sort(rows, {}, &LastValue::asset);
    return rows;
}

// A run ends where nothing more was taken in, and another begins where it was again: what lies
// between two runs is put down to the platform.
void Keeper::note_run(store::Transaction& tx, std::int64_t& run, base::Instant now,
                      bool takes_in) const {
    if (run == 0) run = begin_run(tx, now);
    touch_run(tx, run, taken_in_until_);
    if (!paused_ || !takes_in) return;
    run = begin_run(tx, now);
    touch_run(tx, run, now);
}

bool Keeper::settled() {
    if (!settled_) return true;
    // The city hands over what it decided at the end of a round: once it took this, the round of
    // the values is over.
    auto round_over = std::make_shared<std::promise<void>>();
    auto over = round_over->get_future();
    if (city_.post([round_over](CityState&) { round_over->set_value(); })) over.get();
    return settled_();
}

void Keeper::run() {
    using Steady = std::chrono::steady_clock;
    for (;;) {
        const auto began = Steady::now();
        const auto applied = city_.state().frames_applied();
        const auto asked_before = asked();
        flush();
        if (holds_all_) hold(asked_before);
        const auto took = Steady::now() - began;
        const auto is_due = [&] {
            return is_flush_due(std::chrono::floor<base::Duration>(Steady::now() - began),
                                std::chrono::floor<base::Duration>(took),
                                city_.state().frames_applied() - applied);
        };
        std::unique_lock lock(mutex_);
        const auto is_called = [&] { return stopping_ || asked_ != asked_before; };
        while (!is_due() && !wake_.wait_for(lock, look_every, is_called)) {
        }
        if (stopping_) return;
    }
}

}  // namespace vigie::live
