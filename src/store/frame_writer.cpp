#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/frame_batch.hpp"
#include "store/frame_lane.hpp"
#include "store/frame_record.hpp"
#include "store/room.hpp"
#include "store/spool_drain.hpp"
#include "store/turns.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

namespace {

constexpr std::size_t text_bytes_a_frame = 100;
// A batch goes to the spool in records of about this size, so that any of it fits where there is
// room for little.
constexpr std::size_t spool_record_bytes = std::size_t{256} * 1024;
constexpr std::chrono::milliseconds retry_pause_min{50};
constexpr std::chrono::milliseconds retry_pause_max{2'000};

std::int64_t steady_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// While the database is asked.
class Asking {
public:
    explicit Asking(std::atomic<std::int64_t>& since) : since_(since) { since_ = steady_ms(); }
    ~Asking() { since_ = 0; }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

private:
    std::atomic<std::int64_t>& since_;
};

// What it takes of the room for all that is pending, in frames: a refused message, with its topic
// and payload, may be as large as dozens of them.
std::size_t size_of(const Submission& submission) {
    std::size_t size = submission.frames.size() + submission.quarantined.size();
    for (const auto& row : submission.quarantined)
        size += record_bytes(row) / text_bytes_a_frame;
    return std::max<std::size_t>(1, size);
}

}  // namespace

struct FrameWriter::Impl {
    // One thread, one connection, and what is pending of the assets that fall to it.
    struct Shard {
        Shard(Impl& impl, std::size_t n)
            : number(n),
              lane(impl.settings, n, impl.partitions, impl.routing, impl.newest, impl.counters),
              at_once(impl.settings.batch_frames_max) {}
        const std::size_t number;
        std::condition_variable wake;
        std::condition_variable heard_came;
        std::vector<Submission> pending;  // of its assets
        std::uint64_t begun{};            // batches
        std::uint64_t heard{};            // those the listener has heard of
        std::jthread thread;
        FrameLane lane;
        AtOnce at_once;
        std::atomic<std::int64_t> asking_since_ms{0};  // by the steady clock; 0: not asking
        std::atomic<bool> stuck{false};  // its batch finds room neither here nor there
    };

    Impl(FrameWriterSettings s, const base::Clock& c, OnDurable d)
        : settings(std::move(s)),
          clock(c),
          on_durable(std::move(d)),
          partitions(settings.owner_url, settings.answer_limit),
          routing(writers() + 1),
          newest(writers()),
          room(settings.pending_frames_max, counters.pending),
          drain(settings, writers(), partitions, routing, counters),
          turns(writers(), settings.together_max) {
        for (std::size_t i = 0; i < writers(); ++i)
            shards.push_back(std::make_unique<Shard>(*this, i));
    }

    [[nodiscard]] std::size_t writers() const { return std::max<std::size_t>(1, settings.writers); }

    FrameWriterSettings settings;
    const base::Clock& clock;
    OnDurable on_durable;
    Partitions partitions;
    Routing routing;
    NewestKnown newest;
    FrameWriterCounters counters;
    Room room;
    SpoolDrain drain;
    std::mutex mutex;  // of the turns, and of what is pending, begun and heard in each shard
    Turns turns;
    bool gave_up{};  // a batch found no place before the program's end
    std::vector<std::unique_ptr<Shard>> shards;
    std::atomic<bool> stopping{false};
    std::atomic<bool> abandoned{false};
    std::atomic<bool> held{false};

    void work(Shard& shard) {
        std::vector<Submission> batch;  // its room is used again
        for (;;) {
            batch.clear();
            const Turn turn = wait_for_turn(shard, batch);
            if (turn == Turn::wait) return;
            const bool durable = make_durable(shard, batch);
            end_turn(shard, turn, durable);
            if (!durable) return;
        }
    }

    // Takes what it is to store. `wait`: the program ends.
    Turn wait_for_turn(Shard& shard, std::vector<Submission>& batch) {
        std::unique_lock lock(mutex);
        shard.wake.wait(lock, [&] { return turns.of(shard.number) != Turn::wait || is_over(); });
        const Turn turn = turns.of(shard.number);
        if (turn == Turn::wait) return turn;
        if (turn == Turn::own) take_batch(shard, batch);
        for (std::size_t i = 0; turn == Turn::all && i < shards.size(); ++i)
            take_batch(*shards[i], batch);
        turns.begin(turn);
        ++shard.begun;
        return turn;
    }

