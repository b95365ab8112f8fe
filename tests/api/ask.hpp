// Asks a router as the door would, and waits for the answer.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

#include "vigie/api/router.hpp"

namespace vigie::test {

// Runs a coroutine to its end on this thread's io_context. It outlives the coroutine, because a
// pool's thread may still be on its way out of post() when the answer is here.
template <typename T>
T await(boost::asio::awaitable<T> work) {
    thread_local boost::asio::io_context context;
    context.restart();
    std::optional<T> answer;
    std::exception_ptr failure;
    auto keep = [](boost::asio::awaitable<T> inner,
                   std::optional<T>& out) -> boost::asio::awaitable<void> {
        out.emplace(co_await std::move(inner));
    };
    boost::asio::co_spawn(context, keep(std::move(work), answer),
                          [&failure](std::exception_ptr error) { failure = error; });
    context.run();
    if (failure) std::rethrow_exception(failure);
    return *std::move(answer);
}

// `target` may hold a query.
inline wire::Request request_to(std::string method, const std::string& target,
                                std::string body = {}) {
    wire::Request request;
    request.method = std::move(method);
    request.target = target;
    if (!wire::parse_target(target, request)) throw std::logic_error("not a target: " + target);
    request.peer = "192.0.2.7";
    request.headers.set("Host", "vigie.example");
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

inline wire::Response ask(api::Router& router, wire::Request request) {
    return await(router.serve(std::move(request)));
}

}  // namespace vigie::test
