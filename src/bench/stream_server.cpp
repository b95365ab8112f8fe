// The server's side of `vigie-bench deliveries`, a process of its own that is pinned to one
// processor: the product's HTTP server, WebSockets, stream and sessions, and a source of rows that
// never runs dry. Only who asks is invented, and there is no database.
#include <sched.h>
#include <signal.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "bench/modes.hpp"
#include "vigie/api/router.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/live/stream_upgrade.hpp"
#include "vigie/net/http_server.hpp"

namespace vigie::bench {

namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds subscribers_looked_at_every{10};
constexpr std::chrono::microseconds publisher_pause{50};
// Events on their way to everybody: the next ones are ready, and no queue grows.
constexpr std::uint64_t ahead_events = 4;
constexpr std::size_t delta_frame_bytes = 200;
constexpr std::size_t delta_head_bytes = 4;
constexpr std::size_t delta_text_bytes = delta_frame_bytes - delta_head_bytes;
// What a message is around its two numbers and what fills its row.
constexpr std::string_view delta_frame =
    R"({"type":"delta","id":"a","sequence":,"prev":,"rows":[{"id":""}],"removed":[]})";

void stay_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        throw std::runtime_error("cannot stay on one processor");
}

// So that the message with that number has exactly the size it should.
live::StreamRow row_to_fit(std::uint64_t sequence) {
    const auto numbers = std::to_string(sequence).size() + std::to_string(sequence - 1).size();
    const std::string filling(delta_text_bytes - delta_frame.size() - numbers, 'x');
    live::StreamRow row;
    row.key = "a";
    row.json = std::make_shared<const std::string>(R"({"id":")" + filling + R"("})");
    return row;
}

access::Principal somebody() {
    access::Principal person;
    person.login = "bench";
    person.grants = access::default_grants(access::Role::supervisor);
    return person;
}

class StreamServer {
public:
    explicit StreamServer(std::size_t consoles) : consoles_(consoles) {
        stream_.add_topic(
            {.name = "alarms",
             .service = "alarms",
             .snapshot = [](access::Principal, live::StreamFilter) -> asio::awaitable<std::string> {
                 co_return "[]";
             }});
        server_.start();
        io_ = std::thread([this] { context_.run(); });
    }
    ~StreamServer() {
        server_.stop(std::chrono::milliseconds{500});
        context_.stop();
        io_.join();
    }
    StreamServer(const StreamServer&) = delete;
    StreamServer& operator=(const StreamServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return server_.ports().front(); }

    // Publishes until SIGTERM.
    void run(const sigset_t& ending) {
        const auto is_over = [&ending](std::chrono::nanoseconds pause) {
            const timespec wait{pause.count() / 1'000'000'000, pause.count() % 1'000'000'000};
            return sigtimedwait(&ending, nullptr, &wait) > 0;
        };
        while (stream_.subscribers() < consoles_) {
            if (is_over(subscribers_looked_at_every)) return;
        }
        const auto bytes_before = server_.counters().bytes_out.load();
        const std::uint64_t bytes_an_event = consoles_ * delta_text_bytes;
        for (std::uint64_t events = 0;; ++events) {
            while (events * bytes_an_event >
                   server_.counters().bytes_out - bytes_before + ahead_events * bytes_an_event) {
                if (is_over(publisher_pause)) return;
            }
            stream_.publish("alarms", {row_to_fit(stream_.last() + 1)});
        }
    }

private:
    std::size_t consoles_;
    base::SystemClock clock_;
    store::Pool pool_{"host=/nonexistent", 0};
    api::Router router_{
        pool_, clock_,
        [](const wire::Request&) -> asio::awaitable<base::Result<access::Principal>> {
            co_return somebody();
        }};
    live::Stream stream_{"bench"};
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_{
        asio::make_work_guard(context_)};
    asio::io_context* const contexts_[1]{&context_};
    net::HttpServer server_{
        contexts_,
        {.listeners = {net::HttpListener{}}},
        {[](wire::Request) -> asio::awaitable<wire::Response> { co_return wire::Response{}; },
         [this](wire::Request request) {
             return live::upgrade_to_stream(std::move(request), router_, stream_, clock_);
         }}};
    std::thread io_;
};

}  // namespace

int serve_stream(std::size_t consoles) {
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    stay_on(0);
    StreamServer server(consoles);
    std::cout << server.port() << std::endl;
    server.run(ending);
    return 0;
}

}  // namespace vigie::bench