    void end_turn(Shard& shard, Turn turn, bool durable) {
        const std::lock_guard lock(mutex);
        if (durable) {
            shard.heard = shard.begun;
            shard.heard_came.notify_all();
        } else {
            gave_up = true;
        }
        turns.end(turn);
        wake_writers();
    }

    // Nobody waits for a turn any more. While others store what is pending, one may still come.
    [[nodiscard]] bool is_over() const { return stopping && (gave_up || turns.nothing_pending()); }

    void wake_writers() {
        for (const auto& shard : shards) {
            if (is_over() || turns.of(shard->number) != Turn::wait) shard->wake.notify_one();
        }
    }

    // Adds all of its that is pending, up to the limit, in order.
    void take_batch(Shard& shard, std::vector<Submission>& batch) {
        std::size_t frames = 0;
        std::size_t count = 0;
        while (count < shard.pending.size() && frames < settings.batch_frames_max) {
            frames += shard.pending[count++].room;
        }
        turns.taken(shard.number, frames);
        if (batch.empty() && count == shard.pending.size()) {
            batch.swap(shard.pending);
            return;
        }
        const auto end = shard.pending.begin() + static_cast<std::ptrdiff_t>(count);
        batch.insert(batch.end(), std::make_move_iterator(shard.pending.begin()),
                     std::make_move_iterator(end));
        shard.pending.erase(shard.pending.begin(), end);
    }

    bool make_durable(Shard& shard, std::vector<Submission>& batch) {
        std::vector<Frame> frames;
        std::vector<Quarantined> quarantined;
        frames.reserve(batch.size());
        std::size_t released = 0;
        for (auto& submission : batch) {
            released += submission.room;
            std::ranges::move(submission.frames, std::back_inserter(frames));
            submission.frames.clear();
            std::ranges::move(submission.quarantined, std::back_inserter(quarantined));
            submission.quarantined.clear();
        }
        counters.conflicts += sort_and_merge(frames);
        Instalments all{frames, quarantined};
        if (!store(shard, all)) return false;
        counters.frames += frames.size();
        counters.quarantined += quarantined.size() + all.refused.size();
        batch.front().frames = std::move(frames);
        tell(batch);
        room.give_back(released);
        for (const auto& submission : batch)
            room.give_back_of(submission.sender, submission.room);
        room.done();
        return true;
    }

    void tell(std::vector<Submission>& batch) {
        std::vector<Submission> of_parts;
        for (auto& submission : batch) {
            if (submission.parts_left) of_parts.push_back(take_answer(submission));
        }
        tell_all(batch);
        std::erase_if(of_parts, [](const auto& answer) { return --*answer.parts_left > 0; });
        if (!of_parts.empty()) tell_all(of_parts);
    }
    void tell_all(std::vector<Submission>& batch) const {
        on_durable(batch);
        for (const auto& submission : batch) {
            if (submission.durable) submission.durable();
        }
    }
    // Who waits for a part: it stands nowhere in it any more.
    static Submission take_answer(Submission& part) {
        Submission answer;
        answer.waiter = std::exchange(part.waiter, 0);
        answer.ticket = std::exchange(part.ticket, 0);
        answer.outcome = part.outcome;
        answer.outcome_text = std::move(part.outcome_text);
        answer.durable = std::exchange(part.durable, nullptr);
        answer.parts_left = std::move(part.parts_left);
        return answer;
    }

