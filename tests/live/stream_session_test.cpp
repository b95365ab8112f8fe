#include "vigie/live/stream_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "vigie/live/stream.hpp"

namespace vigie::live {
namespace {

using nlohmann::json;
namespace asio = boost::asio;

// The other end: takes one message at a time, when told to.
class ScriptedSocket final : public StreamSocket {
public:
    void write(std::vector<std::string> texts) override {
        EXPECT_THAT(pending_, testing::IsEmpty()) << "given before the others were written";
        EXPECT_FALSE(code_.has_value()) << "a message after the end";
        EXPECT_THAT(texts, testing::Not(testing::IsEmpty()));
        pending_.assign(std::move_iterator(texts.begin()), std::move_iterator(texts.end()));
    }
    void close(unsigned code, std::string_view /*reason*/) override { code_ = code; }

    std::optional<std::string> take() {
        if (pending_.empty()) return std::nullopt;
        auto text = std::move(pending_.front());
        pending_.pop_front();
        return text;
    }
    [[nodiscard]] std::size_t pending() const { return pending_.size(); }
    [[nodiscard]] std::optional<unsigned> code() const { return code_; }

private:
    std::deque<std::string> pending_;
    std::optional<unsigned> code_;
};

StreamRow session_row(std::string key, std::string desk = {}, std::string commune = {}) {
    StreamRow row;
    row.key = key;
    row.json = std::make_shared<const std::string>("{\"id\":\"" + key + "\"}");
    row.desk = std::move(desk);
    row.commune = std::move(commune);
    return row;
}

access::Principal session_principal(std::vector<access::Grant> grants) {
    access::Principal principal;
    principal.login = "anna";
    principal.grants = std::move(grants);
    return principal;
}

class StreamSessionTest : public testing::Test {
protected:
    StreamSessionTest() {
        stream.add_topic(
            {.name = "alarms",
             .service = "alarms",
             .snapshot = [this](access::Principal, StreamFilter) { return snapshot(); }});
        stream.add_topic({.name = "map", .service = "live", .snapshot = {}});
        stream.add_topic({.name = "contacts", .service = "contacts", .snapshot = {}});
        open({{access::Level::view, "alarms", {}, {}, {}},
              {access::Level::view, "live", {}, {}, {}}});
    }

    asio::awaitable<std::string> snapshot() {
        ++snapshots;
        if (in_snapshot) in_snapshot();
        if (snapshot_fails) throw std::runtime_error("the database is away");
        co_return R"([{"id":"old"}])";
    }

    void open(std::vector<access::Grant> grants) {
        session = StreamSession::make(stream, session_principal(std::move(grants)), false, clock,
                                      socket, io.get_executor());
        session->start();
    }

    // Everything the consumer gets if it reads at once.
    std::vector<json> read() {
        std::vector<json> messages;
        for (;;) {
            io.restart();
            io.poll();
            auto text = socket.take();
            if (!text) return messages;
            messages.push_back(json::parse(*text));
            if (socket.pending() == 0) session->written();
        }
    }
    json read_one() {
        auto messages = read();
        EXPECT_EQ(messages.size(), 1U) << json(messages).dump();
        return messages.empty() ? json{} : messages.front();
    }
    void say(const json& message) { session->received(message.dump()); }

