#include "vigie/store/series.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "vigie/base/text.hpp"

namespace vigie::store {

namespace {

constexpr std::chrono::days first_slice{2};
constexpr std::chrono::days slice_max{64};
// An answer of the database is twice the size of the frames: a day of a device that floods comes in
// several.
constexpr std::size_t frames_an_answer_max = 20'000;
// Their answers are in memory at the same time.
constexpr std::size_t questions_a_trip_max = 4;

constexpr Query series_hold{"series_hold", "lock table only frame in access share mode"};

constexpr Query series_closed{
    "series_closed",
    "select day - date '1970-01-01' as day from storage_day where closed_at is not null "
    "and dropped_at is null and day between $1::date and $2::date"};

constexpr Query series_late{
    "series_late",
    "select observed_at, received_at, layout, vals from frame_late where asset_id = $1 "
    "and observed_at >= $2::timestamptz and observed_at < $3::timestamptz order by id",
    true};

constexpr Query series_chunks{
    "series_chunks",
    "select c.day - date '1970-01-01' as day, c.part, c.body from chunk c join storage_day d on "
    "d.day = c.day "
    "where c.asset_id = $1 and c.day between $2::date and $3::date and d.closed_at is not null "
    "order by c.day, c.part",
    true};

constexpr Query series_frames{
    "series_frames",
    "select observed_at, layout, vals from frame where asset_id = $1 "
    "and observed_at >= $2::timestamptz and observed_at < $3::timestamptz "
    "and observed_at::date <> all (array(select day from storage_day where closed_at is not null "
    "and dropped_at is null and day between $4::date and $5::date)) "
    "order by observed_at limit $6",
    true};

constexpr Query series_more_frames{
    "series_more_frames",
    "select observed_at, layout, vals from frame where asset_id = $1 "
    "and observed_at >= $2::timestamptz and observed_at < $3::timestamptz "
    "and observed_at::date - date '1970-01-01' <> all ($5::int4[]) "
    "order by observed_at limit $4",
    true};

struct SeriesSlice {
    std::int32_t asset;
    base::Instant from;
    base::Instant to;
    const SeriesQuestion& question;

