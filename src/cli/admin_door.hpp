// The admin door of a running server, as the CLI knocks at it: HTTP over its unix socket.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace vigie::cli {

using Query = std::vector<std::pair<std::string, std::string>>;

// "/admin/v1/assets?kind=camera"; values are escaped here. A path is escaped with `segment`.
[[nodiscard]] std::string target(std::string path, const Query& query);
[[nodiscard]] std::string segment(const std::string& text);

struct DoorReply {
    unsigned status{};
    nlohmann::json body;  // null when there is none
    [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

// The server cannot be reached; `what` is a sentence for city IT.
class Unreachable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// While a request is under way.
struct Watching {
    std::function<void(std::size_t bytes, std::size_t of)> sent;
    std::function<void()> waited;  // a few times a second, once all is sent
};

class AdminDoor {
public:
    AdminDoor(std::string socket, bool french) : socket_(std::move(socket)), french_(french) {}

    // All throw Unreachable. One connection a request.
    [[nodiscard]] DoorReply get(const std::string& target) const;
    [[nodiscard]] DoorReply post(const std::string& target, const nlohmann::json& body) const;
    [[nodiscard]] DoorReply send(const std::string& target, const std::string& content,
                                 const Watching& watching) const;

private:
    [[nodiscard]] DoorReply ask(const std::string& method, const std::string& target,
                                const std::string& content, const std::string& content_type,
                                const Watching& watching) const;
    std::string socket_;
    bool french_;
};

}  // namespace vigie::cli
