// One HTTP exchange, without a library of ours in between: what arrives is what the door sent.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace vigie::e2e {

// A port of the loopback, or a unix socket.
struct Door {
    std::uint16_t port{};
    std::string socket{};
};

struct Ask {
    std::string method{"GET"};
    std::string target{"/"};
    std::string body{};
    std::map<std::string, std::string> headers{};
};

struct Answer {
    unsigned status{};                           // 0: nobody answered
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    // A body that is not JSON is null.
    [[nodiscard]] nlohmann::json json() const {
        auto parsed = nlohmann::json::parse(body, nullptr, false);
        return parsed.is_discarded() ? nlohmann::json() : parsed;
    }
};

// Connects, asks, reads to the end. A limit of two minutes stands behind every read.
[[nodiscard]] Answer exchange(const Door& door, const Ask& ask);

// For a query: everything but letters, digits and -._~ becomes %XX.
[[nodiscard]] std::string percent_encoded(const std::string& text);
[[nodiscard]] std::string base64(const std::string& bytes);

}  // namespace vigie::e2e