    Shard& shard_of(std::int32_t asset) { return *shards[newest.part_of(asset)]; }
    // The mutex is held.
    void append(Shard& shard, Submission submission) {
        submission.room = size_of(submission);
        turns.came(shard.number, submission.room);
        shard.pending.push_back(std::move(submission));
    }
    // What is refused goes with the first of its frames; both may be none.
    void put(Submission submission) {
        auto& frames = submission.frames;
        auto& first = shard_of(frames.empty() ? 0 : frames.front().asset_id);
        const auto is_of_first = [&](const Frame& f) { return &shard_of(f.asset_id) == &first; };
        const std::lock_guard lock(mutex);
        if (std::ranges::all_of(frames, is_of_first)) {
            append(first, std::move(submission));
        } else {
            append_parts(first, std::move(submission));
        }
        wake_writers();
    }
    void append_parts(Shard& first, Submission submission) {
        std::vector<std::vector<Frame>> frames(shards.size());
        for (auto& frame : submission.frames)
            frames[newest.part_of(frame.asset_id)].push_back(std::move(frame));
        submission.frames.clear();
        const auto parts =
            std::ranges::count_if(frames, [](const auto& all) { return !all.empty(); });
        submission.parts_left =
            std::make_shared<std::atomic<std::size_t>>(static_cast<std::size_t>(parts));
        auto quarantined = std::move(submission.quarantined);
        submission.quarantined.clear();
        for (std::size_t i = 0; i < shards.size(); ++i) {
            if (frames[i].empty()) continue;
            Submission part = submission;
            part.frames = std::move(frames[i]);
            if (shards[i].get() == &first) part.quarantined = std::move(quarantined);
            append(*shards[i], std::move(part));
        }
    }

    // Until it is committed or in the spool. False only when the program gives up at its end.
    bool store(Shard& shard, Instalments& batch) {
        const bool stored = try_to_store(shard, batch);
        shard.stuck = false;
        return stored;
    }

    bool try_to_store(Shard& shard, Instalments& batch) {
        auto pause = retry_pause_min;
        bool doubted = false;
        for (;;) {
            // While somebody else finds out when the database is back, nobody waits for it here.
            if (!counters.away || !settings.spool || doubted) {
                try {
                    const Asking asking(shard.asking_since_ms);
                    shard.lane.store(batch, shard.at_once, doubted);
                    if (!settings.spool || settings.spool->empty()) come_back(counters);
                    return true;
                } catch (const Unavailable& away) {
                    ++counters.retries;
                    go_away(counters, away.what());
                    // The commit may have succeeded unheard: from now on merge, never assume.
                    doubted = true;
                }
            }
            if (settings.spool && keep(shard, batch)) return true;
            if (abandoned) return false;
            doubted = true;
            shard.stuck = true;
            std::this_thread::sleep_for(pause);
            pause = std::min(pause * 2, retry_pause_max);
        }
    }

    // False: what is left of the batch found no room. What went before stays done.
    bool keep(Shard& shard, Instalments& batch) {
        while (!batch.done()) {
            const auto frames = first_of(batch.frames.subspan(batch.frames_done));
            const auto rows = frames.empty() ? first_of(batch.rows.subspan(batch.rows_done))
                                             : std::span<const Quarantined>{};
            try {
                if (!settings.spool->append(encode_frame_record(frames, rows))) {
                    ++counters.spool_full;
                    return false;
                }
            } catch (const FilesError& error) {
                spdlog::error("the spool cannot be written: {}", error.what());
                return false;
            }
            counters.spooled += frames.size();
            batch.frames_done += frames.size();
            batch.rows_done += rows.size();
            shard.lane.remember(frames);
            drain.wake();
        }
        return true;
    }

