// The exchanges of tests/net/mqtt_exchanges.txt, byte for byte, with the real server: behind its
// door stand credentials, assets and rights instead of a bench. Left out is what only a bench can
// do: let time pass, hold back what is durable, have something to deliver.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "tests/e2e/support/installation.hpp"
#include "tests/e2e/support/socket.hpp"
#include "tests/net/mqtt_exchanges.hpp"

namespace vigie::e2e {
namespace {

using net::Exchange;
using wire::mqtt::Version;

constexpr std::chrono::seconds patience{20};

// They need the bench's own handler.
constexpr std::array bench_words{"deliver", "advance", "holding", "stored", "receive-max"};
constexpr std::array bench_cases{
    "AnAuthorityThatFails",                   // whose password check throws
    "AByteOrderMarkIsACharacterLikeAnother",  // where every topic is taken
};

bool needs_the_bench(const Exchange& exchange) {
    const auto asks_for_it = [](const std::string& line) {
        return std::ranges::any_of(
            bench_words, [&](const char* word) { return line.find(word) != std::string::npos; });
    };
    return std::ranges::find(bench_cases, exchange.name) != bench_cases.end() ||
           std::ranges::any_of(exchange.lines, asks_for_it);
}

std::vector<Exchange> playable() {
    auto all = net::read_exchanges();
    std::erase_if(all, needs_the_bench);
    return all;
}

std::string test_name(const testing::TestParamInfo<Exchange>& one) {
    return one.param.name + (one.param.version == Version::v5 ? "_v5" : "_v3_1_1");
}

class MqttBytes : public testing::TestWithParam<Exchange> {
protected:
    static void SetUpTestSuite() {
        city_ = std::make_unique<Installation>();
        city_->start();
        city_->plant("light_point", {"LP-1", "LP-2", "FOREIGN"});
        owner_ = city_->credential({{"name", "owner"}, {"assets", {"LP-1", "LP-2"}}});
        other_ = city_->credential({{"name", "other"}, {"assets", {"LP-1"}}});
    }
    static void TearDownTestSuite() {
        EXPECT_EQ(city_->stop(), 0);
        city_.reset();
    }

    [[nodiscard]] static bool is_v5() { return GetParam().version == Version::v5; }

    static std::string observations_of(const std::string& asset) {
        return "vigie/v1/" + asset + "/observations";
    }

    // What the file's words are in this installation.
    std::string word(unsigned char first_byte, std::string_view text) {
        const unsigned type = first_byte >> 4U;
        std::map<std::string_view, std::string> words;
        if (type == 1) {
            if (text == "owner" || text == "other") speaker_ = text == "owner" ? &owner_ : &other_;
            words = {
                {"a", test_name({GetParam(), 0})}, {"owner", owner_.user_name},
                {"other", other_.user_name},       {"pw", speaker_->password},
                {"w", observations_of("LP-1")},    {"gone", R"({"values":{"lamp_on":false}})"}};
        } else if (type == 3) {
            words = {{"t", observations_of("LP-1")},
                     {"u", observations_of("LP-2")},
                     {"forbidden/t", observations_of("FOREIGN")},
                     {"x", R"({"values":{"power_w":1}})"},
                     {"y", R"({"values":{"power_w":2}})"},
                     {"z", R"({"values":{"power_w":3}})"}};
        } else if (type == 8 || type == 10) {
            words = {{"t", "vigie/v1/LP-1/commands"},
                     {"a", "vigie/v1/LP-2/commands"},
                     {"b", "vigie/v1/+/commands"}};
        } else {
            words = {{"not yours", "not_yours: the credential does not cover this asset"},
                     {"who is that?", "no such credential, or not its secret"}};
        }
        const auto found = words.find(text);
        return found == words.end() ? std::string(text) : found->second;
    }

    std::string bytes(const std::string& text) {
        speaker_ = &owner_;
        return net::ExchangePackets([this](unsigned char first_byte, std::string_view word_given) {
                   return word(first_byte, word_given);
               })
            .bytes(text);
    }

    Socket& peer() {
        const auto found = peers_.find(current_);
        if (found != peers_.end()) return found->second;
        return peers_.emplace(current_, Socket(city_->mqtt_port())).first->second;
    }
    void expect(const std::string& text) {
        const std::string wanted = bytes(text);
        EXPECT_EQ(wire::mqtt::shown(peer().receive(wanted.size(), patience)),
                  wire::mqtt::shown(wanted));
    }
    void expect_closed() {
        std::string more;
        std::optional<std::string> some;
        while ((some = peer().receive_some(patience)) && !some->empty())
            more += *some;
        EXPECT_FALSE(some) << "it is not closed";
        EXPECT_EQ(wire::mqtt::shown(more), "");
    }

    void run(const std::string& line) {
        SCOPED_TRACE(line);
        const auto space = line.find(' ');
        const std::string verb = line.substr(0, space);
        const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
        if (verb.starts_with('3') || verb.starts_with('5')) {
            if (is_v5() == verb.starts_with('5')) run(line.substr(1));
        } else if (verb == ">") {
            (void)peer().send(bytes(rest));
        } else if (verb == "<") {
            expect(rest);
        } else if (verb == "hello") {
            const auto greeting = net::greeting_of(rest, GetParam().version);
            (void)peer().send(bytes(greeting.connect));
            expect(greeting.connack);
        } else if (verb == "closed") {
            expect_closed();
        } else if (verb == "peer") {
            current_ = rest;
        } else if (verb == "hang-up") {
            peers_.erase(current_);
        } else {
            // What the bench's handler is told cannot be seen from outside.
            EXPECT_TRUE(verb == "told" || verb == "untold") << "not a word of this script";
        }
    }

    static inline std::unique_ptr<Installation> city_;
    static inline Secrets owner_;
    static inline Secrets other_;
    const Secrets* speaker_{&owner_};
    std::string current_ = "a";
    std::map<std::string, Socket> peers_;
};

TEST_P(MqttBytes, AreThoseOfTheFile) {
    for (const std::string& line : GetParam().lines) {
        run(line);
        if (HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(WithTheRealServer, MqttBytes, testing::ValuesIn(playable()), test_name);

// A file that shrinks, or needs the bench for everything, would prove nothing.
TEST(MqttBytesOfTheFile, AreMostlyPlayedHere) {
    EXPECT_GT(playable().size(), net::read_exchanges().size() * 3 / 4);
}

}  // namespace
}  // namespace vigie::e2e
