// The sessions that a handler of the tests keeps, as a database would. Thread-safe.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "vigie/net/mqtt_handler.hpp"

namespace vigie::net {

class BenchRows {
public:
    // None when it is not kept.
    [[nodiscard]] std::optional<MqttStoredSession> find(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        const auto found = rows_.find(key);
        return found == rows_.end() ? std::nullopt : std::optional{found->second};
    }
    void save(MqttStoredSession session) {
        const std::lock_guard lock(mutex_);
        auto& kept = rows_[session.owner + "/" + session.client_id];
        if (session.revision >= kept.revision) kept = std::move(session);
    }
    // The one named "broken" cannot be forgotten.
    void erase(const std::string& key, std::uint64_t revision) {
        if (key.ends_with("/broken")) throw std::runtime_error("the database is away");
        const std::lock_guard lock(mutex_);
        const auto kept = rows_.find(key);
        if (kept != rows_.end() && kept->second.revision <= revision) rows_.erase(kept);
    }
    [[nodiscard]] std::uint64_t last_revision() const {
        const std::lock_guard lock(mutex_);
        std::uint64_t last = 0;
        for (const auto& [key, row] : rows_)
            last = std::max(last, row.revision);
        return last;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, MqttStoredSession> rows_;
};

}  // namespace vigie::net
