// A client that may send anything to our HTTP server, over a unix socket and on one thread: no
// crash, the limits hold, and everything that comes back is HTTP.
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "vigie/base/text.hpp"
#include "vigie/net/http_server.hpp"

namespace {

namespace asio = boost::asio;
using vigie::net::HttpServer;
using vigie::wire::Request;
using vigie::wire::Response;

constexpr std::size_t header_bytes_max = 1'024;
constexpr std::size_t body_bytes_max = 512;

void demand(bool holds) {
    if (!holds) std::abort();
}

// What a handler may count on; it answers with what it was told.
asio::awaitable<Response> answer(Request request) {
    demand(!request.path.empty() && request.path.front() == '/');
    demand(vigie::base::is_utf8(request.path));
    demand(request.path.find('\0') == std::string::npos);
    demand(request.body.size() <= body_bytes_max);
    std::size_t head = request.method.size() + request.target.size();
    for (const auto& [name, value] : request.headers) {
        head += name.size() + value.size();
        // Else a header of ours that repeats one of theirs could end it early.
        demand(value.find('\n') == std::string::npos);
    }
    demand(head <= header_bytes_max);
    Response response;
    response.headers.add("Content-Type", "text/plain");
    response.body = "HTTP/1.1 inside";
    co_return response;
}

class Bench {
public:
    Bench() {
        std::string name = "/tmp/vigie-fuzz-XXXXXX";
        folder_ = mkdtemp(name.data());
        vigie::net::HttpServerSettings settings;
        settings.listeners.push_back({"", 0, folder_ + "/s", std::nullopt});
        settings.header_bytes_max = header_bytes_max;
        settings.body_bytes_max = body_bytes_max;
        asio::io_context* const contexts[] = {&io_};
        server_ =
            std::make_unique<HttpServer>(contexts, settings, vigie::net::HttpHandlers{answer, {}});
        server_->start();
    }
    ~Bench() { std::filesystem::remove_all(folder_); }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    std::string converse(std::string_view sent) {
        asio::local::stream_protocol::socket client(io_);
        client.connect({folder_ + "/s"});
        std::string received;
        bool over = false;
        asio::async_write(client, asio::buffer(sent.data(), sent.size()),
                          [&client](boost::system::error_code, std::size_t) {
                              boost::system::error_code ignored;
                              client.shutdown(asio::socket_base::shutdown_send, ignored);
                          });
        asio::async_read(client, asio::dynamic_buffer(received),
                         [&over](boost::system::error_code, std::size_t) { over = true; });
        while (!over)
            io_.run_one();
        io_.poll();
        return received;
    }

private:
    std::string folder_;
    asio::io_context io_{1};
    std::unique_ptr<HttpServer> server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Bench bench;
    const std::string got = bench.converse({reinterpret_cast<const char*>(data), size});
    demand(got.empty() || got.starts_with("HTTP/1.1 "));
    return 0;
}
