// One subscriber of the stream: docs/stream.md as a state machine over an abstract socket.
//
// All members are called on `executor`, which must run one thing at a time (a connection's own io
// thread or a strand); events arrive from any thread and are handed over. Messages are made only
// when the socket is ready for them, so that what waits is shared with all other subscribers.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/access/principal.hpp"
#include "vigie/base/time.hpp"
#include "vigie/live/stream.hpp"

namespace vigie::live {

// The end of a WebSocket, as the session needs it.
class StreamSocket {
public:
    virtual ~StreamSocket() = default;
    // Starts writing these text messages, in order. StreamSession::written() is to be called once
    // that is done (not from within); until then no others are given.
    virtual void write(std::vector<std::string> texts) = 0;
    // Nothing is written after this; what is on its way may be abandoned.
    virtual void close(unsigned code, std::string_view reason) = 0;
};

namespace stream_close {
inline constexpr unsigned server_stops = 1001;
inline constexpr unsigned session_over = 4001;
inline constexpr unsigned too_slow = 4008;
}  // namespace stream_close

class StreamSession : public std::enable_shared_from_this<StreamSession> {
public:
    // Deltas that wait for this consumer; beyond, it is cut off. Snapshots and what a resume
    // catches up with are not counted: they are bounded by themselves.
    static constexpr std::size_t waiting_bytes_max = 1024 * 1024;
    // Given to the socket at once: messages until there are so many bytes.
    static constexpr std::size_t bytes_at_once = std::size_t{64} * 1024;
    static constexpr std::size_t subscriptions_max = 64;
    // Answers to what was asked, being made or waiting to be read: asking more is not reading.
    static constexpr std::size_t answers_max = 2 * subscriptions_max;
    static constexpr int heartbeat_s = 5;

    // `socket` outlives the session's last call to it: the owner calls gone() before it goes.
    static std::shared_ptr<StreamSession> make(Stream& stream, access::Principal principal,
                                               bool french, const base::Clock& clock,
                                               StreamSocket& socket,
                                               boost::asio::any_io_executor executor);
    ~StreamSession();
    StreamSession(const StreamSession&) = delete;
    StreamSession& operator=(const StreamSession&) = delete;

    // Says hello. Once, first.
    void start();
    // A text message came in.
    void received(std::string_view text);
    // The messages given to the socket are written.
    void written();
    // To be called every heartbeat_s seconds.
    void heartbeat();
    // Ends it from our side (stream_close).
    void close(unsigned code, std::string_view reason);
    // The other side is gone, or the socket is about to be destroyed.
    void gone();

    [[nodiscard]] bool open() const;
    [[nodiscard]] std::size_t waiting_bytes() const;

private:
    struct Impl;
    explicit StreamSession(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace vigie::live
