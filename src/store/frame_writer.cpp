#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "store/frame_batch.hpp"
#include "store/frame_route.hpp"
#include "store/partitions.hpp"
#include "store/pg.hpp"
#include "vigie/base/text.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

namespace {

constexpr std::chrono::milliseconds retry_pause_min{50};
constexpr std::chrono::milliseconds retry_pause_max{2'000};

constexpr const char* copy_frames =
    "copy frame (observed_at, received_at, asset_id, layout, vals) from stdin with (format binary)";

constexpr const char* copy_late =
    "copy frame_late (observed_at, received_at, asset_id, layout, vals) from stdin with (format "
    "binary)";

constexpr const char* set_marks = R"sql(
    insert into rollup_dirty (asset_id, hour, generation)
    select a, h, $3::int8 from unnest($1::int4[], $2::int4[]) as m (a, h)
    on conflict (asset_id, hour) do update set generation = excluded.generation
     where rollup_dirty.generation < excluded.generation)sql";

// Element by element, as merge_into does in memory: greatest() ignores NULL.
constexpr const char* upsert_frames = R"sql(
    insert into frame (observed_at, received_at, asset_id, layout, vals)
    select o, r, a, l, v::float8[]
      from unnest($1::timestamptz[], $2::timestamptz[], $3::int4[], $4::int4[], $5::text[]) as f (o, r, a, l, v)
    on conflict (asset_id, observed_at) do update
       set vals = (select array_agg(greatest(x, y) order by n)
                     from unnest(frame.vals, excluded.vals) with ordinality as u (x, y, n)),
           received_at = least(frame.received_at, excluded.received_at))sql";

constexpr const char* insert_quarantine = R"sql(
    insert into quarantine (received_at, credential, channel, topic, reason, detail, payload)
    select r, c, h, t, w, d, p::bytea
      from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
           as q (r, c, h, t, w, d, p))sql";

std::string text_array(const std::vector<std::string>& values) {
    return *to_param(values);
}

template <typename Rows, typename Field>
std::string column_of(const Rows& rows, Field field) {
    std::vector<std::string> values;
    values.reserve(rows.size());
    for (const auto& row : rows)
        values.push_back(field(row));
    return text_array(values);
}

void upsert(PgConnection& pg, const std::vector<Frame>& frames) {
    if (frames.empty()) return;
    pg.execute(upsert_frames,
               {column_of(frames, [](const Frame& f) { return base::to_rfc3339(f.observed_at); }),
                column_of(frames, [](const Frame& f) { return base::to_rfc3339(f.received_at); }),
                column_of(frames, [](const Frame& f) { return std::to_string(f.asset_id); }),
                column_of(frames, [](const Frame& f) { return std::to_string(f.layout); }),
                column_of(frames, [](const Frame& f) { return *to_param(f.vals); })});
}

void mark(PgConnection& pg, const std::vector<Mark>& marks, std::int64_t generation) {
    if (marks.empty()) return;
    pg.execute(set_marks,
               {column_of(marks, [](const Mark& m) { return std::to_string(m.asset_id); }),
                column_of(marks, [](const Mark& m) { return std::to_string(m.hour); }),
                std::to_string(generation)});
}

void copy(PgConnection& pg, BinaryCopy& buffer, const char* into,
          const std::vector<Frame>& frames) {
    if (frames.empty()) return;
    buffer.clear();
    for (const Frame& frame : frames) {
        buffer.begin_row(5);
        buffer.timestamptz(frame.observed_at);
        buffer.timestamptz(frame.received_at);
        buffer.int4(frame.asset_id);
        buffer.int4(frame.layout);
        buffer.float8_array(frame.vals);
    }
    pg.copy(into, buffer.finish());
}

void quarantine(PgConnection& pg, const std::vector<Quarantined>& rows) {
    if (rows.empty()) return;
    using Q = Quarantined;
    pg.execute(insert_quarantine,
               {column_of(rows, [](const Q& q) { return base::to_rfc3339(q.received_at); }),
                column_of(rows, [](const Q& q) { return q.credential; }),
                column_of(rows, [](const Q& q) { return q.channel; }),
                column_of(rows, [](const Q& q) { return q.topic; }),
                column_of(rows, [](const Q& q) { return q.reason; }),
                column_of(rows, [](const Q& q) { return q.detail; }),
                column_of(rows, [](const Q& q) { return "\\x" + base::to_hex(q.payload); })});
}