    [[nodiscard]] std::string first_day() const { return date_text(day_of(from)); }
    [[nodiscard]] std::string last_day() const { return date_text(day_of(to - base::Duration{1})); }
    [[nodiscard]] std::optional<std::span<const std::int64_t>> wanted() const {
        if (!question.positions) return std::nullopt;
        return std::span<const std::int64_t>(*question.positions);
    }
};

void append_chunk(FrameColumns& out, const SeriesSlice& slice, const Row& row) {
    const auto chunk = decode_chunk(row.text("body"), slice.wanted());
    if (!chunk) {
        spdlog::error("the chunk of asset {}, {}, part {} cannot be read: {}", slice.asset,
                      date_text(Day{std::chrono::days{row.get<std::int32_t>("day")}}),
                      row.get<std::int32_t>("part"), chunk.error().detail.en);
        return;
    }
    const auto from = base::epoch_us(slice.from);
    const auto to = base::epoch_us(slice.to);
    for (std::size_t i = 0; i < chunk->size(); ++i) {
        if (chunk->observed_us[i] >= from && chunk->observed_us[i] < to) out.append(*chunk, i);
    }
}

struct AskedSlice {
    SeriesSlice slice;
    std::size_t frames_asked;
    Later closed;
    Later frames;
    Later late;
    Later chunks;
};

// In this order, so that what is closed or repacked meanwhile, where the transaction is no
// snapshot, is seen twice and merged, never missed.
AskedSlice ask_slice(Transaction& tx, const SeriesSlice& slice) {
    const auto asked = std::min(slice.question.limit, frames_an_answer_max);
    const auto first = slice.first_day();
    const auto last = slice.last_day();
    auto closed = tx.later(series_closed, first, last);
    auto frames = tx.later(series_frames, slice.asset, slice.from, slice.to, first, last, asked);
    auto late = tx.later(series_late, slice.asset, slice.from, slice.to);
    auto chunks = tx.later(series_chunks, slice.asset, first, last);
    return {slice, asked, std::move(closed), std::move(frames), std::move(late), std::move(chunks)};
}

// Answers the instant from which there may be more.
base::Instant append_frames(FrameColumns& out, const Rows& rows, base::Instant from) {
    for (const auto& row : rows) {
        const auto observed = row.get<base::Instant>("observed_at");
        out.append(base::epoch_us(observed), 0, row.get<std::int32_t>("layout"),
                   row.get<OptionalValues>("vals"));
        from = observed + std::chrono::microseconds{1};
    }
    return from;
}

// What is closed since the slice was asked for lies in no chunk that was read: only what was closed
// then is left out.
void append_open_frames(FrameColumns& out, Transaction& tx, const AskedSlice& asked) {
    const auto& slice = asked.slice;
    std::vector<std::int64_t> closed;
    for (const auto& row : asked.closed.rows())
        closed.push_back(row.get<std::int64_t>("day"));
    std::size_t left = slice.question.limit;
    std::size_t wanted = asked.frames_asked;
    Rows rows = asked.frames.rows();
    auto from = append_frames(out, rows, slice.from);
    while (rows.size() == wanted && (left -= wanted) > 0) {
        wanted = std::min(left, frames_an_answer_max);
        rows = tx.rows(series_more_frames, slice.asset, from, slice.to, wanted, closed);
        from = append_frames(out, rows, from);
    }
}

FrameColumns answer_of(Transaction& tx, const AskedSlice& asked) {
    FrameColumns out;
    for (const auto& row : asked.chunks.rows())
        append_chunk(out, asked.slice, row);
    append_open_frames(out, tx, asked);
    for (const auto& row : asked.late.rows()) {
        out.append(base::epoch_us(row.get<base::Instant>("observed_at")),
                   base::epoch_us(row.get<base::Instant>("received_at")),
                   row.get<std::int32_t>("layout"), row.get<OptionalValues>("vals"));
    }
    return merged(out);
}

// Goes through one question in slices. The first is asked for at once, to travel with others.
class SeriesWalk {
public:
    SeriesWalk(Transaction& tx, const SeriesQuestion& question)
        : tx_(tx),
          question_(question),
          slice_days_(question.limit == std::numeric_limits<std::size_t>::max() ? slice_max
                                                                                : first_slice),
          from_(question.from) {
        ask();
    }

    FrameColumns finish() {
        while (asked_) {
            take(answer_of(tx_, *std::exchange(asked_, std::nullopt)));
            ask();
        }
        return std::move(out_);
    }

private:
    void ask() {
        if (from_ >= question_.to || out_.size() >= question_.limit) return;
        const auto end = std::min(question_.to, base::Instant(day_of(from_) + slice_days_));
        asked_.emplace(ask_slice(tx_, {question_.asset, from_, end, question_}));
        from_ = end;
        slice_days_ = std::min(slice_days_ * 2, slice_max);
    }
    void take(FrameColumns slice) {
        if (out_.size() == 0 && slice.size() <= question_.limit) {
            out_ = std::move(slice);
            return;
        }
        for (std::size_t i = 0; i < slice.size() && out_.size() < question_.limit; ++i)
            out_.append(slice, i);
    }

    Transaction& tx_;
    const SeriesQuestion& question_;
    std::chrono::days slice_days_;
    base::Instant from_;
    std::optional<AskedSlice> asked_;
    FrameColumns out_;
};

}  // namespace

void hold_series(Transaction& tx) {
    (void)tx.later(series_hold);
}

FrameColumns read_series(Transaction& tx, const SeriesQuestion& question) {
    return SeriesWalk(tx, question).finish();
}

std::vector<FrameColumns> read_all_series(Transaction& tx,
                                          const std::vector<SeriesQuestion>& questions) {
    std::vector<FrameColumns> all;
    for (std::size_t first = 0; first < questions.size(); first += questions_a_trip_max) {
        std::vector<SeriesWalk> walks;
        walks.reserve(questions_a_trip_max);
        for (std::size_t i = first; i < questions.size() && walks.size() < questions_a_trip_max;
             ++i)
            walks.emplace_back(tx, questions[i]);
        for (auto& walk : walks)
            all.push_back(walk.finish());
    }
    return all;
}

std::string bytea_text(std::string_view bytes) {
    return "\\x" + base::to_hex(bytes);
}

}  // namespace vigie::store
