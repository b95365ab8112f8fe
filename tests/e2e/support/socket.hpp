// A TCP connection to a door on the loopback, as bytes: what a client of ours would not do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vigie::e2e {

class Socket {
public:
    // `from`: the address it comes from, as one has only so many ports. `receive_bytes`: how little
    // the kernel keeps for who does not read; 0: as it likes. Throws std::runtime_error when nobody
    // listens.
    explicit Socket(std::uint16_t port, const std::string& from = "127.0.0.1",
                    int receive_bytes = 0);
    ~Socket();
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&&) = delete;
    Socket(const Socket&) = delete;

    // All of it, however long that takes; false when the other end is gone.
    bool send(std::string_view bytes);
    // What the kernel takes at once; nothing when the other end is gone.
    [[nodiscard]] std::optional<std::size_t> send_some(std::string_view bytes);
    // Exactly so many, or fewer: what came until the limit or the end.
    [[nodiscard]] std::string receive(std::size_t count, std::chrono::milliseconds limit);
    // What there is, waiting for it until the limit; empty: nothing came. Nothing: it is over.
    [[nodiscard]] std::optional<std::string> receive_some(std::chrono::milliseconds limit);
    // Reads to the end, or until the limit; whether it ended.
    [[nodiscard]] bool ends_within(std::chrono::milliseconds limit);
    // Waits until something can be read, or written if that is `wanted`.
    void wait(bool writable_wanted, std::chrono::milliseconds limit) const;
    // The kernel would take more at once.
    [[nodiscard]] bool is_writable() const;

private:
    int number_{-1};
};

}  // namespace vigie::e2e