// One transaction.
struct Batch {
    std::vector<Frame> copied;  // later than any known of their asset
    std::vector<Frame> merged;
    std::vector<Frame> late;  // of days that are packed
    std::vector<Mark> marks;
    std::int64_t generation{};
    std::vector<Quarantined> quarantined;
};

// Those of packed days go apart.
void separate_late(const Routes& routes, std::vector<Frame>& frames, std::vector<Frame>& late) {
    if (routes.late_days.empty()) return;
    std::erase_if(frames, [&](Frame& frame) {
        const bool is_late = routes.late_days.contains(day_of(frame.observed_at));
        if (is_late) late.push_back(std::move(frame));
        return is_late;
    });
}

std::size_t size_of(const Submission& submission) {
    return std::max<std::size_t>(1, submission.frames.size() + submission.quarantined.size());
}

}  // namespace

struct FrameWriter::Impl {
    // One thread, one connection, the submissions whose first asset falls to it.
    struct Shard {
        std::mutex mutex;
        std::condition_variable wake;
        std::vector<Submission> pending;
        std::size_t number{};
        MarkMemory marks;
        std::jthread thread;
        std::unique_ptr<PgConnection> pg;
        BinaryCopy buffer;
        std::unordered_map<std::int32_t, base::Instant>
            newest;  // by asset: later ones cannot be there yet
    };

    Impl(FrameWriterSettings s, const base::Clock& c, OnDurable d)
        : settings(std::move(s)),
          clock(c),
          on_durable(std::move(d)),
          partitions(settings.owner_url),
          routing(std::max<std::size_t>(1, settings.writers)) {
        for (std::size_t i = 0; i < std::max<std::size_t>(1, settings.writers); ++i) {
            shards.push_back(std::make_unique<Shard>());
            shards.back()->number = i;
        }
    }

    FrameWriterSettings settings;
    const base::Clock& clock;
    OnDurable on_durable;
    Partitions partitions;
    Routing routing;
    FrameWriterCounters counters;
    std::vector<std::unique_ptr<Shard>> shards;
    std::atomic<bool> stopping{false};
    std::atomic<bool> abandoned{false};
    std::atomic<bool> room_wanted{false};
    std::mutex room_mutex;
    std::function<void()> room_listener;

    void work(Shard& shard) {
        for (;;) {
            std::vector<Submission> batch;
            {
                std::unique_lock lock(shard.mutex);
                shard.wake.wait(lock, [&] { return stopping || !shard.pending.empty(); });
                if (shard.pending.empty()) return;
                take_batch(shard, batch);
            }
            if (!make_durable(shard, batch)) return;
        }
    }

    // All that is pending, up to the limit, in order.
    void take_batch(Shard& shard, std::vector<Submission>& batch) const {
        std::size_t frames = 0;
        std::size_t count = 0;
        while (count < shard.pending.size() && frames < settings.batch_frames_max) {
            frames += size_of(shard.pending[count++]);
        }
        if (count == shard.pending.size()) {
            batch.swap(shard.pending);
            return;
        }
        const auto end = shard.pending.begin() + static_cast<std::ptrdiff_t>(count);
        batch.assign(std::make_move_iterator(shard.pending.begin()), std::make_move_iterator(end));
        shard.pending.erase(shard.pending.begin(), end);
    }

    bool make_durable(Shard& shard, std::vector<Submission>& batch) {
        std::vector<Frame> frames;
        std::vector<Quarantined> quarantined;
        for (const auto& submission : batch) {
            frames.insert(frames.end(), submission.frames.begin(), submission.frames.end());
            quarantined.insert(quarantined.end(), submission.quarantined.begin(),
                               submission.quarantined.end());
        }
        counters.conflicts += sort_and_merge(frames);
        if (!store(shard, frames, quarantined)) return false;
        counters.frames += frames.size();
        counters.quarantined += quarantined.size();
        std::size_t released = 0;
        for (const auto& submission : batch)
            released += size_of(submission);
        on_durable(batch);
        for (const auto& submission : batch) {
            if (submission.durable) submission.durable();
        }
        release(released);
        return true;
    }