    base::ManualClock clock{base::from_epoch_ms(1'795'348'800'000)};
    Stream stream{"E1"};
    asio::io_context io;
    ScriptedSocket socket;
    int snapshots{};
    bool snapshot_fails{};
    std::function<void()> in_snapshot;
    std::shared_ptr<StreamSession> session;
};

TEST_F(StreamSessionTest, GreetsThenGivesASnapshotThenDeltas) {
    stream.publish("alarms", {session_row("zero")});
    EXPECT_EQ(read_one(),
              json::parse(R"({"type":"hello","epoch":"E1","sequence":0,"heartbeat_s":5,)"
                          R"("at":"2026-11-22T12:00:00Z"})"));
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
    EXPECT_EQ(
        read_one(),
        json::parse(
            R"({"type":"snapshot","id":"q","epoch":"E1","sequence":1,"rows":[{"id":"old"}]})"));
    stream.publish("crews", {session_row("x")});
    auto gone = session_row("b");
    gone.removed = true;
    stream.publish("alarms", {session_row("a"), gone});
    stream.publish("alarms", {session_row("c")});
    const auto deltas = read();
    ASSERT_EQ(deltas.size(), 2U);
    EXPECT_EQ(
        deltas[0],
        json::parse(
            R"({"type":"delta","id":"q","sequence":3,"prev":1,"rows":[{"id":"a"}],"removed":["b"]})"));
    EXPECT_EQ(deltas[1]["prev"], 3);
    say({{"type", "unsubscribe"}, {"id", "q"}});
    stream.publish("alarms", {session_row("d")});
    EXPECT_TRUE(read().empty());
    EXPECT_EQ(stream.subscribers(), 0U);
}

TEST_F(StreamSessionTest, WhatHappensDuringTheSnapshotFollowsIt) {
    read();
    in_snapshot = [this] { stream.publish("alarms", {session_row("meanwhile")}); };
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
    const auto messages = read();
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0]["type"], "snapshot");
    EXPECT_EQ(messages[0]["sequence"], 0);
    EXPECT_EQ(messages[1]["prev"], 0);
    EXPECT_EQ(messages[1]["rows"][0]["id"], "meanwhile");
}

TEST_F(StreamSessionTest, FiltersRowsAndKeepsPrevAcrossWhatIsNotShown) {
    read();
    say({{"type", "subscribe"},
         {"id", "q"},
         {"topic", "alarms"},
         {"filter", {{"desk", "traffic"}}}});
    read();
    stream.publish("alarms", {session_row("a", "traffic"), session_row("b", "video")});
    stream.publish("alarms", {session_row("c", "video")});
    stream.publish("alarms", {session_row("d", "traffic")});
    const auto deltas = read();
    ASSERT_EQ(deltas.size(), 2U);
    EXPECT_EQ(deltas[0]["rows"].size(), 1U);
    EXPECT_EQ(deltas[1]["sequence"], 3);
    EXPECT_EQ(deltas[1]["prev"], 1);
}

TEST_F(StreamSessionTest, ResumesWithWhatWasMissed) {
    for (const char* key : {"a", "b", "c"})
        stream.publish("alarms", {session_row(key)});
    read();
    say({{"type", "subscribe"},
         {"id", "q"},
         {"topic", "alarms"},
         {"resume", {{"epoch", "E1"}, {"sequence", 1}}}});
    const auto messages = read();
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[0], json::parse(R"({"type":"resumed","id":"q","sequence":1})"));
    EXPECT_EQ(messages[1]["prev"], 1);
    EXPECT_EQ(messages[1]["rows"][0]["id"], "b");
    EXPECT_EQ(messages[2]["prev"], 2);
    EXPECT_EQ(snapshots, 0);
}

TEST_F(StreamSessionTest, AnImpossibleResumeGetsASnapshotOrIsToldToBeginAnew) {
    read();
    const json place = {{"epoch", "E0"}, {"sequence", 1}};
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}, {"resume", place}});
    EXPECT_EQ(read_one()["type"], "snapshot");
    say({{"type", "subscribe"}, {"id", "m"}, {"topic", "map"}, {"resume", place}});
    const auto refused = read_one();
    EXPECT_EQ(refused["type"], "error");
    EXPECT_EQ(refused["id"], "m");
    EXPECT_EQ(refused["problem"]["status"], 410);
}

