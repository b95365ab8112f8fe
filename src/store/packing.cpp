#include "store/packing.hpp"

#include <bit>

#include "store/binary_field.hpp"
#include "store/partitions.hpp"
#include "vigie/store/chunk.hpp"

namespace vigie::store {

namespace {

constexpr std::int32_t database_epoch_days = 10'957;
constexpr std::size_t chunk_bytes_a_copy = 1UL * 1024 * 1024;
constexpr const char* fetch_frames = "fetch 5000 from closing_frames";
constexpr const char* fetch_chunks = "fetch 20 from closing_chunks";
constexpr const char* copy_chunks =
    "copy chunk (asset_id, day, part, body) from stdin with (format binary)";

// The rows of a cursor, one after the other.
class CursorRows {
public:
    CursorRows(PgConnection& pg, const std::string& declare, const char* fetch)
        : pg_(pg), fetch_(fetch) {
        pg_.execute(declare.c_str());
    }
    bool next() {
        if (++row_ < rows_) return true;
        result_ = pg_.binary_rows(fetch_);
        rows_ = PQntuples(result_.get());
        row_ = 0;
        return rows_ > 0;
    }
    [[nodiscard]] const char* field(int column) const {
        return PQgetvalue(result_.get(), row_, column);
    }
    [[nodiscard]] std::int32_t int4(int column) const {
        return big_endian_at<std::int32_t>(field(column));
    }
    [[nodiscard]] std::int64_t instant_us(int column) const {
        return big_endian_at<std::int64_t>(field(column)) + database_epoch_us;
    }
    [[nodiscard]] std::string_view bytes(int column) const {
        return {field(column), static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
    }

private:
    PgConnection& pg_;
    const char* fetch_;
    PgConnection::ResultPtr result_{nullptr, &PQclear};
    int row_ = 0;
    int rows_ = 0;
};

std::string declare_frames(Day day) {
    return "declare closing_frames no scroll cursor for select asset_id, layout, observed_at, "
           "received_at, vals from " +
           partition_name(day) + " order by asset_id, observed_at";
}

std::string declare_chunks(Day day) {
    return "declare closing_chunks no scroll cursor for select asset_id, body from chunk where "
           "day = date '1970-01-01' + " +
           std::to_string(day.time_since_epoch().count()) + " order by asset_id, part";
}

class ChunkWriter {
public:
    ChunkWriter(PgConnection& pg, Day day) : pg_(pg), closed_{.day = day} {}

    void append(std::int32_t asset, const CursorRows& row,
                const std::vector<std::optional<double>>& values) {
        const std::size_t width = std::max(frames_.positions.size(), values.size());
        if (asset != asset_ || frames_.size() + 1 > chunk_rows_max(width)) {
            write_chunk();
            part_ = asset == asset_ ? part_ + 1 : 0;
            asset_ = asset;
        }
        frames_.append(row.instant_us(2), row.instant_us(3), row.int4(1), values);
    }

    ClosedDay finish() {
        write_chunk();
        flush();
        return closed_;
    }

private:
    void write_chunk() {
        if (frames_.size() == 0) return;
        const auto body = encode_chunk(frames_);
        closed_.frames += static_cast<std::int64_t>(frames_.size());
        closed_.values += static_cast<std::int64_t>(frames_.present());
        closed_.bytes += static_cast<std::int64_t>(body.size());
        waiting_bytes_ += body.size();
        copy_.begin_row(4);
        copy_.int4(asset_);
        copy_.int4(static_cast<std::int32_t>(closed_.day.time_since_epoch().count()) -
                   database_epoch_days);
        copy_.int4(part_);
        copy_.bytea(body);
        frames_.clear();
        if (waiting_bytes_ > chunk_bytes_a_copy) flush();
    }

    void flush() {
        pg_.copy(copy_chunks, copy_.finish());
        copy_.clear();
        waiting_bytes_ = 0;
    }

    PgConnection& pg_;
    ClosedDay closed_;
    FrameColumns frames_;
    std::int32_t asset_ = -1;
    std::int32_t part_ = 0;
    BinaryCopy copy_;
    std::size_t waiting_bytes_ = 0;
};

bool same_bits(const std::optional<double>& a, const std::optional<double>& b) {
    if (!a || !b) return a.has_value() == b.has_value();
    return std::bit_cast<std::uint64_t>(*a) == std::bit_cast<std::uint64_t>(*b);
}

bool is_row(const FrameColumns& chunk, std::size_t at, const CursorRows& row) {
    if (chunk.layouts[at] != row.int4(1) || chunk.observed_us[at] != row.instant_us(2) ||
        chunk.received_us[at] != row.instant_us(3))
        return false;
    return std::ranges::equal(chunk.row_values(at), optional_values_at(row.field(4)), same_bits);
}

base::Error differs(std::int32_t asset) {
    const auto name = std::to_string(asset);
    return base::fail(base::Errc::conflict, "the chunk of asset " + name + " is not its frames",
                      "le bloc de l'équipement " + name + " n'est pas ses mesures");
}

}  // namespace

base::Result<ClosedDay> pack_day(PgConnection& pg, Day day) {
    CursorRows rows(pg, declare_frames(day), fetch_frames);
    ChunkWriter writer(pg, day);
    while (rows.next()) {
        const auto values = optional_values_at(rows.field(4));
        if (values.size() > chunk_positions_max) {
            return base::fail(base::Errc::invalid, "a frame has more positions than a chunk holds",
                              "une mesure a plus de positions qu'un bloc n'en contient");
        }
        writer.append(rows.int4(0), rows, values);
    }
    pg.execute("close closing_frames");
    return writer.finish();
}

base::Result<void> compare_day(PgConnection& pg, Day day) {
    CursorRows rows(pg, declare_frames(day), fetch_frames);
    CursorRows chunks(pg, declare_chunks(day), fetch_chunks);
    while (chunks.next()) {
        const auto asset = chunks.int4(0);
        const auto chunk = decode_chunk(chunks.bytes(1));
        if (!chunk) return chunk.error();
        for (std::size_t i = 0; i < chunk->size(); ++i) {
            if (!rows.next() || rows.int4(0) != asset || !is_row(*chunk, i, rows))
                return differs(asset);
        }
    }
    if (rows.next()) return differs(rows.int4(0));
    pg.execute("close closing_frames");
    pg.execute("close closing_chunks");
    return {};
}

}  // namespace vigie::store