    void release(std::size_t count) {
        const auto before = counters.pending.fetch_sub(count);
        if (before - count > settings.pending_frames_max / 2 || !room_wanted.exchange(false))
            return;
        const std::lock_guard lock(room_mutex);
        if (room_listener) room_listener();
    }

    // Until it is committed. False only when the program gives up at its end.
    bool store(Shard& shard, std::vector<Frame>& frames, std::vector<Quarantined>& quarantined) {
        auto pause = retry_pause_min;
        bool doubted = false;
        for (;;) {
            try {
                if (!shard.pg) shard.pg = std::make_unique<PgConnection>(settings.app_url);
                store_once(shard, frames, quarantined, doubted);
                if (counters.away.exchange(false))
                    spdlog::info("the database is back; storing goes on");
                return true;
            } catch (const Unavailable& away) {
                shard.pg.reset();
                doubted =
                    true;  // a commit may have succeeded unheard: from now on merge, never assume
                ++counters.retries;
                if (!counters.away.exchange(true)) {
                    spdlog::error(
                        "the database is away, nothing is acknowledged until it returns: {}",
                        away.what());
                }
                if (abandoned) return false;
                std::this_thread::sleep_for(pause);
                pause = std::min(pause * 2, retry_pause_max);
            }
        }
    }

    void store_once(Shard& shard, std::vector<Frame>& frames, std::vector<Quarantined>& quarantined,
                    bool doubted) {
        const auto routes = routing.enter(shard.number);
        Batch batch;
        batch.generation = routes->generation;
        batch.quarantined = quarantined;
        batch.marks = shard.marks.missing(*routes, frames);
        for (const Frame& frame : frames) {
            const auto known = shard.newest.find(frame.asset_id);
            const bool is_later =
                !doubted && known != shard.newest.end() && frame.observed_at > known->second;
            (is_later ? batch.copied : batch.merged).push_back(frame);
        }
        separate_late(*routes, batch.copied, batch.late);
        separate_late(*routes, batch.merged, batch.late);
        ensure_days(batch.copied);
        ensure_days(batch.merged);
        if (!try_transaction(shard, batch)) {
            // A key was there already: another connection's work, or this database before its clock
            // was put back.
            std::ranges::move(batch.copied, std::back_inserter(batch.merged));
            batch.copied.clear();
            sort_and_merge(batch.merged);
            if (!try_transaction(shard, batch)) store_bisected(shard, batch, quarantined);
        }
        shard.marks.remember(batch.marks);
        for (const Frame& frame : frames) {
            auto& newest = shard.newest[frame.asset_id];
            newest = std::max(newest, frame.observed_at);
        }
    }

    bool try_transaction(Shard& shard, const Batch& batch) {
        try {
            shard.pg->execute("begin");
            copy(*shard.pg, shard.buffer, copy_frames, batch.copied);
            upsert(*shard.pg, batch.merged);
            copy(*shard.pg, shard.buffer, copy_late, batch.late);
            quarantine(*shard.pg, batch.quarantined);
            mark(*shard.pg, batch.marks, batch.generation);
            shard.pg->execute("commit");
        } catch (const Refused& refused) {
            spdlog::debug("batch refused: {}", refused.what());
            shard.pg->execute("rollback");
            return false;
        }
        ++counters.commits;
        counters.copied += batch.copied.size();
        counters.upserted += batch.merged.size();
        counters.late += batch.late.size();
        return true;
    }

