// An endpoint on free ports, and a client thread of its own: the io_context of the test, run until
// something is true.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/net/mqtt_bench_handler.hpp"
#include "vigie/net/mqtt_client.hpp"
#include "vigie/net/mqtt_server.hpp"

namespace vigie::net {

class MqttBench : public testing::Test {
protected:
    using Context = boost::asio::io_context;

    void start(MqttServerSettings settings = {}, std::size_t threads = 2) {
        if (settings.listeners.empty()) settings.listeners.push_back({.port = 0});
        settings.tick = std::chrono::milliseconds{5};
        std::vector<Context*> contexts;
        for (std::size_t i = 0; i < threads; ++i) {
            contexts_.push_back(std::make_unique<Context>(1));
            contexts.push_back(contexts_.back().get());
        }
        server = std::make_unique<MqttServer>(contexts, std::move(settings), clock, handler);
        handler.server = server.get();
        server->start();
        for (auto& context : contexts_) {
            threads_.emplace_back([&context] {
                const auto work = boost::asio::make_work_guard(*context);
                context->run();
            });
        }
    }
    void stop(std::chrono::milliseconds limit = std::chrono::seconds{10}) {
        if (!server) return;
        server->stop(limit);
        for (auto& context : contexts_)
            context->stop();
        for (auto& thread : threads_)
            thread.join();
        threads_.clear();
        handler.server = nullptr;
        server.reset();
        contexts_.clear();
    }
    void TearDown() override { stop(); }

    MqttClientSettings as(const std::string& client_id, const std::string& user = "owner") {
        return {.port = server->ports().front(),
                .client_id = client_id,
                .user_name = user,
                .password = "pw"};
    }

    // Runs the client's side until `done`; fails after bench_patience.
    template <typename Predicate>
    bool run_until(Predicate done) {
        const auto end = std::chrono::steady_clock::now() + bench_patience;
        const auto work = boost::asio::make_work_guard(io);
        while (!done()) {
            if (std::chrono::steady_clock::now() > end) {
                ADD_FAILURE() << "it did not come to that";
                return false;
            }
            io.restart();
            io.run_one_for(std::chrono::milliseconds{5});
        }
        return true;
    }
    template <typename T>
    T wait_for(boost::asio::awaitable<T> work) {
        std::optional<T> result;
        boost::asio::co_spawn(io, std::move(work),
                              [&result](const std::exception_ptr& failed, T value) {
                                  if (failed) ADD_FAILURE() << "a coroutine threw";
                                  result.emplace(std::move(value));
                              });
        run_until([&result] { return result.has_value(); });
        return result ? *std::move(result) : T{};
    }
    void wait_for(boost::asio::awaitable<void> work) {
        bool done = false;
        boost::asio::co_spawn(io, std::move(work),
                              [&done](const std::exception_ptr&) { done = true; });
        run_until([&done] { return done; });
    }
    bool connect(MqttClient& client, MqttClientSettings settings) {
        std::optional<bool> ok;
        boost::asio::co_spawn(
            io,
            [](MqttClient& one, MqttClientSettings how,
               MqttConnected& out) -> boost::asio::awaitable<bool> {
                auto answer = co_await one.connect(std::move(how));
                if (answer) out = *std::move(answer);
                co_return answer.ok();
            }(client, std::move(settings), connected),
            [&ok](const std::exception_ptr& failed, bool value) { ok = !failed && value; });
        run_until([&ok] { return ok.has_value(); });
        return ok.value_or(false);
    }

    base::ManualClock clock{base::from_epoch_ms(1'795'370'645'000)};
    BenchHandler handler;
    std::unique_ptr<MqttServer> server;
    Context io;
    MqttConnected connected;

private:
    std::vector<std::unique_ptr<Context>> contexts_;
    std::vector<std::thread> threads_;
};

}  // namespace vigie::net
