#include "store/frame_lane.hpp"

#include <fmt/format.h>
#include <sodium/crypto_generichash.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "store/frame_batch.hpp"
#include "store/frame_record.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"
#include "vigie/store/database.hpp"

namespace vigie::store {

namespace {

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

constexpr const char* set_notes = R"sql(
    insert into replay_from (asset_id, observed_at, generation)
    select a, t, $3::int8 from unnest($1::int4[], $2::timestamptz[]) as n (a, t))sql";

// Where frames lie for the moment of an upsert: COPY into it costs a fraction of parameters as
// text.
constexpr const char* make_incoming = R"sql(
    create temporary table if not exists frame_incoming (
        observed_at timestamptz not null, received_at timestamptz not null, asset_id int4 not null,
        layout int4 not null, vals float8[] not null) on commit delete rows)sql";

constexpr const char* copy_incoming =
    "copy pg_temp.frame_incoming (observed_at, received_at, asset_id, layout, vals) from stdin "
    "with (format binary)";

// What is there already, as it is, is only read: a device that sends its window again costs no
// write. The rest is merged element by element, as merge_into does in memory: greatest() ignores
// NULL. The bounds let the planner see the days concerned only; OFFSET 0 keeps it to looking
// up row by row. In order, so that two upserts never wait for each other in a circle. Answers how
// many values are others than those that were there.
constexpr std::string_view upsert_incoming = R"sql(
    with met as materialized (
        select n.observed_at, n.received_at, n.asset_id, n.layout, n.vals,
               o.vals as was
          from pg_temp.frame_incoming n
          left join lateral (select f.received_at, f.vals
                               from frame f
                              where f.asset_id = n.asset_id and f.observed_at = n.observed_at
                                and f.observed_at between {} and {}
                             offset 0) as o on true
         where o.vals is null or o.vals is distinct from n.vals or n.received_at < o.received_at),
    merged as (
        insert into frame (observed_at, received_at, asset_id, layout, vals)
        select observed_at, received_at, asset_id, layout, vals from met
         order by asset_id, observed_at
        on conflict (asset_id, observed_at) do update
           set vals = (select array_agg(greatest(x, y) order by i)
                         from unnest(frame.vals, excluded.vals) with ordinality as u (x, y, i)),
               received_at = least(frame.received_at, excluded.received_at))
    select count(*) from met, unnest(was, vals) as u (x, y) where was is not null and x <> y)sql";

// A row may come twice, after a commit that went unheard or out of the spool: then it is the same.
constexpr const char* insert_quarantine = R"sql(
    insert into quarantine (received_at, credential, channel, topic, reason, detail, payload, digest)
    select r, c, h, t, w, d, p::bytea, g::bytea
      from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::text[]) as q (r, c, h, t, w, d, p, g)
    on conflict (digest) do nothing)sql";

constexpr const char* drop_oldest = R"sql(
    delete from quarantine
     where id <= (select id from quarantine order by id desc offset $1::int8 limit 1))sql";

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

void mark(PgConnection& pg, const std::vector<Mark>& marks, std::int64_t generation) {
    if (marks.empty()) return;
    pg.execute(set_marks,
               {column_of(marks, [](const Mark& m) { return std::to_string(m.asset_id); }),
                column_of(marks, [](const Mark& m) { return std::to_string(m.hour); }),
                std::to_string(generation)});
}

void note(PgConnection& pg, const std::vector<ReplayNote>& notes, std::int64_t generation) {
    if (notes.empty()) return;
    pg.execute(set_notes,
               {column_of(notes, [](const ReplayNote& n) { return std::to_string(n.asset_id); }),
                column_of(notes, [](const ReplayNote& n) { return base::to_rfc3339(n.from); }),
                std::to_string(generation)});
}

std::string digest_of(const Quarantined& row) {
    const std::string bytes = encode_frame_record({}, {&row, 1});
    std::string digest(16, '\0');
    crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr,
                       0);
    return digest;
}

// What PostgreSQL takes as text: a NUL, or bytes that are not UTF-8, must not cost the row.
std::string storable(const std::string& text) {
    if (!base::is_utf8(text)) return base::to_hex(text);
    std::string out;
    for (const char c : text) {
        if (c == '\0') {
            out += "\u2400";
        } else {
            out += c;
        }
    }
    return out;
}

