#include "cli/admin_door.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "cli/reply.hpp"
#include "vigie/wire/http.hpp"

namespace vigie::cli {

namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr int wait_ms = 250;

[[noreturn]] void unreachable(const std::string& socket, const std::string& why) {
    throw Unreachable("the server does not answer at " + socket + " (" + why +
                      "): is vigied running? --socket or VIGIE_SOCKET name another one");
}

void connect(Socket& socket, const std::string& path) {
    boost::system::error_code failed;
    constexpr std::size_t socket_path_bytes_max = 107;
    if (path.size() > socket_path_bytes_max) unreachable(path, "the path is too long");
    socket.connect(asio::local::stream_protocol::endpoint(path), failed);
    if (failed) unreachable(path, failed.message());
}

// The server may answer before it has all: a refusal. Then it is read, not complained of.
void send_all(Socket& socket, const std::string& head, const std::string& content,
              const Watching& watching) {
    boost::system::error_code failed;
    asio::write(socket, asio::buffer(head), failed);
    for (std::size_t at = 0; at < content.size() && !failed;) {
        const std::size_t count = std::min(piece_bytes, content.size() - at);
        asio::write(socket, asio::buffer(content.data() + at, count), failed);
        at += count;
        if (watching.sent && !failed) watching.sent(at, content.size());
    }
}

void wait_for_bytes(Socket& socket, const Watching& watching) {
    if (!watching.waited) return;
    pollfd waiting{socket.native_handle(), POLLIN, 0};
    while (poll(&waiting, 1, wait_ms) == 0)
        watching.waited();
}

void read_all(Socket& socket, ReplyReader& reply, const std::string& path,
              const Watching& watching) {
    std::array<char, 64 * 1024> buffer{};
    while (!reply.complete()) {
        wait_for_bytes(socket, watching);
        boost::system::error_code failed;
        const std::size_t count = socket.read_some(asio::buffer(buffer), failed);
        if (!reply.feed({buffer.data(), count})) unreachable(path, "its answer is not HTTP");
        if (failed && !reply.end()) unreachable(path, "it hung up: " + failed.message());
    }
}

}  // namespace

std::string segment(const std::string& text) {
    return wire::percent_encoded(text);
}

std::string target(std::string path, const Query& query) {
    char separator = '?';
    for (const auto& [name, value] : query) {
        path += separator + segment(name) + "=" + segment(value);
        separator = '&';
    }
    return path;
}

DoorReply AdminDoor::ask(const std::string& method, const std::string& where,
                         const std::string& content, const std::string& content_type,
                         const Watching& watching) const {
    asio::io_context context;
    Socket socket(context);
    connect(socket, socket_);
    std::string head = method + " " + where + " HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n";
    head += std::string("Accept-Language: ") + (french_ ? "fr" : "en") + "\r\n";
    if (method != "GET") head += "Content-Length: " + std::to_string(content.size()) + "\r\n";
    if (!content_type.empty()) head += "Content-Type: " + content_type + "\r\n";
    send_all(socket, head + "\r\n", content, watching);
    ReplyReader reply;
    read_all(socket, reply, socket_, watching);
    return {reply.status(), nlohmann::json::parse(reply.body(), nullptr, false)};
}

DoorReply AdminDoor::get(const std::string& where) const {
    return ask("GET", where, {}, {}, {});
}

DoorReply AdminDoor::post(const std::string& where, const nlohmann::json& body) const {
    return ask("POST", where, body.is_null() ? std::string() : body.dump(),
               body.is_null() ? "" : "application/json", {});
}

DoorReply AdminDoor::send(const std::string& where, const std::string& content,
                          const Watching& watching) const {
    return ask("POST", where, content, "application/octet-stream", watching);
}

}  // namespace vigie::cli
