#include "vigie/store/series.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

#include "vigie/base/text.hpp"

namespace vigie::store {

namespace {

constexpr std::chrono::days first_slice{2};
constexpr std::chrono::days slice_max{64};
// An answer of the database is text, four times the size of the frames: a day of a device that
// floods comes in several.
constexpr std::size_t frames_an_answer_max = 20'000;

constexpr Query series_hold{"series_hold", "lock table only frame in access share mode"};

constexpr Query series_closed{
    "series_closed",
    "select day - date '1970-01-01' as day from storage_day where closed_at is not null "
    "and dropped_at is null and day between $1::date and $2::date"};

constexpr Query series_late{
    "series_late",
    "select observed_at, received_at, layout, vals from frame_late where asset_id = $1 "
    "and observed_at >= $2::timestamptz and observed_at < $3::timestamptz order by id"};

constexpr Query series_chunks{
    "series_chunks",
    "select c.day, c.part, c.body from chunk c join storage_day d on d.day = c.day "
    "where c.asset_id = $1 and c.day between $2::date and $3::date and d.closed_at is not null "
    "order by c.day, c.part"};

constexpr Query series_frames{
    "series_frames",
    "select observed_at, layout, vals from frame where asset_id = $1 "
    "and observed_at >= $2::timestamptz and observed_at < $3::timestamptz "
    "order by observed_at limit $4"};

constexpr Query series_open_frames{
    "series_open_frames",
    "select observed_at, layout, vals from frame where asset_id = $1 "
    "and observed_at >= $2::timestamptz and observed_at < $3::timestamptz "
    "and observed_at::date - date '1970-01-01' <> all ($5::int4[]) "
    "order by observed_at limit $4"};

struct SeriesSlice {
    std::int32_t asset;
    base::Instant from;
    base::Instant to;
    const SeriesQuestion& question;

    [[nodiscard]] std::string first_day() const { return base::to_rfc3339(from).substr(0, 10); }
    [[nodiscard]] std::string last_day() const {
        return base::to_rfc3339(to - base::Duration{1}).substr(0, 10);
    }
    [[nodiscard]] std::optional<std::span<const std::int64_t>> wanted() const {
        if (!question.positions) return std::nullopt;
        return std::span<const std::int64_t>(*question.positions);
    }
};

void append_chunk(FrameColumns& out, const SeriesSlice& slice, const Row& row) {
    const auto chunk = decode_chunk(parse_bytea(row.text("body")), slice.wanted());
    if (!chunk) {
        spdlog::error("the chunk of asset {}, {}, part {} cannot be read: {}", slice.asset,
                      row.text("day"), row.text("part"), chunk.error().detail.en);
        return;
    }
    const auto from = base::epoch_us(slice.from);
    const auto to = base::epoch_us(slice.to);
    for (std::size_t i = 0; i < chunk->size(); ++i) {
        if (chunk->observed_us[i] >= from && chunk->observed_us[i] < to) out.append(*chunk, i);
    }
}

std::vector<std::int64_t> closed_days(Transaction& tx, const SeriesSlice& slice) {
    std::vector<std::int64_t> closed;
    for (const auto& row : tx.rows(series_closed, slice.first_day(), slice.last_day()))
        closed.push_back(row.get<std::int64_t>("day"));
    return closed;
}

void append_open_frames(FrameColumns& out, Transaction& tx, const SeriesSlice& slice,
                        const std::vector<std::int64_t>& closed) {
    auto from = slice.from;
    for (std::size_t left = slice.question.limit; left > 0;) {
        const auto asked = std::min(left, frames_an_answer_max);
        const auto rows =
            closed.empty()
                ? tx.rows(series_frames, slice.asset, from, slice.to, asked)
                : tx.rows(series_open_frames, slice.asset, from, slice.to, asked, closed);
        for (const auto& row : rows) {
            const auto observed = row.get<base::Instant>("observed_at");
            out.append(base::epoch_us(observed), 0, row.get<std::int32_t>("layout"),
                       parse_values(row.text("vals")));
            from = observed + std::chrono::microseconds{1};
        }
        if (rows.size() < asked) return;
        left -= asked;
    }
}

// In this order, so that what is closed or repacked meanwhile, where the transaction is no
// snapshot, is seen twice and merged, never missed.
FrameColumns read_slice(Transaction& tx, const SeriesSlice& slice) {
    const auto closed = closed_days(tx, slice);
    FrameColumns late;
    for (const auto& row : tx.rows(series_late, slice.asset, slice.from, slice.to)) {
        late.append(base::epoch_us(row.get<base::Instant>("observed_at")),
                    base::epoch_us(row.get<base::Instant>("received_at")),
                    row.get<std::int32_t>("layout"), parse_values(row.text("vals")));
    }
    FrameColumns out;
    for (const auto& row :
         tx.rows(series_chunks, slice.asset, slice.first_day(), slice.last_day())) {
        append_chunk(out, slice, row);
    }
    append_open_frames(out, tx, slice, closed);
    for (std::size_t i = 0; i < late.size(); ++i)
        out.append(late, i);
    return merged(out);
}

}  // namespace

void hold_series(Transaction& tx) {
    tx.rows(series_hold);
}

FrameColumns read_series(Transaction& tx, const SeriesQuestion& question) {
    FrameColumns out;
    auto slice_days =
        question.limit == std::numeric_limits<std::size_t>::max() ? slice_max : first_slice;
    auto from = question.from;
    auto to = question.to;
    while (from < to && out.size() < question.limit) {
        const auto end = std::min(to, base::Instant(day_of(from) + slice_days));
        const auto slice = read_slice(tx, {question.asset, from, end, question});
        if (out.size() == 0 && slice.size() <= question.limit) {
            out = slice;
        } else {
            for (std::size_t i = 0; i < slice.size() && out.size() < question.limit; ++i)
                out.append(slice, i);
        }
        from = end;
        slice_days = std::min(slice_days * 2, slice_max);
    }
    return out;
}

std::vector<std::optional<double>> parse_values(std::string_view array) {
    std::vector<std::optional<double>> values;
    if (array.size() < 3) return values;
    const char* at = array.data() + 1;
    const char* const end = array.data() + array.size() - 1;
    while (at < end) {
        double value{};
        const auto [next, error] = std::from_chars(at, end, value);
        if (error == std::errc{}) {
            values.emplace_back(value);
            at = next + 1;
        } else {  // NULL; infinities and NaN are read by from_chars
            values.emplace_back();
            at = std::find(at, end, ',') + 1;
        }
    }
    return values;
}

std::string parse_bytea(std::string_view text) {
    const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    if (!text.starts_with("\\x")) return {};
    text.remove_prefix(2);
    std::string bytes(text.size() / 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(nibble(text[2 * i]) * 16 + nibble(text[2 * i + 1]));
    return bytes;
}

std::string bytea_text(std::string_view bytes) {
    return "\\x" + base::to_hex(bytes);
}

}  // namespace vigie::store
