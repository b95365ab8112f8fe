// HTTP messages as plain values: what handlers see. Bytes and sockets are net's affair.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vigie::wire {

// Names are kept as received and compared without case.
class Headers {
public:
    void add(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
    }
    void set(std::string_view name, std::string value);
    // The first field of that name; empty when there is none.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    // The last one: what the nearest of several proxies added by a field of its own.
    [[nodiscard]] std::string_view last(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] auto begin() const { return fields_.begin(); }
    [[nodiscard]] auto end() const { return fields_.end(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
    std::string method;  // as received: methods are case-sensitive
    std::string target;  // as received
    std::string path;    // percent-decoded, without the query
    std::vector<std::pair<std::string, std::string>> query;  // percent-decoded, in order
    Headers headers;
    std::string body;
    std::string peer;  // address of the other end, without port; "unix" on a unix socket
    bool secure{};     // arrived over TLS
    std::optional<unsigned> peer_uid;  // on a unix socket: who is at the other end

    // The first value of that parameter, or nothing.
    [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

struct Response {
    unsigned status{200};
    Headers headers;
    std::string body;
    // When set, sent instead of `body`: one copy in memory serves every reader.
    std::shared_ptr<const std::string> shared_body;
};

// Fills path and query from a target in origin form ("/a%20b?x=1"). False when an escape is broken,
// the path holds a NUL or does not start with '/', or the text is not UTF-8 once decoded.
[[nodiscard]] bool parse_target(std::string_view target, Request& request);

[[nodiscard]] std::string percent_encoded(std::string_view text);

// The language a person asked for, of those we speak: "fr" or "en" (also when nothing is said).
[[nodiscard]] std::string_view language_of(std::string_view accept_language);

}  // namespace vigie::wire