void quarantine(PgConnection& pg, const std::vector<Quarantined>& rows) {
    if (rows.empty()) return;
    using Q = Quarantined;
    pg.execute(insert_quarantine,
               {column_of(rows, [](const Q& q) { return base::to_rfc3339(q.received_at); }),
                column_of(rows, [](const Q& q) { return storable(q.credential); }),
                column_of(rows, [](const Q& q) { return q.channel; }),
                column_of(rows, [](const Q& q) { return storable(q.topic); }),
                column_of(rows, [](const Q& q) { return q.reason; }),
                column_of(rows, [](const Q& q) { return storable(q.detail); }),
                column_of(rows, [](const Q& q) { return "\\x" + base::to_hex(q.payload); }),
                column_of(rows, [](const Q& q) { return "\\x" + base::to_hex(digest_of(q)); })});
}

// Whether a refusal says something about a row: data that do not fit, a broken rule of the table,
// too much of something. All others mean that the database cannot store now.
bool blames_a_row(const Refused& refused) {
    for (const char* of_rows : {"21", "22", "23", "54"}) {
        if (refused.sqlstate.starts_with(of_rows)) return true;
    }
    return false;
}

// A deadlock, or rows that another connection changed meanwhile: worth the same again.
bool is_passing(const Refused& refused) {
    return refused.sqlstate.starts_with("40");
}

constexpr int attempts_max = 5;

}  // namespace

std::size_t drop_oldest_quarantine(Transaction& tx, std::size_t kept) {
    static constexpr Query query{"quarantine_purge", drop_oldest};
    return tx.execute(query, kept);
}

void NewestKnown::know(std::int32_t asset, base::Instant newest) {
    auto& known = newest_[part_of(asset)][asset];
    known = std::max(known, newest);
}

bool NewestKnown::is_later(const Frame& frame) const {
    const auto& part = newest_[part_of(frame.asset_id)];
    const auto known = part.find(frame.asset_id);
    return known != part.end() && frame.observed_at > known->second;
}

FrameLane::FrameLane(const FrameWriterSettings& settings, std::size_t number,
                     Partitions& partitions, Routing& routing, NewestKnown& newest,
                     FrameWriterCounters& counters)
    : settings_(settings),
      number_(number),
      partitions_(partitions),
      routing_(routing),
      newest_(newest),
      counters_(counters) {}

void FrameLane::connect() {
    // A lane may rest for long: that its backend ended meanwhile does not mean that the database is
    // away.
    if (pg_ && !pg_->is_closed()) return;
    disconnect();
    auto pg = std::make_unique<PgConnection>(settings_.app_url, settings_.answer_limit);
    pg->execute(promise_commits);
    pg->execute("set client_min_messages = warning");
    pg->execute(make_incoming);
    pg_ = std::move(pg);
}

void FrameLane::reach() {
    disconnect();
    try {
        connect();
    } catch (const Refused& refused) {
        throw Unavailable(refused.what());
    }
}

void FrameLane::store(Instalments& batch, AtOnce& at_once, bool doubted) {
    while (!batch.done()) {
        const auto frames = batch.frames.subspan(batch.frames_done);
        const auto rows = batch.rows.subspan(batch.rows_done);
        const auto tried = std::min(std::max(frames.size(), rows.size()), at_once.now());
        const auto piece = frames.first(std::min(tried, frames.size()));
        const auto piece_rows = rows.first(std::min(tried, rows.size()));
        try {
            store_piece(piece, piece_rows, batch.refused, doubted);
        } catch (const TooSlow&) {
            at_once.too_slow(tried);
            throw;
        }
        at_once.went_well(tried);
        batch.frames_done += piece.size();
        batch.rows_done += piece_rows.size();
    }
}

void FrameLane::store_piece(Frames frames, Rows rows, std::vector<Quarantined>& refused_rows,
                            bool doubted) {
    try {
        connect();
        store_once(frames, rows, refused_rows, doubted);
    } catch (const Unavailable&) {
        disconnect();
        throw;
    } catch (const Refused& refused) {
        disconnect();
        throw Unavailable(refused.what());
    }
    remember(frames);
}

