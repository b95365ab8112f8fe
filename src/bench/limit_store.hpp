// What the database alone can take: the limit that the ingestion is measured against.
//
// L is COPY BINARY into the product's own table `frame`, two connections, nothing else. Before the
// clock starts they are connected, have stored a transaction each, and the bytes are made; then
// only instants are changed in them. The reference is a fixed narrow table, measured in the same
// way, so that a slower schema of ours would show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/machine.hpp"

namespace vigie::bench {

struct LimitSettings {
    std::string app_url;    // as the server: vigie_app
    std::string super_url;  // makes the reference table, asks for checkpoints
    std::int32_t asset_first{1'000'001};
    std::int32_t layout{};
    std::size_t assets{1'000};
    std::size_t connections{2};
    double seconds{2};  // of each size of transaction
    Watch watch = {};   // whose processor time is not foreign
};

struct LimitFigures {
    double values_per_s{};
    std::size_t batch_rows{};  // the transactions that were quickest
    double cpu_us_per_row{};   // with these
    Spent spent;               // over all sizes
};

class Limit {
public:
    explicit Limit(LimitSettings settings);

    // Four values to a row, in transactions of 1,000, 4,000 and 10,000 rows, each size after a
    // checkpoint: the best counts.
    LimitFigures frames();
    LimitFigures reference();
    // So that each measurement begins with the same debts.
    void checkpoint() const;
    // Rows that the server stored of assets below asset_first.
    [[nodiscard]] std::uint64_t stored() const;
    // Rows of the Node pipeline.
    [[nodiscard]] std::uint64_t stored_by_peer() const;
    [[nodiscard]] std::string version() const;
    // Heap, TOAST and index of the hot table, whoever wrote it.
    [[nodiscard]] std::uint64_t table_bytes() const;
    // Days of an asset that the server rolled up.
    [[nodiscard]] std::uint64_t rollup_rows() const;

private:
    LimitFigures best(const std::string& copy, bool is_reference);
    LimitFigures run(const std::string& copy, bool is_reference, std::size_t rows);
    LimitSettings settings_;
    std::int64_t last_us_{};  // the instant written last
};

}  // namespace vigie::bench
