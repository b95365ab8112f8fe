// Orders to a running simulator, over a unix socket: one line of JSON each way.
//
//   {"do": "fail" | "clear", "trouble": "lamp", "code": "PL-00001"}  ->  {"ok": true}
//   {"do": "status"}  ->  {"ok": true, ...}
//   what cannot be done  ->  {"ok": false, "error": "..."}
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "vigie/base/result.hpp"

namespace vigie::sim {

inline constexpr std::size_t control_line_bytes_max = 4'096;

// Answers one line with one line, neither with its end.
using ControlAnswer = std::function<std::string(const std::string& line)>;

// A socket that only this user may open.
class ControlSocket {
public:
    // Listens. Replaces a socket that a dead simulator left behind; throws
    // boost::system::system_error when another one answers there, or the path is too long for a
    // socket.
    ControlSocket(const boost::asio::any_io_executor& executor, std::filesystem::path path);
    // Removes the socket from the folder.
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    // Until cancelled, or destroyed.
    boost::asio::awaitable<void> serve(ControlAnswer answer);

private:
    std::filesystem::path path_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
};

// Sends one line and waits for the answer. unavailable: nobody listens there.
[[nodiscard]] base::Result<std::string> ask_control(const std::filesystem::path& socket,
                                                    const std::string& line);

}  // namespace vigie::sim
