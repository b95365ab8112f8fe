#include "bench/limit_store.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace vigie::bench {

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Steady = std::chrono::steady_clock;
using Reply = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr std::int64_t postgres_epoch_us = 946'684'800'000'000;
constexpr std::int32_t float8_oid = 701;
constexpr double values_per_row = 4;
constexpr std::size_t batch_rows[] = {1'000, 4'000, 10'000};

Connection connect(const std::string& url) {
    Connection connection(PQconnectdb(url.c_str()), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK)
        throw std::runtime_error(PQerrorMessage(connection.get()));
    return connection;
}

Reply ask(PGconn* connection, const std::string& sql, ExecStatusType expected) {
    Reply reply(PQexec(connection, sql.c_str()), &PQclear);
    if (PQresultStatus(reply.get()) != expected)
        throw std::runtime_error(sql + ": " + PQerrorMessage(connection));
    return reply;
}

std::string answer(const std::string& url, const std::string& sql) {
    const auto connection = connect(url);
    const auto reply = ask(connection.get(), sql, PGRES_TUPLES_OK);
    return PQgetvalue(reply.get(), 0, 0);
}

template <typename T>
void append(std::string& to, T value) {
    value = std::byteswap(value);
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
void sized(std::string& to, T value) {
    append(to, std::int32_t{sizeof value});
    append(to, value);
}

std::int64_t bits(double value) {
    return std::bit_cast<std::int64_t>(value);
}

// A transaction's bytes, sorted by asset and instant as the server's writers sort theirs.
class CopyBytes {
public:
    CopyBytes(const LimitSettings& settings, std::size_t rows, std::size_t writer, bool reference)
        : per_asset_(0) {
        const std::size_t own = settings.assets / settings.connections;
        per_asset_ = (rows + own - 1) / own;
        bytes_.assign("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
        for (std::size_t row = 0; row < rows; ++row) {
            const auto asset = settings.asset_first + static_cast<std::int32_t>(writer * own) +
                               static_cast<std::int32_t>(row / per_asset_);
            reference ? add_reference(asset, row) : add_frame(asset, settings.layout, row);
        }
        append(bytes_, std::int16_t{-1});
    }

    // Gives every row a new instant, from `first_us` on; answers the first that is free again.
    std::int64_t date(std::int64_t first_us) {
        for (std::size_t row = 0; row < times_.size(); ++row) {
            const auto us = std::byteswap(first_us + static_cast<std::int64_t>(row % per_asset_) -
                                          postgres_epoch_us);
            for (const std::size_t at : {times_[row].first, times_[row].second}) {
                if (at != 0) std::memcpy(bytes_.data() + at, &us, sizeof us);
            }
        }
        return first_us + static_cast<std::int64_t>(per_asset_);
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    static double value(std::size_t row, std::size_t position) {
        return static_cast<double>((row * 7919 + position * 104'729) % 10'000) / 10.0;
    }
    std::size_t add_time() {
        append(bytes_, std::int32_t{8});
        const std::size_t at = bytes_.size();
        append(bytes_, std::int64_t{0});
        return at;
    }
    void add_frame(std::int32_t asset, std::int32_t layout, std::size_t row) {
        append(bytes_, std::int16_t{5});
        const std::size_t observed = add_time();
        times_.emplace_back(observed, add_time());
        sized(bytes_, asset);
        sized(bytes_, layout);
        append(bytes_, std::int32_t{20 + 4 * 12});
        for (const std::int32_t word : {1, 0, float8_oid, 4, 1})
            append(bytes_, word);
        for (std::size_t i = 0; i < 4; ++i)
            sized(bytes_, bits(value(row, i)));
    }
    void add_reference(std::int32_t asset, std::size_t row) {
        append(bytes_, std::int16_t{6});
        times_.emplace_back(add_time(), 0);
        sized(bytes_, asset);
        for (std::size_t i = 0; i < 4; ++i)
            sized(bytes_, bits(value(row, i)));
    }

    std::string bytes_;
    std::vector<std::pair<std::size_t, std::size_t>> times_;  // where they stand; 0: none
    std::size_t per_asset_;
};

void send(PGconn* connection, const std::string& copy, const std::string& bytes) {
    (void)ask(connection, copy, PGRES_COPY_IN);
    if (PQputCopyData(connection, bytes.data(), static_cast<int>(bytes.size())) != 1 ||
        PQputCopyEnd(connection, nullptr) != 1) {
        throw std::runtime_error(PQerrorMessage(connection));
    }
    const Reply ended(PQgetResult(connection), &PQclear);
    if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK)
        throw std::runtime_error(PQerrorMessage(connection));
    while (PGresult* rest = PQgetResult(connection))
        PQclear(rest);
}

// A connection with its bytes: ready before the clock starts.
struct Writer {
    CopyBytes bytes;
    Connection connection;
    std::int64_t next_us;

    void store(const std::string& copy) {
        next_us = bytes.date(next_us);
        send(connection.get(), copy, bytes.bytes());
    }
};

}  // namespace

Limit::Limit(LimitSettings settings) : settings_(std::move(settings)) {
    const auto connection = connect(settings_.super_url);
    (void)ask(connection.get(),
              "create table if not exists bench_reference (observed_at timestamptz not null, "
              "asset_id int4 not null, v1 float8, v2 float8, v3 float8, v4 float8, "
              "primary key (asset_id, observed_at)) with (autovacuum_vacuum_insert_threshold = "
              "-1)",  // as the product's own partitions
              PGRES_COMMAND_OK);
    (void)ask(connection.get(), "grant insert on bench_reference to vigie_app", PGRES_COMMAND_OK);
}

LimitFigures Limit::frames() {
    return best(
        "copy frame (observed_at, received_at, asset_id, layout, vals) from stdin with (format "
        "binary)",
        false);
}

LimitFigures Limit::reference() {
    return best(
        "copy bench_reference (observed_at, asset_id, v1, v2, v3, v4) from stdin with (format "
        "binary)",
        true);
}

LimitFigures Limit::best(const std::string& copy, bool is_reference) {
    LimitFigures best;
    Spent whole;
    for (const std::size_t rows : batch_rows) {
        checkpoint();
        const auto one = run(copy, is_reference, rows);
        whole += one.spent;
        if (one.values_per_s > best.values_per_s) best = one;
    }
    best.spent = whole;
    return best;
}

LimitFigures Limit::run(const std::string& copy, bool is_reference, std::size_t rows) {
    const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
    const std::int64_t first_us = std::max<std::int64_t>(now_us, last_us_ + 1);
    std::vector<Writer> writers;
    for (std::size_t number = 0; number < settings_.connections; ++number) {
        writers.push_back({CopyBytes(settings_, rows, number, is_reference),
                           connect(settings_.app_url), first_us});
        writers.back().store(copy);
    }
    const Meter meter(settings_.watch);
    const auto began = Steady::now();
    const auto until = began + std::chrono::duration<double>(settings_.seconds);
    std::atomic<std::uint64_t> stored{0};
    std::atomic<bool> failed{false};
    {
        std::vector<std::jthread> threads;
        for (auto& writer : writers) {
            threads.emplace_back([&] {
                try {
                    while (Steady::now() < until) {
                        writer.store(copy);
                        stored += rows;
                    }
                } catch (const std::exception&) {
                    failed = true;
                }
            });
        }
    }
    const double seconds = std::chrono::duration<double>(Steady::now() - began).count();
    const auto spent = meter.spent();
    if (failed) throw std::runtime_error("the limit cannot be measured: " + copy);
    for (const auto& writer : writers)
        last_us_ = std::max(last_us_, writer.next_us);
    const auto all = static_cast<double>(stored);
    return {.values_per_s = all * values_per_row / seconds,
            .batch_rows = rows,
            .cpu_us_per_row = (spent.cluster_s + spent.generator_s) * 1e6 / all,
            .spent = spent};
}

void Limit::checkpoint() const {
    const auto connection = connect(settings_.super_url);
    (void)ask(connection.get(), "checkpoint", PGRES_COMMAND_OK);
}

std::uint64_t Limit::stored() const {
    return std::stoull(answer(settings_.app_url, "select count(*) from frame where asset_id < " +
                                                     std::to_string(settings_.asset_first)));
}

std::uint64_t Limit::stored_by_peer() const {
    return std::stoull(answer(settings_.super_url, "select count(*) from peer_observation"));
}

std::string Limit::version() const {
    return "PostgreSQL " + answer(settings_.app_url, "show server_version");
}

std::uint64_t Limit::table_bytes() const {
    return std::stoull(
        answer(settings_.super_url,
               "select coalesce(sum(pg_total_relation_size(inhrelid)), 0) from pg_inherits "
               "where inhparent = 'frame'::regclass"));
}

std::uint64_t Limit::rollup_rows() const {
    return std::stoull(answer(settings_.super_url, "select count(*) from rollup"));
}

}  // namespace vigie::bench
