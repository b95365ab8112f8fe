// WebSockets to the control door's stream, all read by one thread of their own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace vigie::bench {

class StreamLinks {
public:
    using Instant = std::chrono::steady_clock::time_point;
    // Hears every text message and when it was read, on the thread of the links.
    using Take = std::function<void(std::string_view text, Instant read_at)>;

    // One connection for each element, which says these texts once it is open.
    StreamLinks(std::uint16_t port, const std::string& cookie,
                const std::vector<std::vector<std::string>>& said, Take take);
    ~StreamLinks();
    StreamLinks(const StreamLinks&) = delete;
    StreamLinks& operator=(const StreamLinks&) = delete;

    // Received so far.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    // The server ended one of them: from then on nothing is read.
    [[nodiscard]] bool is_cut() const { return cut_; }

private:
    struct Link {
        int socket{-1};
        std::string in;
    };
    void read_all();

    Take take_;
    std::vector<Link> links_;
    int poll_{-1};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<bool> cut_{false};
    std::jthread thread_;
};

}  // namespace vigie::bench
