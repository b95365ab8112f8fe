// A value that readers hold as long as they use it and that a commit replaces.
#pragma once

#include <cstdint>
#include <functional>
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
    void publish(std::shared_ptr<const T> value) {
        const std::lock_guard lock(mutex_);
        current_ = std::move(value);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> current_{std::make_shared<T>()};
};

}  // namespace vigie::assets