void FrameLane::remember(Frames frames) {
    for (const Frame& frame : frames)
        newest_.know(frame.asset_id, frame.observed_at);
}

void FrameLane::store_once(Frames frames, Rows rows, std::vector<Quarantined>& refused,
                           bool doubted) {
    const auto routes = routing_.enter(number_);
    if (!doubted && rows.empty() && are_all_later(*routes, frames) &&
        store_later(*routes, frames)) {
        return;
    }
    Batch batch = batch_of(*routes, frames, doubted);
    batch.quarantined.assign(rows.begin(), rows.end());
    ensure_days(batch.copied);
    ensure_days(batch.merged);
    if (!try_transaction(batch)) {
        // A key was there already: out of the spool, or by an earlier server that was killed and
        // whose transaction came to its end all the same.
        std::ranges::move(batch.copied, std::back_inserter(batch.merged));
        batch.copied.clear();
        sort_and_merge(batch.merged);
        // Perhaps none of its pieces was stored: marks and notes are set again.
        if (!try_transaction(batch)) return store_bisected(batch, refused);
    }
    marks_.remember(batch.marks);
    notes_.remember(batch.notes);
}

FrameLane::Batch FrameLane::batch_of(const Routes& routes, Frames frames, bool doubted) {
    Batch batch;
    batch.generation = routes.generation;
    batch.marks = marks_.missing(routes, frames);
    for (const Frame& frame : frames)
        (!doubted && newest_.is_later(frame) ? batch.copied : batch.merged).push_back(frame);
    batch.note_generation = routing_.note_generation();
    batch.notes = notes_.missing(batch.note_generation, batch.merged);
    separate_late(routes, batch.copied, batch.late);
    separate_late(routes, batch.merged, batch.late);
    return batch;
}

bool FrameLane::are_all_later(const Routes& routes, Frames frames) const {
    return !frames.empty() && std::ranges::all_of(frames, [&](const Frame& frame) {
        return newest_.is_later(frame) && !routes.late_days.contains(day_of(frame.observed_at));
    });
}

// The steady state, without a copy of any frame; and a COPY alone is a transaction by itself, which
// spares two answers of the database. False: refused, nothing is stored, and whoever takes longer
// finds out why.
bool FrameLane::store_later(const Routes& routes, Frames frames) {
    const auto marks = marks_.missing(routes, frames);
    ensure_days(frames);
    try {
        if (!marks.empty()) pg_->execute("begin");
        copy(copy_frames, frames);
        if (!marks.empty()) {
            mark(*pg_, marks, routes.generation);
            pg_->execute("commit");
        }
    } catch (const Refused& refused) {
        spdlog::debug("batch refused: {}", refused.what());
        if (!marks.empty()) pg_->execute("rollback");
        return false;
    }
    marks_.remember(marks);
    ++counters_.commits;
    counters_.copied += frames.size();
    return true;
}

// False: a row was refused.
bool FrameLane::try_transaction(const Batch& batch) {
    for (int attempt = 1;; ++attempt) {
        try {
            run(batch);
            break;
        } catch (const Refused& refused) {
            spdlog::debug("batch refused: {}", refused.what());
            if (is_passing(refused) && attempt < attempts_max) {
                pg_->execute("rollback");
                continue;
            }
            if (!blames_a_row(refused)) throw;
            pg_->execute("rollback");
            return false;
        }
    }
    ++counters_.commits;
    counters_.copied += batch.copied.size();
    counters_.upserted += batch.merged.size();
    counters_.conflicts += conflicts_;
    counters_.late += batch.late.size();
    return true;
}

void FrameLane::run(const Batch& batch) {
    conflicts_ = 0;
    pg_->execute("begin");
    copy(copy_frames, batch.copied);
    upsert(batch.merged);
    copy(copy_late, batch.late);
    quarantine(*pg_, batch.quarantined);
    const auto quarantined = quarantined_ + batch.quarantined.size();
    // Garbage at full speed must not fill the disk until the next round of housekeeping.
    const bool bound = quarantined >= base::limits::quarantine_rows_between_bounds;
    if (bound) pg_->execute(drop_oldest, {std::to_string(base::limits::quarantine_rows_max)});
    mark(*pg_, batch.marks, batch.generation);
    note(*pg_, batch.notes, batch.note_generation);
    pg_->execute("commit");
    quarantined_ = bound ? 0 : quarantined;
}

