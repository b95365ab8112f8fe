// The bytes read and not yet understood, in one piece that is used again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace vigie::net {

class MqttReadBuffer {
public:
    explicit MqttReadBuffer(std::size_t first_bytes) : first_bytes_(first_bytes) {}

    [[nodiscard]] std::string_view unread() const {
        return {bytes_.data() + begin_, end_ - begin_};
    }

    // Where to read to; never empty. Moves what is unread: views into it end here.
    std::span<char> space() {
        if (begin_ == end_) {
            begin_ = end_ = 0;
            if (bytes_.size() > steady_bytes_max) bytes_ = {};
        }
        if (bytes_.empty()) bytes_.resize(first_bytes_);
        if (begin_ > 0 && end_ == bytes_.size()) {
            std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        // Full with one packet that is not whole, or filled by each read: more room.
        const bool worth_growing = filled_ && bytes_.size() < steady_bytes_max;
        if (end_ == bytes_.size() || worth_growing) bytes_.resize(bytes_.size() * 2);
        filled_ = false;
        return {bytes_.data() + end_, bytes_.size() - end_};
    }
    void commit(std::size_t count) {
        end_ += count;
        filled_ = end_ == bytes_.size();
    }
    void consume(std::size_t count) { begin_ += count; }
    void clear() {
        begin_ = end_ = 0;
        bytes_ = {};
    }

private:
    static constexpr std::size_t steady_bytes_max = 64 * 1024;

    std::size_t first_bytes_;
    std::vector<char> bytes_;
    std::size_t begin_{0};
    std::size_t end_{0};
    bool filled_{false};
};

}  // namespace vigie::net