    // Those that make one record of the spool.
    template <typename T>
    static std::span<const T> first_of(std::span<const T> all) {
        std::size_t bytes = 0;
        std::size_t count = 0;
        while (count < all.size() && (count == 0 || bytes < spool_record_bytes))
            bytes += record_bytes(all[count++]);
        return all.first(count);
    }
};

FrameWriter::FrameWriter(FrameWriterSettings settings, const base::Clock& clock,
                         OnDurable on_durable)
    : impl_(std::make_unique<Impl>(std::move(settings), clock, std::move(on_durable))) {}

FrameWriter::~FrameWriter() {
    stop(std::chrono::milliseconds{0});
}

void FrameWriter::start() {
    impl_->partitions.load();
    load_generations();
    make_partitions_ahead();
    for (auto& shard : impl_->shards) {
        shard->lane.connect();
        shard->thread = std::jthread([impl = impl_.get(), s = shard.get()] { impl->work(*s); });
    }
    if (impl_->settings.spool) impl_->drain.start();
}

void FrameWriter::make_partitions_ahead() {
    const auto today = std::chrono::floor<std::chrono::days>(impl_->clock.now());
    for (auto day = today - std::chrono::days{1};
         day <= today + std::chrono::days{static_cast<int>(impl_->settings.days_ahead)};
         day += std::chrono::days{1}) {
        impl_->partitions.ensure(day);
    }
}

void FrameWriter::load_generations() {
    PgConnection pg(impl_->settings.app_url);
    const auto days = pg.column("select day - date '1970-01-01' from storage_day");
    const auto generation =
        pg.column("select coalesce(max(generation), 0) + 1 from rollup_dirty").at(0);
    impl_->routing.renew_notes(
        std::stoll(pg.column("select coalesce(max(generation), 0) + 1 from replay_from").at(0)));
    impl_->routing.change([&](Routes& routes) {
        for (const auto& day : days)
            routes.late_days.insert(Day{std::chrono::days{std::stoi(day)}});
        routes.generation = std::max<std::int64_t>(routes.generation, std::stoll(generation));
    });
}

void FrameWriter::route_late(Day day) {
    impl_->routing.change([day](Routes& routes) { routes.late_days.insert(day); });
}

std::int64_t FrameWriter::settle_marks(std::int32_t open_hour) {
    const auto before = impl_->routing.change([open_hour](Routes& routes) {
        routes.open_hour = std::max(routes.open_hour, open_hour);
        ++routes.generation;
    });
    return before.generation;
}

bool FrameWriter::submit(Submission& submission) {
    const std::size_t size = size_of(submission);
    if (impl_->stopping) return false;
    if (impl_->held) {
        // Said before it is looked at again: whoever ends the hold in between finds it said.
        impl_->room.want();
        if (impl_->held) return false;
    }
    if (!impl_->room.take(submission.sender, size)) return false;
    impl_->put(std::move(submission));
    return true;
}

void FrameWriter::on_room(std::function<void()> listener) {
    impl_->room.on_room(std::move(listener));
}

void FrameWriter::hold(bool held) {
    impl_->held = held;
    if (!held) impl_->room.done();
}

void FrameWriter::hold_drain(bool held) {
    impl_->drain.hold(held);
}

bool FrameWriter::takes_in() const {
    return !impl_->held && std::ranges::none_of(impl_->shards, [](const auto& shard) {
        return shard->stuck.load();
    });
}

void FrameWriter::know(std::int32_t asset, base::Instant newest) {
    impl_->newest.know(asset, newest);
}

// Whoever began before has set notes of an older generation, and is waited for. What lies in the
// spool, from where it is drained later, was told when it was kept there.
std::optional<std::int64_t> FrameWriter::renew_notes(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    const auto generation = impl_->routing.renew_notes();
    for (const auto& shard : impl_->shards) {
        std::unique_lock lock(impl_->mutex);
        const auto begun = shard->begun;
        if (!shard->heard_came.wait_until(lock, until, [&] { return shard->heard >= begun; }))
            return std::nullopt;
    }
    return generation;
}

std::chrono::milliseconds FrameWriter::waiting() const {
    std::int64_t since = 0;
    for (const auto& shard : impl_->shards) {
        const auto asking = shard->asking_since_ms.load();
        if (asking != 0 && (since == 0 || asking < since)) since = asking;
    }
    return std::chrono::milliseconds{since == 0 ? 0 : steady_ms() - since};
}

bool FrameWriter::stop(std::chrono::milliseconds limit) {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
        impl_->wake_writers();
    }
    const auto until = std::chrono::steady_clock::now() + limit;
    while (impl_->counters.pending > 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    impl_->abandoned = true;
    for (auto& shard : impl_->shards) {
        if (shard->thread.joinable()) shard->thread.join();
    }
    impl_->drain.stop();
    return impl_->counters.pending == 0;
}

const FrameWriterCounters& FrameWriter::counters() const {
    return impl_->counters;
}

}  // namespace vigie::store
