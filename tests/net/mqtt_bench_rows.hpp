// The sessions that a handler of the tests keeps, as a database would, and what it says it was
// told. Thread-safe.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/net/mqtt_bench_barrier.hpp"
#include "vigie/net/mqtt_handler.hpp"

namespace vigie::net {

struct BenchPrincipal final : MqttPrincipal {
    explicit BenchPrincipal(std::string name_given) : name(std::move(name_given)) {}
    std::string name;
};

inline const std::string& name_of(MqttPrincipal& principal) {
    return static_cast<BenchPrincipal&>(principal).name;
}

inline std::string line_of(const MqttMessage& message) {
    std::string line = "publish " + std::string{message.topic} + "=";
    line += message.payload.substr(0, 20);
    if (message.instant) line += " of " + std::to_string(base::epoch_ms(*message.instant));
    return line;
}

class BenchRows {
public:
    // None when it is not kept.
    [[nodiscard]] std::optional<MqttStoredSession> find(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        const auto found = rows_.find(key);
        return found == rows_.end() ? std::nullopt : std::optional{found->second};
    }
    [[nodiscard]] std::vector<MqttLeftWill> left_wills() const {
        const std::lock_guard lock(mutex_);
        std::vector<MqttLeftWill> left;
        for (const auto& [key, row] : rows_)
            if (row.will) left.push_back({row, std::make_shared<BenchPrincipal>(row.owner)});
        return left;
    }
    void forget_will(const MqttWillOrigin& origin) {
        const std::lock_guard lock(mutex_);
        const auto kept = rows_.find(origin.owner + "/" + origin.client_id);
        if (kept == rows_.end() || !holds(kept->second, origin)) return;
        kept->second.will.reset();
        if (kept->second.expiry_s == 0) rows_.erase(kept);
    }
    [[nodiscard]] bool holds_will(const MqttWillOrigin& origin) const {
        const auto kept = find(origin.owner + "/" + origin.client_id);
        return kept && holds(*kept, origin);
    }
    static bool holds(const MqttStoredSession& row, const MqttWillOrigin& origin) {
        return row.will && (row.revision <= origin.revision || row.will_due_at == origin.due_at);
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

    [[nodiscard]] std::size_t beside(const std::string& owner, const std::string& client_id) const {
        std::size_t count = 0;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& [key, row] : rows_)
                count += row.owner == owner && row.client_id != client_id && row.expiry_s != 0;
        }
        if (after_counting) after_counting();
        return count;
    }

    std::function<void()> after_counting;
    // What is asked of a database that does not answer waits here.
    BenchBarrier loads;
    BenchBarrier changes;

private:
    mutable std::mutex mutex_;
    std::map<std::string, MqttStoredSession> rows_;
};

}  // namespace vigie::net