    // Finds the rows that the database refuses and quarantines them; each piece is its own
    // transaction, and the submission is acknowledged only after the last one.
    void store_bisected(Shard& shard, const Batch& batch, std::vector<Quarantined>& quarantined) {
        std::vector<Quarantined> refused;
        Batch piece = batch;
        piece.quarantined.clear();
        piece.merged.clear();
        bisect(shard, piece, &Batch::late, batch.late, refused);
        bisect(shard, piece, &Batch::merged, batch.merged, refused);
        counters.refused_rows += refused.size();
        quarantined.insert(quarantined.end(), refused.begin(), refused.end());
        piece.marks.clear();
        piece.quarantined = quarantined;
        if (!try_transaction(shard, piece)) {
            spdlog::error("quarantine rows were refused by the database; they are dropped");
        }
    }

    void bisect(Shard& shard, Batch& piece, std::vector<Frame> Batch::* into,
                const std::vector<Frame>& frames, std::vector<Quarantined>& refused) {
        if (frames.empty()) return;
        piece.*into = frames;
        const bool stored = try_transaction(shard, piece);
        (piece.*into).clear();
        if (stored) return;
        if (frames.size() == 1) {
            const Frame& frame = frames.front();
            refused.push_back(
                {frame.received_at, "", "store", "asset " + std::to_string(frame.asset_id),
                 "database_refused",
                 "the database refused this row at " + base::to_rfc3339(frame.observed_at),
                 *to_param(frame.vals)});
            return;
        }
        const auto middle = frames.begin() + static_cast<std::ptrdiff_t>(frames.size() / 2);
        bisect(shard, piece, into, {frames.begin(), middle}, refused);
        bisect(shard, piece, into, {middle, frames.end()}, refused);
    }

    void ensure_days(const std::vector<Frame>& frames) {
        std::optional<Day> last;
        for (const Frame& frame : frames) {
            const auto day = std::chrono::floor<std::chrono::days>(frame.observed_at);
            if (last == day) continue;
            partitions.ensure(day);
            last = day;
        }
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
    load_routes();
    make_partitions_ahead();
    for (auto& shard : impl_->shards) {
        shard->pg = std::make_unique<PgConnection>(impl_->settings.app_url);
        shard->thread = std::jthread([impl = impl_.get(), s = shard.get()] { impl->work(*s); });
    }
}

void FrameWriter::make_partitions_ahead() {
    const auto today = std::chrono::floor<std::chrono::days>(impl_->clock.now());
    for (auto day = today - std::chrono::days{1};
         day <= today + std::chrono::days{static_cast<int>(impl_->settings.days_ahead)};
         day += std::chrono::days{1}) {
        impl_->partitions.ensure(day);
    }
}

void FrameWriter::load_routes() {
    PgConnection pg(impl_->settings.app_url);
    const auto days = pg.column("select day - date '1970-01-01' from storage_day");
    const auto generation =
        pg.column("select coalesce(max(generation), 0) + 1 from rollup_dirty").at(0);
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
    if (impl_->counters.pending.fetch_add(size) + size > impl_->settings.pending_frames_max) {
        impl_->room_wanted = true;
        impl_->release(size);
        return false;
    }
    const auto asset =
        submission.frames.empty() ? std::int32_t{0} : submission.frames.front().asset_id;
    auto& shard = *impl_->shards[static_cast<std::size_t>(asset) % impl_->shards.size()];
    bool first = false;
    {
        const std::lock_guard lock(shard.mutex);
        first = shard.pending.empty();
        shard.pending.push_back(std::move(submission));
    }
    if (first) shard.wake.notify_one();
    return true;
}

void FrameWriter::on_room(std::function<void()> listener) {
    const std::lock_guard lock(impl_->room_mutex);
    impl_->room_listener = std::move(listener);
}

bool FrameWriter::stop(std::chrono::milliseconds limit) {
    impl_->stopping = true;
    for (auto& shard : impl_->shards) {
        const std::lock_guard lock(shard->mutex);
        shard->wake.notify_all();
    }
    const auto until = std::chrono::steady_clock::now() + limit;
    while (impl_->counters.pending > 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    impl_->abandoned = true;
    for (auto& shard : impl_->shards) {
        if (shard->thread.joinable()) shard->thread.join();
    }
    return impl_->counters.pending == 0;
}

const FrameWriterCounters& FrameWriter::counters() const {
    return impl_->counters;
}

}  // namespace vigie::store
