// The device door over HTTP: POST /ingest/v1/observations. 2xx only once it is durable.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <variant>

#include "vigie/ingest/door_throttle.hpp"
#include "vigie/ingest/inbox.hpp"
#include "vigie/wire/http.hpp"

namespace vigie::ingest {

class HttpDoor {
public:
    // After `patience` without durability the answer is 503: send it again, nothing is stored
    // twice.
    HttpDoor(Inbox& inbox, Authority authority, DoorThrottle& throttle, const base::Clock& clock,
             std::chrono::milliseconds patience = std::chrono::seconds{25});
    boost::asio::awaitable<wire::Response> serve(wire::Request request);
    // What stands against a request whose body is still on its way: who may not send it is told at
    // once. Nothing stands against it: nullopt.
    std::optional<wire::Response> refuse(const wire::Request& head);

private:
    using SignedIn = std::variant<std::shared_ptr<const Sender>, wire::Response>;
    SignedIn sign_in(const wire::Request& request, bool french);
    boost::asio::awaitable<wire::Response> observations(const wire::Request& request, bool french);
    boost::asio::awaitable<std::optional<wire::Response>> hold_back(Allowance& allowance,
                                                                    std::size_t bytes, bool french);
    Inbox& inbox_;
    Authority authority_;
    DoorThrottle& throttle_;
    const base::Clock& clock_;
    std::chrono::milliseconds patience_;
};

}  // namespace vigie::ingest
