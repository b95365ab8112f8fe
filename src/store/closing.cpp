#include "vigie/store/closing.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "store/packing.hpp"
#include "store/partitions.hpp"
#include "store/under_way.hpp"
#include "vigie/store/chunk.hpp"
#include "vigie/store/series.hpp"

namespace vigie::store {

namespace {

constexpr std::size_t rows_a_step = 5'000;

constexpr Query closing_mark{
    "closing_mark",
    "insert into storage_day (day, closing_at) values ($1::date, $2::timestamptz) "
    "on conflict (day) do nothing"};

constexpr Query closing_state{
    "closing_state",
    "select closed_at is not null as closed from storage_day where day = $1::date"};

constexpr Query closing_droppable{
    "closing_droppable",
    "select day - date '1970-01-01' as day from storage_day where closed_at <= $1::timestamptz "
    "and dropped_at is null order by day"};

constexpr Query closing_undropped{
    "closing_undropped",
    "select count(*) as n from storage_day where closed_at is not null and dropped_at is null"};

constexpr Query closing_dropped{
    "closing_dropped", "update storage_day set dropped_at = $2::timestamptz where day = $1::date"};

constexpr Query late_newest{"late_newest", "select coalesce(max(id), 0) as id from frame_late"};

constexpr Query repack_due{
    "repack_due",
    "select distinct asset_id, observed_at::date - date '1970-01-01' as day from frame_late f "
    "where exists (select from storage_day where day = f.observed_at::date and closed_at is not "
    "null) and id <= $2 order by asset_id, day limit $1"};

constexpr Query repack_chunks{
    "repack_chunks", "select body from chunk where asset_id = $1 and day = $2::date order by part",
    true};

constexpr Query repack_late{
    "repack_late",
    "select id, observed_at, received_at, layout, vals from frame_late where asset_id = $1 "
    "and observed_at >= $2::date and observed_at < $2::date + 1 and id <= $4 order by id limit $3",
    true};

constexpr Query repack_clear{"repack_clear",
                             "delete from chunk where asset_id = $1 and day = $2::date"};

constexpr Query repack_write{
    "repack_write",
    "insert into chunk (asset_id, day, part, body) values ($1, $2::date, $3, $4::bytea)"};

constexpr Query repack_taken{"repack_taken", "delete from frame_late where id = any($1::int8[])"};

constexpr Query repack_count{
    "repack_count",
    "update storage_day set frames = frames + $2, present = present + $3, bytes = bytes + $4 "
    "where day = $1::date"};

constexpr Query expire_chunks{
    "expire_chunks",
    "delete from chunk where ctid = any (array (select c.ctid from asset a join chunk c "
    "on c.asset_id = a.id where a.kind_id = $1 and c.day < $2::date and not exists ("
    "select from rollup_dirty where asset_id = a.id and hour / 24 = c.day - date '1970-01-01') "
    "limit $3))"};

constexpr Query expire_late{
    "expire_late",
    "delete from frame_late f using asset a where a.id = f.asset_id and a.kind_id = $1 "
    "and f.observed_at < $2::date and exists (select from storage_day where day = "
    "f.observed_at::date and closed_at is not null) and not exists (select from rollup_dirty "
    "where asset_id = a.id and hour / 24 = f.observed_at::date - date '1970-01-01')"};

constexpr Query expire_rollups{
    "expire_rollups",
    "delete from rollup where ctid = any (array (select r.ctid from asset a join rollup r "
    "on r.asset_id = a.id where a.kind_id = $1 and r.day < $2::date limit $3))"};

// The chunks of an asset and day, and what they hold.
struct PackedDay {
    FrameColumns frames;
    std::size_t bytes{};
};

std::optional<PackedDay> read_packed(Transaction& tx, std::int32_t asset, const std::string& day) {
    PackedDay packed;
    for (const auto& row : tx.rows(repack_chunks, asset, day)) {
        const auto body = row.text("body");
        const auto chunk = decode_chunk(body);
        if (!chunk) {
            spdlog::error("late frames of asset {} on {} are not packed: {}", asset, day,
                          chunk.error().detail.en);
            return std::nullopt;
        }
        packed.bytes += body.size();
        for (std::size_t i = 0; i < chunk->size(); ++i)
            packed.frames.append(*chunk, i);
    }
    return packed;
}

std::size_t write_packed(Transaction& tx, std::int32_t asset, const std::string& day,
                         const FrameColumns& frames) {
    tx.execute(repack_clear, asset, day);
    const std::size_t rows_max = chunk_rows_max(frames.positions.size());
    std::size_t bytes = 0;
    for (std::size_t first = 0, part = 0; first < frames.size(); first += rows_max, ++part) {
        FrameColumns piece;
        for (std::size_t i = first; i < std::min(first + rows_max, frames.size()); ++i)
            piece.append(frames, i);
        const auto body = encode_chunk(piece);
        bytes += body.size();
        tx.execute(repack_write, asset, day, part, bytea_text(body));
    }
    return bytes;
}

// Answers how many values that came late differed from those of their instant. Nothing: what is
// packed cannot be read; late frames stay beside it.
std::optional<std::size_t> repack_day(Transaction& tx, std::int32_t asset, const std::string& day,
                                      std::int64_t through) {
    auto found = read_packed(tx, asset, day);
    if (!found) return std::nullopt;
    auto& packed = *found;
    const auto frames_before = static_cast<std::int64_t>(packed.frames.size());
    const auto values_before = static_cast<std::int64_t>(packed.frames.present());
    std::vector<std::int64_t> taken;
    for (const auto& row : tx.rows(repack_late, asset, day, chunk_frames_max, through)) {
        taken.push_back(row.get<std::int64_t>("id"));
        packed.frames.append(base::epoch_us(row.get<base::Instant>("observed_at")),
                             base::epoch_us(row.get<base::Instant>("received_at")),
                             row.get<std::int32_t>("layout"), row.get<OptionalValues>("vals"));
    }
    std::size_t conflicts = 0;
    const auto frames = merged(packed.frames, &conflicts);
    const auto bytes = write_packed(tx, asset, day, frames);
    tx.execute(repack_taken, taken);
    tx.execute(repack_count, day, static_cast<std::int64_t>(frames.size()) - frames_before,
               static_cast<std::int64_t>(frames.present()) - values_before,
               static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(packed.bytes));
    return conflicts;
}

bool has_table(PgConnection& pg, const std::string& name) {
    return !pg.column(("select 1 from pg_class where oid = to_regclass('" + name + "')").c_str())
                .empty();
}

// "t": its detaching began and was not ended; nothing: it is no partition (any more).
std::vector<std::string> attachment(PgConnection& pg, const std::string& name) {
    return pg.column(
        ("select inhdetachpending from pg_inherits where inhparent = 'frame'::regclass and "
         "inhrelid = to_regclass('" +
         name + "')")
            .c_str());
}

}  // namespace

Closing::Closing(ClosingSettings settings, const base::Clock& clock,
                 std::function<void(Day)> route_late)
    : settings_(std::move(settings)),
      clock_(clock),
      route_late_(std::move(route_late)),
      pool_(settings_.app_url, 0),
      owner_under_way_(std::make_unique<UnderWay>()) {}

Closing::~Closing() = default;

std::size_t Closing::cut_silent(std::chrono::milliseconds older_than) {
    return pool_.cut_silent(older_than) + owner_under_way_->cut(older_than);
}

void Closing::at(ClosingStep step) const {
    if (settings_.at_step) settings_.at_step(step);
}

std::vector<Day> Closing::open_days(Day last) {
    PgConnection owner(settings_.owner_url, {}, owner_under_way_.get());
    std::vector<Day> days;
    for (const auto& name : owner.column(
             "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid "
             "where i.inhparent = 'frame'::regclass and not i.inhdetachpending and not exists ("
             "select from storage_day where closed_at is not null and "
             "'frame_' || to_char(day, 'YYYYMMDD') = c.relname) order by 1")) {
        const auto day = partition_day(name);
        if (day && *day <= last && partition_name(*day) == name) days.push_back(*day);
    }
    return days;
}

void Closing::mark_closing(Day day) {
    pool_.write_now(
        [&](Transaction& tx) { tx.execute(closing_mark, date_text(day), clock_.now()); });
    route_late_(day);
    at(ClosingStep::routed);
}

base::Result<ClosedDay> Closing::close(Day day) {
    const auto name = partition_name(day);
    const auto text = date_text(day);
    const bool is_closed = pool_.read_now([&](Transaction& tx) {
        const auto row = tx.optional_row(closing_state, text);
        return row && row->get<bool>("closed");
    });
    if (is_closed) return base::fail(base::Errc::conflict, text + " is closed", text + " est clos");
    PgConnection owner(settings_.owner_url, {}, owner_under_way_.get());
    if (attachment(owner, name).empty())
        return base::fail(base::Errc::not_found, "nothing is stored of " + text,
                          "rien n'est enregistré du " + text);
    mark_closing(day);
    owner.execute("begin");
    owner.execute("set local work_mem = '64MB'");
    owner.execute(("lock table " + name + " in share row exclusive mode").c_str());
    at(ClosingStep::locked);
    auto closed = pack_day(owner, day);
    if (!closed) return closed;
    at(ClosingStep::packed);
    if (const auto same = compare_day(owner, day); !same) return same.error();
    at(ClosingStep::compared);
    owner.execute(
        "update storage_day set closed_at = $2::timestamptz, frames = $3::int8, "
        "present = $4::int8, bytes = $5::int8 where day = $1::date",
        {text, base::to_rfc3339(clock_.now()), std::to_string(closed->frames),
         std::to_string(closed->values), std::to_string(closed->bytes)});
    owner.execute("commit");
    at(ClosingStep::closed);
    return closed;
}

std::vector<Day> Closing::droppable() {
    std::vector<Day> days;
    pool_.read_now([&](Transaction& tx) {
        for (const auto& row : tx.rows(closing_droppable, clock_.now() - settings_.linger))
            days.emplace_back(std::chrono::days{row.get<std::int32_t>("day")});
    });
    return days;
}

bool Closing::has_to_drop() {
    return !droppable().empty();
}

std::size_t Closing::drop_closed() {
    for (const Day day : droppable()) {
        if (!drop(day)) break;  // one detaching at a time
    }
    return pool_.read_now([](Transaction& tx) {
        return static_cast<std::size_t>(tx.row(closing_undropped)->get<std::int64_t>("n"));
    });
}

bool Closing::drop(Day day) {
    const auto name = partition_name(day);
    PgConnection owner(settings_.owner_url, {}, owner_under_way_.get());
    owner.execute(
        ("set statement_timeout = " + std::to_string(settings_.wait_max.count())).c_str());
    try {
        // A plain detach or drop would wait behind a reader, and ingestion behind it.
        const auto pending = attachment(owner, name);
        if (!pending.empty()) {
            owner.execute(("alter table frame detach partition " + name +
                           (pending.front() == "t" ? " finalize" : " concurrently"))
                              .c_str());
            at(ClosingStep::detached);
        }
        if (has_table(owner, name)) owner.execute(("drop table " + name).c_str());
        at(ClosingStep::dropped);
    } catch (const Refused& refused) {
        if (refused.sqlstate != "57014") throw;
        spdlog::info("a reader holds {}; it is dropped later", name);
        return false;
    }
    pool_.write_now(
        [&](Transaction& tx) { tx.execute(closing_dropped, date_text(day), clock_.now()); });
    return true;
}

std::int64_t Closing::newest_late() {
    return pool_.read_now(
        [](Transaction& tx) { return tx.row(late_newest)->get<std::int64_t>("id"); });
}

Repacked Closing::repack(std::int64_t through) {
    Repacked repacked;
    for (;;) {
        std::vector<std::pair<std::int32_t, std::string>> due;
        pool_.read_now([&](Transaction& tx) {
            for (const auto& row : tx.rows(repack_due, rows_a_step, through)) {
                due.emplace_back(row.get<std::int32_t>("asset_id"),
                                 date_text(Day{std::chrono::days{row.get<std::int32_t>("day")}}));
            }
        });
        bool has_failed = false;
        for (const auto& [asset, day] : due) {
            const auto conflicts = pool_.write_now(
                [&](Transaction& tx) { return repack_day(tx, asset, day, through); });
            has_failed = has_failed || !conflicts;
            repacked.days += conflicts ? 1 : 0;
            repacked.conflicts += conflicts.value_or(0);
        }
        if (due.empty() || has_failed) return repacked;
    }
}

Expired Closing::expire(const std::vector<Retention>& kinds) {
    Expired expired;
    const auto today = day_of(clock_.now());
    const auto delete_all = [&](const Query& query, std::int32_t kind, Day before) {
        std::size_t total = 0;
        for (std::size_t gone = rows_a_step; gone == rows_a_step; total += gone) {
            gone = pool_.write_now([&](Transaction& tx) {
                return tx.execute(query, kind, date_text(before), rows_a_step);
            });
        }
        return total;
    };
    for (const auto& kind : kinds) {
        pool_.write_now([&](Transaction& tx) {
            tx.execute(expire_late, kind.kind_id, date_text(today - kind.raw));
        });
        expired.chunks += delete_all(expire_chunks, kind.kind_id, today - kind.raw);
        expired.rollups += delete_all(expire_rollups, kind.kind_id, today - kind.rollups);
    }
    return expired;
}

}  // namespace vigie::store