TEST_F(StreamSessionTest, RefusesWhatItDoesNotUnderstandAndGoesOn) {
    read();
    struct Case {
        const char* text;
        int status;
        const char* pointer;
    };
    const Case cases[] = {
        {"{", 400, nullptr},
        {"[]", 400, nullptr},
        {R"({"type":"subscribe","topic":"alarms"})", 422, "/id"},
        {R"({"type":"dance","id":"q"})", 422, "/type"},
        {R"({"type":"subscribe","id":"q"})", 422, "/topic"},
        {R"({"type":"subscribe","id":"q","topic":"alarms","filter":{"color":"red"}})", 422,
         "/filter/color"},
        {R"({"type":"subscribe","id":"q","topic":"alarms","filter":{"desk":1}})", 422,
         "/filter/desk"},
        {R"({"type":"subscribe","id":"q","topic":"alarms","resume":{"epoch":"E1"}})", 422,
         "/resume"},
        {R"({"type":"subscribe","id":"q","topic":"alarms","more":1})", 422, "/more"},
        {R"({"type":"subscribe","id":"q","topic":"nothing"})", 404, nullptr},
        {R"({"type":"subscribe","id":"q","topic":"contacts"})", 403, nullptr},
    };
    for (const auto& [text, status, pointer] : cases) {
        SCOPED_TRACE(text);
        session->received(text);
        const auto answer = read_one();
        EXPECT_EQ(answer["type"], "error");
        EXPECT_EQ(answer["problem"]["status"], status);
        if (pointer != nullptr) EXPECT_EQ(answer["problem"]["errors"][0]["pointer"], pointer);
    }
    EXPECT_TRUE(session->open());
}

TEST_F(StreamSessionTest, ShowsOnlyTheCommunesOfTheGrant) {
    session->gone();
    socket = {};
    open({{access::Level::view, "alarms", "21231", {}, {}}});
    read();
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
    read();
    stream.publish("alarms", {session_row("a", {}, "21231"), session_row("b", {}, "21540")});
    const auto delta = read_one();
    ASSERT_EQ(delta["rows"].size(), 1U);
    EXPECT_EQ(delta["rows"][0]["id"], "a");
    say({{"type", "subscribe"},
         {"id", "p"},
         {"topic", "alarms"},
         {"filter", {{"commune", "21540"}}}});
    EXPECT_EQ(read_one()["problem"]["status"], 403);
}

TEST_F(StreamSessionTest, SaysWhenTheSnapshotCannotBeRead) {
    read();
    snapshot_fails = true;
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
    EXPECT_EQ(read_one()["problem"]["status"], 503);
    EXPECT_EQ(stream.subscribers(), 0U);
}

TEST_F(StreamSessionTest, HeartbeatsCarryTheLagAndAPlaceToResumeFrom) {
    read();
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
    read();
    stream.publish("alarms", {session_row("a")});
    session->heartbeat();
    clock.advance(std::chrono::milliseconds(250));
    const auto messages = read();
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0]["type"], "delta") << "what the number covers comes first";
    EXPECT_EQ(messages[1], json::parse(R"({"type":"heartbeat","sequence":1,"lag_ms":250,)"
                                       R"("at":"2026-11-22T12:00:00.250Z"})"));
}

TEST_F(StreamSessionTest, CutsOffWhoDoesNotReadAtAMegabyteAndNotBefore) {
    read();
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
    read();
    const auto heavy = [](std::size_t bytes) {
        auto row = session_row("k");
        row.json = std::make_shared<const std::string>('"' + std::string(bytes - 3, 'x') + '"');
        return row;  // with its key, `bytes` in all
    };
    stream.publish("alarms", {heavy(1000)});
    io.restart();
    io.poll();  // on its way: no longer waits
    stream.publish("alarms", {heavy(StreamSession::waiting_bytes_max)});
    io.restart();
    io.poll();
    EXPECT_EQ(session->waiting_bytes(), StreamSession::waiting_bytes_max);
    EXPECT_TRUE(session->open());
    stream.publish("alarms", {session_row("last")});
    io.restart();
    io.poll();
    EXPECT_EQ(socket.code(), stream_close::too_slow);
    EXPECT_FALSE(session->open());
    stream.publish("alarms", {session_row("after")});
    EXPECT_EQ(stream.subscribers(), 0U);
}

