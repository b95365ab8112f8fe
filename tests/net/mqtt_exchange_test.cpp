// Bytes in, bytes out: every exchange of mqtt_exchanges.txt against the endpoint over TCP, in both
// versions unless it names one.
#include <gtest/gtest.h>

#include <map>
#include <span>
#include <sstream>

#include "tests/net/mqtt_exchanges.hpp"
#include "tests/net/mqtt_raw_peer.hpp"

namespace vigie::net {

namespace {

using wire::mqtt::Version;

std::string test_name(const testing::TestParamInfo<Exchange>& one) {
    return one.param.name + (one.param.version == Version::v5 ? "_v5" : "_v3_1_1");
}

}  // namespace

class MqttExchange : public MqttRawTest, public testing::WithParamInterface<Exchange> {
protected:
    // Those who still hold on would be waited for.
    void TearDown() override {
        peers_.clear();
        MqttRawTest::TearDown();
    }
    [[nodiscard]] bool is_v5() const { return GetParam().version == Version::v5; }

    MqttRawPeer& peer() {
        auto& one = peers_[current_];
        if (!one) one = std::make_unique<MqttRawPeer>(io, server->ports().front());
        return *one;
    }
    void send(const std::string& text) {
        const std::string raw = ExchangePackets().bytes(text);
        boost::asio::write(peer().socket, boost::asio::buffer(raw));
    }
    void expect(const std::string& text) {
        const std::string wanted = ExchangePackets().bytes(text);
        EXPECT_EQ(read(peer(), wanted.size()), wire::mqtt::shown(wanted));
    }
    void greet(const std::string& how) {
        const Greeting greeting = greeting_of(how, GetParam().version);
        send(greeting.connect);
        expect(greeting.connack);
    }
    void run(const std::string& line) {
        SCOPED_TRACE(line);
        const auto space = line.find(' ');
        const std::string word = line.substr(0, space);
        const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
        if (word.starts_with('3') || word.starts_with('5')) {
            if (is_v5() == word.starts_with('5')) run(line.substr(1));
        } else if (!speak(word, rest)) {
            watch(word, rest);
        }
    }
    bool speak(const std::string& word, const std::string& rest) {
        if (word == ">") {
            send(rest);
        } else if (word == "<") {
            expect(rest);
        } else if (word == "hello") {
            greet(rest);
        } else if (word == "closed") {
            EXPECT_EQ(read_until_closed(peer()), "");
        } else if (word == "peer") {
            current_ = rest;
        } else if (word == "hang-up") {
            peers_.erase(current_);
        } else {
            return false;
        }
        return true;
    }
    void watch(const std::string& word, const std::string& rest) {
        std::istringstream words(rest);
        if (word == "told") {
            EXPECT_TRUE(handler.expect(rest));
        } else if (word == "untold") {
            EXPECT_FALSE(handler.has(rest));
        } else if (word == "advance") {
            clock.advance(std::chrono::milliseconds{std::stoll(rest)});
        } else if (word == "deliver") {
            MqttDelivery delivery;
            int qos = 0;
            std::int64_t expires_ms = 0;
            words >> delivery.topic >> delivery.payload >> qos >> delivery.tag >> expires_ms;
            delivery.qos = static_cast<wire::mqtt::Qos>(qos);
            if (expires_ms != 0)
                delivery.expires_at = clock.now() + std::chrono::milliseconds{expires_ms};
            server->send(std::move(delivery));
        } else if (word == "holding") {
            handler.at_once = false;
        } else if (word == "stored") {
            ASSERT_TRUE(handler.wait_for_messages(std::stoul(rest)));
            std::vector<MqttCompletion> completions;
            for (const MqttTicket& ticket : handler.take_tickets())
                completions.push_back({ticket, wire::mqtt::Reason::success, {}});
            std::ranges::reverse(completions);
            server->complete(std::move(completions));
        } else {
            ADD_FAILURE() << "not a word of this script: " << word;
        }
    }

private:
    std::string current_ = "a";
    std::map<std::string, std::unique_ptr<MqttRawPeer>> peers_;
};

TEST_P(MqttExchange, IsByteForByte) {
    auto lines = std::span(GetParam().lines);
    constexpr std::string_view receive_max = "receive-max ";
    MqttServerSettings settings;
    if (lines.front().starts_with(receive_max)) {
        const int number = std::stoi(lines.front().substr(receive_max.size()));
        settings.receive_max = static_cast<std::uint16_t>(number);
        lines = lines.subspan(1);
    }
    start(settings);
    for (const std::string& line : lines) {
        run(line);
        if (HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(OfTheFile, MqttExchange, testing::ValuesIn(read_exchanges()), test_name);

}  // namespace vigie::net
