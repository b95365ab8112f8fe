// The daily partitions of `frame`, made as the schema's owner.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "store/pg.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

// The name of a day's partition.
[[nodiscard]] std::string partition_name(Day day);
// The day of a partition, if the name is one.
[[nodiscard]] std::optional<Day> partition_day(const std::string& name);

// Thread-safe.
class Partitions {
public:
    explicit Partitions(std::string owner_url, std::chrono::milliseconds answer_limit = {})
        : owner_url_(std::move(owner_url)), answer_limit_(answer_limit) {}
    // After this, frames of that day can be stored. Throws Unavailable.
    void ensure(Day day);
    // Reads which exist. Throws Unavailable.
    void load();

private:
    void connect();
    std::string owner_url_;
    std::chrono::milliseconds answer_limit_;
    std::mutex mutex_;
    std::unique_ptr<PgConnection> owner_;
    std::set<Day> known_;
};

}  // namespace vigie::store
