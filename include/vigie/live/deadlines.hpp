// When to look again at which of many things: at most one pending instant for each, none costs an
// allocation once warm. Moving a deadline later costs nothing: the earlier one fires, its owner
// sees that it is not due yet and arms it anew.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "vigie/base/time.hpp"

namespace vigie::live {

class Deadlines {
public:
    // Ids are 0 .. bound - 1. What was armed stays armed.
    void resize(std::size_t bound) { armed_.resize(bound, never); }

    // `id` fires at `at` or earlier: an earlier pending deadline stands.
    void arm(std::int32_t id, base::Instant at) {
        const auto when = base::epoch_us(at);
        auto& armed = armed_[static_cast<std::size_t>(id)];
        if (armed <= when) return;
        armed = when;
        queue_.push({when, id});
    }

    // The next that is due, which is then no longer armed.
    std::optional<std::int32_t> pop_due(base::Instant now) {
        while (!queue_.empty() && queue_.top().at <= base::epoch_us(now)) {
            const auto next = queue_.top();
            queue_.pop();
            if (live(next)) {
                armed_[static_cast<std::size_t>(next.id)] = never;
                return next.id;
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<base::Instant> next() {
        while (!queue_.empty() && !live(queue_.top()))
            queue_.pop();
        if (queue_.empty()) return std::nullopt;
        return base::from_epoch_us(queue_.top().at);
    }

private:
    static constexpr std::int64_t never = INT64_MAX;
    struct Entry {
        std::int64_t at;
        std::int32_t id;
        bool operator>(const Entry& other) const { return at > other.at; }
    };
    [[nodiscard]] bool live(const Entry& entry) const {
        const auto id = static_cast<std::size_t>(entry.id);
        return id < armed_.size() && armed_[id] == entry.at;
    }

    std::vector<std::int64_t> armed_;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

}  // namespace vigie::live