// Finds the rows that the database refuses and quarantines them, those of quarantine themselves
// stripped; each piece is its own transaction, and the submission is acknowledged only after the
// last one.
void FrameLane::store_bisected(const Batch& batch, std::vector<Quarantined>& refused) {
    std::vector<Quarantined> rows = batch.quarantined;
    Batch piece = batch;
    piece.quarantined.clear();
    piece.merged.clear();
    piece.late.clear();
    std::vector<Quarantined> found;
    bisect(piece, &Batch::late, batch.late, found);
    bisect(piece, &Batch::merged, batch.merged, found);
    rows.insert(rows.end(), found.begin(), found.end());
    piece.marks.clear();
    piece.notes.clear();
    bisect_rows(piece, rows);
    counters_.refused_rows += found.size();
    std::ranges::move(found, std::back_inserter(refused));
}

void FrameLane::bisect_rows(Batch& piece, Rows rows) {
    if (rows.empty()) return;
    piece.quarantined.assign(rows.begin(), rows.end());
    if (try_transaction(piece)) return;
    if (rows.size() == 1) return store_stripped(piece, rows.front());
    bisect_rows(piece, rows.first(rows.size() / 2));
    bisect_rows(piece, rows.subspan(rows.size() / 2));
}

// It was or will be acknowledged: as much of it stays as the database takes.
void FrameLane::store_stripped(Batch& piece, const Quarantined& row) {
    ++counters_.refused_rows;
    Quarantined stripped{
        row.received_at, "", "store", "", row.reason, "the database refused this row as it was",
        row.payload};
    for (const bool with_payload : {true, false}) {
        if (!with_payload) {
            stripped.payload.clear();
            stripped.reason = "database_refused";
        }
        piece.quarantined = {stripped};
        if (try_transaction(piece)) return;
    }
    spdlog::error(
        "a quarantine row was refused by the database, and nothing of it is kept: {} at {}",
        row.reason, base::to_rfc3339(row.received_at));
}

void FrameLane::bisect(Batch& piece, std::vector<Frame> Batch::* into,
                       const std::vector<Frame>& frames, std::vector<Quarantined>& refused) {
    if (frames.empty()) return;
    piece.*into = frames;
    const bool stored = try_transaction(piece);
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
    bisect(piece, into, {frames.begin(), middle}, refused);
    bisect(piece, into, {middle, frames.end()}, refused);
}

void FrameLane::ensure_days(Frames frames) {
    std::optional<Day> last;
    for (const Frame& frame : frames) {
        const auto day = day_of(frame.observed_at);
        if (last == day) continue;
        partitions_.ensure(day);
        last = day;
    }
}

// Those of packed days go apart.
void FrameLane::separate_late(const Routes& routes, std::vector<Frame>& frames,
                              std::vector<Frame>& late) {
    if (routes.late_days.empty()) return;
    std::erase_if(frames, [&](Frame& frame) {
        const bool is_late = routes.late_days.contains(day_of(frame.observed_at));
        if (is_late) late.push_back(std::move(frame));
        return is_late;
    });
}

void FrameLane::upsert(Frames frames) {
    if (frames.empty()) return;
    copy(copy_incoming, frames);
    const auto [first, last] = std::ranges::minmax(frames, {}, &Frame::observed_at);
    const auto literal = [](const Frame& frame) {
        return "'" + base::to_rfc3339(frame.observed_at) + "'::timestamptz";
    };
    const auto answer =
        pg_->column(fmt::format(upsert_incoming, literal(first), literal(last)).c_str());
    conflicts_ = static_cast<std::uint64_t>(base::parse_int(answer.at(0)).value_or(0));
}

void FrameLane::copy(const char* into, Frames frames) {
    if (frames.empty()) return;
    buffer_.clear();
    for (const Frame& frame : frames) {
        buffer_.begin_row(5);
        buffer_.timestamptz(frame.observed_at);
        buffer_.timestamptz(frame.received_at);
        buffer_.int4(frame.asset_id);
        buffer_.int4(frame.layout);
        buffer_.float8_array(frame.vals);
    }
    pg_->copy(into, buffer_.finish());
}

}  // namespace vigie::store
