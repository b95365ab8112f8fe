// Bytes in, bytes out: every exchange of mqtt_exchanges.txt against the endpoint over TCP, in both
// versions unless it names one.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <span>
#include <sstream>

#include "tests/net/mqtt_raw_peer.hpp"

namespace vigie::net {

namespace {

using wire::mqtt::Version;

struct Exchange {
    std::string name;
    Version version{};
    std::vector<std::string> lines;
};

std::string varint(std::size_t value) {
    std::string out;
    do {
        const auto low = static_cast<unsigned char>(value & 0x7FU);
        value >>= 7U;
        out.push_back(static_cast<char>(value != 0 ? low | 0x80U : low));
    } while (value != 0);
    return out;
}

// As mqtt::bytes(), with three lengths counted here: "text" is preceded by two bytes of it, { } by
// the remaining length, ( ) by the length of properties.
std::string packet_bytes(std::string_view text, std::size_t& at, char end) {
    std::string out;
    while (at < text.size() && text[at] != end) {
        const char c = text[at];
        if (c == '{' || c == '(') {
            const std::string inner = packet_bytes(text, ++at, c == '{' ? '}' : ')');
            out += varint(inner.size()) + inner;
        } else if (c == '"' || c == '\'') {
            const std::size_t close = text.find(c, at + 1);
            const auto raw = text.substr(at + 1, close - at - 1);
            if (c == '"') {
                out.push_back(static_cast<char>(raw.size() >> 8U));
                out.push_back(static_cast<char>(raw.size() & 0xFFU));
            }
            out += raw;
            at = close;
        } else if (c != ' ') {
            out += wire::mqtt::bytes(text.substr(at, 2));
            ++at;
        }
        ++at;
    }
    return out;
}

std::string packet_bytes(std::string_view text) {
    std::size_t at = 0;
    return packet_bytes(text, at, '\0');
}

std::vector<Exchange> read_exchanges() {
    std::ifstream file(std::string(VIGIE_SOURCE_DIR) + "/tests/net/mqtt_exchanges.txt");
    std::vector<Exchange> all;
    std::string line;
    std::vector<Version> versions;
    std::size_t open = 0;
    while (std::getline(file, line)) {
        const auto first = line.find_first_not_of(' ');
        if (first == std::string::npos || line[first] == '#') continue;
        line.erase(0, first);
        std::istringstream words(line);
        std::string word;
        words >> word;
        if (word != "case") {
            for (std::size_t i = all.size() - open; i < all.size(); ++i)
                all[i].lines.push_back(line);
            continue;
        }
        std::string name;
        std::string only;
        words >> name >> only;
        versions = {Version::v3_1_1, Version::v5};
        if (!only.empty()) versions = {only == "v5" ? Version::v5 : Version::v3_1_1};
        open = versions.size();
        for (const Version version : versions)
            all.push_back({name, version, {}});
    }
    return all;
}

std::string test_name(const testing::TestParamInfo<Exchange>& one) {
    return one.param.name + (one.param.version == Version::v5 ? "_v5" : "_v3_1_1");
}

void PrintTo(const Exchange& exchange, std::ostream* out) {
    *out << exchange.name;
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
        const std::string raw = packet_bytes(text);
        boost::asio::write(peer().socket, boost::asio::buffer(raw));
    }
    void expect(const std::string& text) {
        const std::string wanted = packet_bytes(text);
        EXPECT_EQ(read(peer(), wanted.size()), wire::mqtt::shown(wanted));
    }
    // CONNECT as nearly everybody sends it, and its answer.
    void greet(const std::string& how) {
        const bool kept = how.find("kept") != std::string::npos;
        const std::string present = how.find("present") != std::string::npos ? "01" : "00";
        const std::string flags = kept ? "c0" : "c2";
        if (!is_v5()) {
            send("10 {\"MQTT\" 04 " + flags + " 003c \"a\" \"owner\" \"pw\"}");
            expect("20 02 " + present + " 00");
            return;
        }
        const std::string expiry = kept ? "11 0000003c" : "";
        send("10 {\"MQTT\" 05 " + flags + " 003c (" + expiry + ") \"a\" \"owner\" \"pw\"}");
        expect("20 {" + present + " 00 (21 03e8 25 00 27 00040000 22 0040 29 00 2a 00)}");
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
