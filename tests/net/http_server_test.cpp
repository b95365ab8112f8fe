#include "vigie/net/http_server.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

namespace vigie::net {
namespace {

namespace asio = boost::asio;

// Sends back what it hears; "close" makes it close with 4001, "flood" send what no socket holds.
class Echo final : public WebSocketEvents {
public:
    void opened(std::shared_ptr<WebSocket> socket) override { socket_ = std::move(socket); }
    void received(std::string_view text) override {
        if (text == "close") {
            socket_->close(4001, "as you wish");
        } else if (text == "flood") {
            socket_->send(std::vector<std::string>(64, std::string(1 << 20, 'x')));
        } else {
            socket_->send({"echo " + std::string(text)});
        }
    }
    void closed() override { socket_.reset(); }

private:
    std::shared_ptr<WebSocket> socket_;
};

asio::awaitable<wire::Response> tell(wire::Request request) {
    wire::Response response;
    response.body = request.method + " " + request.path + " " +
                    std::to_string(request.body.size()) + " " + request.peer +
                    (request.secure ? " secure" : "") +
                    (request.peer_uid ? " uid " + std::to_string(*request.peer_uid) : "");
    co_return response;
}

// Ends once somebody cancels it: until then whoever asks for "/late" is not answered.
struct Late {
    explicit Late(asio::io_context& io) : timer(io, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    std::atomic<bool> asked{false};
};

asio::awaitable<UpgradeDecision> decide(Late& late, wire::Request request) {
    UpgradeDecision decision;
    if (request.path == "/late") {
        late.asked = true;
        co_await late.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (request.path == "/ws" || request.path == "/late") {
        decision.events = std::make_shared<Echo>();
    } else {
        decision.refusal.status = 403;
    }
    co_return decision;
}

class HttpServerTest : public testing::Test {
protected:
    static constexpr std::size_t connections_max = 8;
    void SetUp() override {
        HttpServerSettings settings;
        socket_path_ = "/tmp/vigie-http-test-" + std::to_string(getpid());
        settings.listeners = {
            HttpListener{},
            HttpListener{.address = {}, .port = 0, .unix_path = socket_path_, .tls = {}}};
        settings.body_bytes_max = 1000;
        settings.bodies_bytes_max = 1500;
        settings.connections_max = connections_max;
        adjust(settings);
        asio::io_context* contexts[] = {&io_};
        HttpHandlers handlers{
            tell, [this](wire::Request request) { return decide(late_, std::move(request)); }};
        handlers.head = head_;
        server_ = std::make_unique<HttpServer>(contexts, settings, handlers);
        server_->start();
        thread_ = std::jthread([this] { io_.run(); });
    }
    virtual void adjust(HttpServerSettings&) {}
    void TearDown() override {
        server_->stop(std::chrono::seconds(2));
        io_.stop();
        thread_.join();
    }

    asio::ip::tcp::socket connected() {
        asio::ip::tcp::socket socket(client_io_);
        socket.connect({asio::ip::make_address("127.0.0.1"), server_->ports()[0]});
        return socket;
    }

    template <typename Socket>
    static std::string until_closed(Socket& socket) {
        std::string all;
        boost::system::error_code ec;
        asio::read(socket, asio::dynamic_buffer(all), ec);
        return all;
    }

    std::string exchange(const std::string& bytes) {
        auto socket = connected();
        boost::system::error_code ignored;
        asio::write(socket, asio::buffer(bytes), ignored);
        socket.shutdown(asio::socket_base::shutdown_send, ignored);
        return until_closed(socket);
    }

    std::function<std::optional<wire::Response>(const wire::Request&)> head_;
    asio::io_context io_;
    Late late_{io_};
    asio::io_context client_io_;
    std::string socket_path_;
    std::unique_ptr<HttpServer> server_;
    std::jthread thread_;
};

TEST_F(HttpServerTest, ConnectionsHaveALimitAtNAndNPlusOne) {
    std::vector<asio::ip::tcp::socket> open;
    for (std::size_t i = 0; i < connections_max; ++i) {
        open.push_back(connected());
        asio::write(open.back(), asio::buffer(std::string("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")));
        std::string answer;
        asio::read_until(open.back(), asio::dynamic_buffer(answer), "GET /a");
    }
    EXPECT_EQ(server_->counters().connections, connections_max);
    auto one_more = connected();
    EXPECT_EQ(until_closed(one_more), "");
    open.pop_back();
    while (server_->counters().connections == connections_max)
        std::this_thread::yield();
    EXPECT_NE(exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").find("GET /a"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
    const auto answer = exchange(
        "GET /a%20b?x=1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: "
        "3\r\n\r\nabc");
    EXPECT_NE(answer.find("GET /a b 0 127.0.0.1"), std::string::npos) << answer;
    EXPECT_NE(answer.find("POST /b 3 127.0.0.1"), std::string::npos) << answer;
}

TEST_F(HttpServerTest, HoldsItsLimitsAtNAndNPlusOne) {
    const auto post = [](std::size_t size) {
        return "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
               std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
    };
    EXPECT_NE(exchange(post(1000)).find("POST / 1000"), std::string::npos);
    EXPECT_TRUE(exchange(post(1001)).starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(exchange("GET /" + std::string(base::limits::http_header_bytes_max, 'a') +
                         " HTTP/1.1\r\n\r\n")
                    .starts_with("HTTP/1.1 431"));
}

// A body of 900 bytes of which the last one is still to come.
TEST_F(HttpServerTest, AllBodiesTogetherHaveALimitAtNAndNPlusOne) {
    const auto begun = [](std::size_t size, std::size_t sent) {
        return "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
               std::to_string(size) + "\r\n\r\n" + std::string(sent, 'x');
    };
    auto slow = connected();
    asio::write(slow, asio::buffer(begun(900, 899)));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!exchange(begun(602, 602)).starts_with("HTTP/1.1 503"))
        ASSERT_LT(std::chrono::steady_clock::now(), until) << "899 and 602 are more than 1500";
    EXPECT_NE(exchange(begun(601, 601)).find("POST / 601"), std::string::npos);
    asio::write(slow, asio::buffer(std::string("x")));
    EXPECT_NE(until_closed(slow).find("POST / 900"), std::string::npos);
    EXPECT_NE(exchange(begun(1000, 1000)).find("POST / 1000"), std::string::npos)
        << "what was answered takes no room any more";
}

class HttpServerThatAsksAboutHeads : public HttpServerTest {
    void adjust(HttpServerSettings&) override {
        head_ = [this](const wire::Request& head) -> std::optional<wire::Response> {
            EXPECT_EQ(head.body, "");
            ++asked;
            if (head.headers.get("Authorization") == "yes") return std::nullopt;
            wire::Response refusal;
            refusal.status = 401;
            return refusal;
        };
    }

protected:
    std::atomic<int> asked{0};
};

TEST_F(HttpServerThatAsksAboutHeads, ABodyThatIsNotWantedIsNotWaitedFor) {
    const std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
    auto stranger = connected();
    asio::write(stranger, asio::buffer(head + "Content-Length: 900\r\n\r\n" + "some"));
    EXPECT_TRUE(until_closed(stranger).starts_with("HTTP/1.1 401"));
    auto without_length = connected();
    asio::write(without_length,
                asio::buffer(head + "Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n"));
    EXPECT_TRUE(until_closed(without_length).starts_with("HTTP/1.1 401"));
    EXPECT_EQ(asked, 2);
}

TEST_F(HttpServerThatAsksAboutHeads, WhoStillSendsKeepsTheAnswer) {
    auto stranger = connected();
    asio::write(
        stranger,
        asio::buffer(std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n")));
    EXPECT_TRUE(until_closed(stranger).starts_with("HTTP/1.1 401"));
    EXPECT_EQ(server_->counters().connections, 1U) << "what comes is still read";
    boost::system::error_code failed;
    for (int piece = 0; piece < 9 && !failed; ++piece)
        asio::write(stranger, asio::buffer(std::string(100, 'x')), failed);
    EXPECT_FALSE(failed) << failed.message();
    stranger.close();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (server_->counters().connections > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    EXPECT_EQ(server_->counters().connections, 0U);
}

TEST_F(HttpServerThatAsksAboutHeads, ABodyThatIsWantedIsReadAndOneThatIsThereIsNotAskedFor) {
    auto friendly = connected();
    asio::write(friendly, asio::buffer(std::string("POST / HTTP/1.1\r\nHost: x\r\n"
                                                   "Authorization: yes\r\nConnection: close\r\n"
                                                   "Content-Length: 8\r\n\r\nhalf")));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (asked == 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    asio::write(friendly, asio::buffer(std::string("half")));
    EXPECT_NE(until_closed(friendly).find("POST / 8"), std::string::npos);
    EXPECT_NE(
        exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nfull").find("POST / 4"),
        std::string::npos);
    EXPECT_EQ(asked, 1);
}

TEST_F(HttpServerTest, AnswersGarbageAndGoesOn) {
    EXPECT_TRUE(exchange("\x16\x03\x01\x02rubbish\r\n\r\n").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(exchange("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 400"));
    EXPECT_EQ(exchange(""), "");
    EXPECT_NE(exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n").find("200"), std::string::npos);
    EXPECT_EQ(server_->counters().malformed, 2U);
}

class HttpServerOfSlowRequests : public HttpServerTest {
    void adjust(HttpServerSettings& settings) override {
        settings.idle_limit = std::chrono::hours{1};
        settings.request_limit = std::chrono::seconds{1};
    }
};

TEST_F(HttpServerOfSlowRequests, ARequestThatBeganHasItsTimeThoughItsHeadNeverEnds) {
    auto slow = connected();
    asio::write(slow, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: l")));
    (void)until_closed(slow);
    auto second = connected();
    asio::write(second, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT")));
    EXPECT_NE(until_closed(second).find("200"), std::string::npos) << "nor one that follows";
}

TEST_F(HttpServerTest, AHeadIsAGetWithoutBody) {
    const auto answer = exchange("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(answer.find("Content-Length: 17"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

// A request with these fields, as a proxy adds them.
std::string forwarded(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n";
}

TEST_F(HttpServerTest, BelievesNobodyWhoSaysThatHeIsAProxy) {
    const auto answer =
        exchange(forwarded("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"));
    EXPECT_TRUE(answer.ends_with("GET / 0 127.0.0.1")) << answer;
}

class HttpServerBehindAProxy : public HttpServerTest {
    void adjust(HttpServerSettings& settings) override { settings.behind_proxy = true; }
};

// Each proxy adds the address that it saw at the end; what stands before may be made up.
TEST_F(HttpServerBehindAProxy, TheLastAddressIsTheOneThatItSaw) {
    const auto peer = [this](const std::string& addresses) {
        const auto answer = exchange(forwarded("x-forwarded-for:" + addresses + "\r\n"));
        return answer.substr(answer.find("GET / 0 "));
    };
    EXPECT_EQ(peer(" 203.0.113.7"), "GET / 0 203.0.113.7");
    EXPECT_EQ(peer(" 192.0.2.1, 198.51.100.9,203.0.113.7 "), "GET / 0 203.0.113.7");
    EXPECT_EQ(peer(" 192.0.2.1, 2001:db8::7"), "GET / 0 2001:db8::7");
    EXPECT_EQ(peer(" 192.0.2.1\r\nX-Forwarded-For: 203.0.113.7"), "GET / 0 203.0.113.7")
        << "a proxy that adds a field of its own";
    EXPECT_EQ(peer(""), "GET / 0 127.0.0.1") << "it names nobody: its own is all we know";
    EXPECT_TRUE(exchange(forwarded("")).ends_with("GET / 0 127.0.0.1"));
}

TEST_F(HttpServerBehindAProxy, ItSaysWhetherTheRequestCameOverTls) {
    EXPECT_TRUE(exchange(forwarded("X-Forwarded-Proto: https\r\n")).ends_with("0.1 secure"));
    EXPECT_TRUE(exchange(forwarded("X-Forwarded-Proto: http\r\n")).ends_with("0.1"));
    EXPECT_TRUE(exchange(forwarded("")).ends_with("0.1")) << "nothing said is no promise";
    EXPECT_TRUE(exchange(forwarded("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"))
                    .ends_with("GET / 0 203.0.113.7 secure"));
}

TEST_F(HttpServerTest, KnowsWhoIsOnTheUnixSocket) {
    asio::local::stream_protocol::socket socket(client_io_);
    socket.connect(asio::local::stream_protocol::endpoint(socket_path_));
    asio::write(socket, asio::buffer(
                            std::string("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")));
    EXPECT_NE(until_closed(socket).find("unix uid " + std::to_string(getuid())), std::string::npos);
}

// RFC 6455 by hand: a masked text frame under 126 bytes, mask of zeros.
std::string frame_of(const std::string& text) {
    return std::string("\x81") + static_cast<char>(0x80U | text.size()) + std::string(4, '\0') +
           text;
}

const std::string upgrade =
    " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// The protocol's own frames go between messages, never into one.
TEST_F(HttpServerTest, AnswersPingsBetweenMessages) {
    auto socket = connected();
    asio::write(socket, asio::buffer("GET /ws" + upgrade));
    std::string head;
    const auto size = asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n");
    std::string rest = head.substr(size);
    const std::string ping = "\x89\x84" + std::string(4, '\0') + "pi00";
    std::string wanted;
    std::string said;
    for (int number = 10; number < 60; ++number) {
        const auto text = std::to_string(number);
        said += frame_of(text) + ping;
        wanted +=
            "\x81\x07"
            "echo " +
            text;
    }
    asio::write(socket, asio::buffer(said));
    constexpr std::size_t pongs_bytes = std::size_t{50} * 6;
    if (rest.size() < wanted.size() + pongs_bytes) {
        asio::read(socket, asio::dynamic_buffer(rest),
                   asio::transfer_exactly(wanted.size() + pongs_bytes - rest.size()));
    }
    std::size_t pongs = 0;
    for (std::size_t at = 0; (at = rest.find("\x8a\x04"
                                             "pi00",
                                             at)) != std::string::npos;
         ++pongs)
        rest.erase(at, 6);
    EXPECT_EQ(pongs, 50U);
    EXPECT_EQ(rest, wanted);
}

TEST_F(HttpServerTest, TalksOverAWebSocket) {
    EXPECT_TRUE(exchange("GET /other" + upgrade).starts_with("HTTP/1.1 403"));
    auto socket = connected();
    asio::write(socket, asio::buffer("GET /ws" + upgrade));
    std::string head;
    const auto size = asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101")) << head;
    EXPECT_NE(head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);  // RFC 6455, 1.3
    std::string rest = head.substr(size);
    asio::write(socket, asio::buffer(frame_of("hi") + frame_of("there") + frame_of("close")));
    asio::read_until(socket, asio::dynamic_buffer(rest), "as you wish");
    asio::write(socket, asio::buffer(std::string("\x88\x80", 2) + std::string(4, '\0')));
    rest += until_closed(socket);
    EXPECT_NE(rest.find("\x81\x07"
                        "echo hi"),
              std::string::npos);
    EXPECT_NE(rest.find("echo there"), std::string::npos);
    EXPECT_NE(rest.find(std::string("\x0F\xA1") + "as you wish"), std::string::npos);
}

TEST_F(HttpServerTest, StopsWithOpenConnections) {
    auto idle = connected();
    auto socket = connected();
    asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
    std::string head;
    asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n");
    server_->stop(std::chrono::seconds(2));
    EXPECT_EQ(until_closed(idle), "");
    EXPECT_NE(access(socket_path_.c_str(), F_OK), 0);
}

TEST_F(HttpServerTest, CutsAWebSocketWhosePeerNeverAnswersTheGoodbye) {
    auto socket = connected();
    asio::write(socket, asio::buffer("GET /ws" + upgrade));
    std::string head;
    asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n");
    server_->stop(std::chrono::milliseconds(50));
    EXPECT_EQ(server_->counters().websockets, 0U) << "gone when stop() returns";
    EXPECT_NE(until_closed(socket).find("server stops"), std::string::npos) << "it was told";
}

TEST_F(HttpServerTest, CutsAWebSocketWhosePeerIsGoneAndDoesNotTakeWhatIsBeingWritten) {
    auto socket = connected();
    asio::write(socket, asio::buffer("GET /ws" + upgrade));
    std::string head;
    asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n");
    asio::write(socket, asio::buffer(frame_of("flood")));
    std::array<char, 1> byte{};
    asio::read(socket, asio::buffer(byte));  // it is being written
    socket.shutdown(asio::ip::tcp::socket::shutdown_send);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (server_->counters().websockets > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    EXPECT_EQ(server_->counters().websockets, 0U);
}

TEST_F(HttpServerTest, OpensNoWebSocketOnceItStops) {
    auto socket = connected();
    asio::write(socket, asio::buffer("GET /late" + upgrade));
    while (!late_.asked)
        std::this_thread::yield();
    auto idle = connected();
    asio::write(idle, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
    std::string head;
    asio::read_until(idle, asio::dynamic_buffer(head), "\r\n\r\n");
    auto stopped =
        std::async(std::launch::async, [this] { server_->stop(std::chrono::seconds(20)); });
    until_closed(idle);  // then everybody has been told
    asio::post(io_, [this] { late_.timer.cancel(); });
    EXPECT_TRUE(until_closed(socket).starts_with("HTTP/1.1 503"));
    EXPECT_EQ(stopped.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    EXPECT_EQ(server_->counters().websockets, 0U);
}

}  // namespace
}  // namespace vigie::net
