// What the database alone can take: the limit that the ingestion is measured against.
//
// L is COPY BINARY into the product's own table `frame`, two connections, nothing else; the bytes
// are made beforehand and only instants are changed in them. The reference is a fixed narrow table,
// so that a slower schema of ours would show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace vigie::bench {

struct LimitSettings {
    std::string app_url;    // as the server: vigie_app
    std::string super_url;  // makes the reference table, asks for checkpoints
    std::int32_t asset_first{1'000'001};
    std::int32_t layout{};
    std::size_t assets{1'000};
    std::size_t connections{2};
    double seconds{2};
};

class Limit {
public:
    explicit Limit(LimitSettings settings);

    // Values a second, four to a row, in transactions of `rows`.
    double frames(std::size_t rows);
    double reference(std::size_t rows);
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
    double run(const std::string& copy, bool is_reference, std::size_t rows);
    LimitSettings settings_;
    std::int64_t last_us_{};  // the instant written last
};

}  // namespace vigie::bench
