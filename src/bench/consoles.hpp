// Consoles: WebSocket clients of the control door, each watching the values of one commune.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace vigie::bench {

class Consoles {
public:
    // Connects and subscribes all; a thread of its own reads until the end.
    Consoles(std::uint16_t port, const std::string& cookie, const std::string& kind,
             const std::vector<std::string>& communes, std::size_t count);
    ~Consoles();
    Consoles(const Consoles&) = delete;
    Consoles& operator=(const Consoles&) = delete;

    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    struct Link {
        int socket{-1};
        std::string in;
    };
    void read_all();
    void take(Link& link);

    std::vector<Link> links_;
    int poll_{-1};
    std::atomic<std::uint64_t> messages_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<bool> cut_{false};
    std::jthread thread_;
};

}  // namespace vigie::bench