TEST_F(StreamSessionTest, CutsOffWhoAsksAndDoesNotReadTheAnswers) {
    const auto ask_again = [this] {
        say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
        say({{"type", "unsubscribe"}, {"id", "q"}});
    };
    // Read one by one, as many as one likes.
    for (std::size_t i = 0; i < 2 * StreamSession::answers_max; ++i) {
        ask_again();
        (void)read();
    }
    // Being made count too: none of these snapshots is ready yet.
    for (std::size_t i = 0; i < StreamSession::answers_max; ++i)
        ask_again();
    EXPECT_TRUE(session->open());
    ask_again();
    EXPECT_EQ(socket.code(), stream_close::too_slow);
    EXPECT_FALSE(session->open());
}

TEST_F(StreamSessionTest, CutsOffWhoDoesNotReadWhatWasRefused) {
    (void)read();
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "none"}});  // is being written
    for (std::size_t i = 0; i < StreamSession::answers_max; ++i)
        say({{"type", "subscribe"}, {"id", "q"}, {"topic", "none"}});
    EXPECT_TRUE(session->open());
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "none"}});
    EXPECT_EQ(socket.code(), stream_close::too_slow);
}

TEST_F(StreamSessionTest, ALongCatchUpDoesNotCutOff) {
    auto heavy = session_row("k");
    heavy.json = std::make_shared<const std::string>('"' + std::string(300'000, 'x') + '"');
    for (int i = 0; i < 5; ++i)
        stream.publish("alarms", {heavy});
    read();
    say({{"type", "subscribe"},
         {"id", "q"},
         {"topic", "alarms"},
         {"resume", {{"epoch", "E1"}, {"sequence", 0}}}});
    EXPECT_EQ(read().size(), 6U);
    EXPECT_TRUE(session->open());
}

TEST_F(StreamSessionTest, TheSameIdSubscribesAnew) {
    read();
    for (int i = 0; i < 2; ++i) {
        say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
        EXPECT_EQ(read_one()["type"], "snapshot");
    }
    stream.publish("alarms", {session_row("a")});
    EXPECT_EQ(read().size(), 1U);
    for (std::size_t i = 1; i <= StreamSession::subscriptions_max; ++i) {
        say({{"type", "subscribe"}, {"id", "q" + std::to_string(i)}, {"topic", "alarms"}});
        const auto answer = read_one();
        EXPECT_EQ(answer["type"], i < StreamSession::subscriptions_max ? "snapshot" : "error");
    }
}

TEST_F(StreamSessionTest, EndsWithTheCodeGiven) {
    read();
    say({{"type", "subscribe"}, {"id", "q"}, {"topic", "alarms"}});
    session->close(stream_close::session_over, "signed out");
    EXPECT_EQ(socket.code(), 4001U);
    EXPECT_EQ(stream.subscribers(), 0U);
    session->received("{}");
    session->heartbeat();
}

// Fit for ThreadSanitizer: publishers on their threads, a session on its own that is cut and
// resumed until everything was said.
TEST_F(StreamSessionTest, ResumesWithoutGapOrDuplicateWhileOthersPublish) {
    session->gone();
    constexpr int writers = 2;
    constexpr int events = 1'500;
    std::vector<std::thread> threads;
    for (int w = 0; w < writers; ++w) {
        threads.emplace_back([this] {
            for (int i = 0; i < events; ++i)
                stream.publish("alarms", {session_row("k")});
        });
    }
    std::uint64_t last = 0;
    std::uint64_t deltas = 0;
    while (deltas < writers * events) {
        socket = {};
        open({{access::Level::view, "alarms", {}, {}, {}}});
        say({{"type", "subscribe"},
             {"id", "q"},
             {"topic", "alarms"},
             {"resume", {{"epoch", "E1"}, {"sequence", last}}}});
        for (int messages = 0; messages < 200; ++messages) {
            io.restart();
            io.poll();
            const auto text = socket.take();
            if (!text) break;
            const auto message = json::parse(*text);
            if (socket.pending() == 0) session->written();
            if (message["type"] != "delta") continue;
            ASSERT_EQ(message["prev"], last);
            last = message["sequence"];
            ++deltas;
        }
        session->gone();
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(last, static_cast<std::uint64_t>(writers * events));
}

}  // namespace
}  // namespace vigie::live
