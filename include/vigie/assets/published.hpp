// A value that readers hold as long as they use it and that a commit replaces.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace vigie::assets {

// Thread-safe.
template <typename T>
class Published {
public:
    [[nodiscard]] std::shared_ptr<const T> current() const {
        const std::lock_guard lock(mutex_);
        return current_;
    }
    // Numbers follow the order of commits when they are drawn under a lock that lasts until commit.
    [[nodiscard]] std::uint64_t draw_number() {
        const std::lock_guard lock(mutex_);
        return ++drawn_;
    }
    // False: something later is published already, and stays.
    bool publish(std::shared_ptr<const T> value, std::uint64_t number) {
        const std::lock_guard lock(mutex_);
        if (number <= published_) return false;
        published_ = number;
        current_ = std::move(value);
        return true;
    }

private:
    mutable std::mutex mutex_;
    std::uint64_t drawn_{};
    std::uint64_t published_{};
    std::shared_ptr<const T> current_{std::make_shared<T>()};
};

}  // namespace vigie::assets
