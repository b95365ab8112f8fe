// What devices said last, and when it should have left: so that whoever hears of it knows how long
// that took. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace vigie::bench {

class Spoken {
public:
    using Steady = std::chrono::steady_clock;

    // `codes[i]` is the asset with the number i.
    explicit Spoken(const std::vector<std::string>& codes) : last_(codes.size()) {
        for (std::size_t i = 0; i < codes.size(); ++i)
            numbers_.emplace(codes[i], i);
    }

    void said(std::size_t asset, std::int64_t epoch_ms, Steady::time_point intended) {
        const std::lock_guard lock(mutex_);
        last_[asset] = {epoch_ms, intended};
    }

    // How long ago that asset should have said what it said at that time; nothing when it is not
    // known, or has said something newer since.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> heard(const std::string& code,
                                                                std::int64_t epoch_ms,
                                                                Steady::time_point now) {
        const std::lock_guard lock(mutex_);
        const auto found = numbers_.find(code);
        if (found == numbers_.end()) return std::nullopt;
        const auto& last = last_[found->second];
        if (last.epoch_ms != epoch_ms) return std::nullopt;
        return now - last.intended;
    }

private:
    struct Word {
        std::int64_t epoch_ms{};
        Steady::time_point intended;
    };
    std::mutex mutex_;
    std::unordered_map<std::string, std::size_t> numbers_;
    std::vector<Word> last_;
};

}  // namespace vigie::bench
