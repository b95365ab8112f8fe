// The exchanges of tests/net/mqtt_exchanges.txt, byte for byte, with the real server: behind its
// door stand credentials, assets and rights instead of a bench. Where the bench lets time pass, has
// something to deliver or fails, tests/e2e/mqtt_real_exchanges.txt says how that is with a real
// one.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/e2e/support/installation.hpp"
#include "tests/e2e/support/socket.hpp"
#include "tests/net/mqtt_exchanges.hpp"

namespace vigie::e2e {
namespace {

using net::Exchange;
using wire::mqtt::Version;

constexpr std::chrono::seconds patience{60};  // the machine may be busy with others

std::vector<Exchange> playable() {
    const auto real = net::read_exchanges("/tests/e2e/mqtt_real_exchanges.txt");
    auto all = net::read_exchanges();
    for (Exchange& one : all) {
        const auto as_it_is = std::ranges::find_if(real, [&](const Exchange& other) {
            return other.name == one.name && other.version == one.version;
        });
        if (as_it_is != real.end()) one = *as_it_is;
    }
    return all;
}

std::string test_name(const testing::TestParamInfo<Exchange>& one) {
    return one.param.name + (one.param.version == Version::v5 ? "_v5" : "_v3_1_1");
}

class MqttBytes : public testing::TestWithParam<Exchange> {
protected:
    static void SetUpTestSuite() {
        // While it stands still for a case, the spool is not to take its place.
        city_ = std::make_unique<Installation>("/tmp", "", "answer_limit_s = 60\n");
        city_->start();
        database_ = std::make_unique<pqxx::connection>(city_->database_url());
        std::vector<std::string> codes{"LP-1", "LP-2"};
        for (std::size_t number = 1; number <= playable().size(); ++number) {
            for (const char letter : {'T', 'U', 'V', 't'})
                codes.push_back(letter + std::to_string(number));
        }
        city_->plant("light_point", codes);
        owner_ = city_->credential({{"name", "owner"}, {"assets", codes}});
        city_->plant("light_point", {"FOREIGN"});
        other_ = city_->credential({{"name", "other"}, {"assets", {"LP-1"}}});
        // One connection in a quarter of an hour, and that one was there.
        hasty_ =
            city_->credential({{"name", "hasty"},
                               {"assets", {"LP-1"}},
                               {"limits", {{"messages_per_s", 0.001}, {"messages_burst", 1}}}});
        greet_as(hasty_);
        operator_ = city_->sign_in("operator");
        const auto me = exchange(city_->control(),
                                 {.target = "/api/v1/session", .body = {}, .headers = operator_});
        operator_["X-CSRF-Token"] = me.json().at("csrf_token");
        operator_["Content-Type"] = "application/json";
    }
    void SetUp() override { ++number_; }
    void TearDown() override { city_->signal_database(SIGCONT); }
    static void TearDownTestSuite() {
        database_.reset();
        EXPECT_EQ(city_->stop(), 0);
        city_.reset();
    }

    static void greet_as(const Secrets& secrets) {
        Socket socket(city_->mqtt_port());
        std::string connect;
        wire::mqtt::encode(wire::mqtt::Connect{.version = Version::v5,
                                               .clean_start = true,
                                               .client_id = "first",
                                               .user_name = secrets.user_name,
                                               .password = secrets.password},
                           connect);
        ASSERT_TRUE(socket.send(connect));
        ASSERT_EQ(socket.receive(1, patience), "\x20");
    }
    // Of QoS 1, by all connections so far.
    static double messages_read() { return city_->figure("vigie_mqtt_messages_total{qos=\"1\"}"); }

    [[nodiscard]] static bool is_v5() { return GetParam().version == Version::v5; }

    static std::string observations_of(const std::string& asset) {
        return "vigie/v1/" + asset + "/observations";
    }
    // Each case has assets for itself: at most one command is on its way to each.
    static std::string asset_of(const std::string& letter) {
        return letter + std::to_string(number_);
    }
    // A byte order mark before the topic of an asset that is there.
    static std::string marked_topic() { return "\uFEFF" + observations_of(asset_of("T")); }
    static std::string commands_of(const std::string& asset) {
        return "vigie/v1/" + asset + "/commands";
    }

    // What the file's words are in this installation.
    std::string word(unsigned char first_byte, std::string_view text) {
        const unsigned type = first_byte >> 4U;
        std::map<std::string_view, std::string> words;
        if (type == 1) {
            if (text == "owner") speaker_ = &owner_;
            if (text == "other") speaker_ = &other_;
            if (text == "hasty") speaker_ = &hasty_;
            words = {{"a", test_name({GetParam(), 0})},
                     {"owner", owner_.user_name},
                     {"other", other_.user_name},
                     {"hasty", hasty_.user_name},
                     {"pw", speaker_->password},
                     {"w", observations_of(asset_of("T"))},
                     {"gone", R"({"values":{"lamp_on":false}})"}};
        } else if (type == 3) {
            words = {{"t", observations_of("LP-1")},
                     {"u", observations_of("LP-2")},
                     {"forbidden/t", observations_of("FOREIGN")},
                     {"marked", marked_topic()},
                     {"w", observations_of(asset_of("T"))},
                     {"gone", R"({"values":{"lamp_on":false}})"},
                     {"x", R"({"values":{"power_w":1}})"},
                     {"y", R"({"values":{"power_w":2}})"},
                     {"z", R"({"values":{"power_w":3}})"}};
            if (text.starts_with("command "))
                return payloads_.at(std::stoul(std::string(text.substr(8))) - 1);
        } else if (type == 8 || type == 10) {
            words = {{"t", "vigie/v1/LP-1/commands"},
                     {"a", "vigie/v1/LP-2/commands"},
                     {"b", "vigie/v1/+/commands"}};
        } else {
            words = {{"not yours", "not_yours: the credential does not cover this asset"},
                     {"who is that?", "no such credential, or not its secret"}};
        }
        if (type == 3 || type == 8 || type == 10) {
            for (const char* letter : {"T", "U", "V"})
                words[letter] = commands_of(asset_of(letter));
            words["low"] = commands_of("t" + std::to_string(number_));
            words["ALL"] = commands_of("+");
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
        const std::string came =
            with_its_time_left(peer().receive(wanted.size(), patience), wanted);
        EXPECT_EQ(wire::mqtt::shown(came), wire::mqtt::shown(wanted));
    }
    // What is left of the time of a command may be some seconds less.
    static std::string with_its_time_left(std::string came, const std::string& wanted) {
        constexpr std::string_view property("\x05\x02\0\0", 4);
        for (auto at = wanted.find(property); at != std::string::npos;
             at = wanted.find(property, at + 1)) {
            const auto left_in = [at](const std::string& bytes) {
                return static_cast<unsigned char>(bytes[at + 4]) * 256 +
                       static_cast<unsigned char>(bytes[at + 5]);
            };
            const bool has_it = came.size() == wanted.size() && came.substr(at, 4) == property;
            const int less = has_it ? left_in(wanted) - left_in(came) : 0;
            if (less > 0 && less < 20) came.replace(at, 6, wanted, at, 6);
        }
        return came;
    }
    void expect_closed() {
        std::string more;
        std::optional<std::string> some;
        while ((some = peer().receive_some(patience)) && !some->empty())
            more += *some;
        EXPECT_FALSE(some) << "it is not closed";
        EXPECT_EQ(wire::mqtt::shown(more), "");
    }

    void order(const std::string& letter, int seconds) {
        const nlohmann::json body{{"name", "report"}, {"expires_s", seconds}};
        const auto answer = exchange(city_->control(),
                                     {.method = "POST",
                                      .target = "/api/v1/assets/" + asset_of(letter) + "/commands",
                                      .body = body.dump(),
                                      .headers = operator_});
        ASSERT_EQ(answer.status, 201U) << answer.body;
        const auto command = answer.json();
        ids_.push_back(command.at("id"));
        nlohmann::json payload;
        for (const char* member : {"id", "name", "params", "expires_at"})
            payload[member] = command.at(member);
        payloads_.push_back(payload.dump());
    }
    // "@fits" and "@less" are numbers.
    std::string with_sizes(std::string text) {
        const auto at = text.find('@');
        if (at == std::string::npos) return text;
        const bool fits = text.substr(at, 5) == "@fits";
        const auto packet = bytes("32 {\"T\" 0001 (02 00000258) 'command " +
                                  std::to_string(payloads_.size()) + "'}");
        return text.replace(at, 5, fmt::format("{:08x}", packet.size() - (fits ? 0 : 1)));
    }
    // So many messages of QoS 2, each received.
    void leave_unreleased(int count) {
        std::string messages;
        std::string answers;
        for (int number = 1; number <= count; ++number) {
            messages += bytes(fmt::format("34 {{\"t\" {:04x} () 'x'}}", number));
            answers += bytes(fmt::format("50 02 {:04x}", number));
        }
        ASSERT_TRUE(peer().send(messages));
        EXPECT_EQ(peer().receive(answers.size(), patience), answers);
    }
    // So many messages of QoS 1.
    void flood(int count) {
        std::string messages;
        for (int number = 1; number <= count; ++number)
            messages += bytes(fmt::format(R"(32 {{"t" {:04x} 'x'}})", number));
        ASSERT_TRUE(peer().send(messages));
    }
    [[nodiscard]] static bool becomes(const std::string& query, const std::string& wanted) {
        std::string found;
        const bool came = until(
            [&] {
                pqxx::nontransaction tx(*database_);
                const auto rows = tx.exec(query);
                found = rows.empty() ? "" : rows[0][0].as<std::string>();
                return found == wanted;
            },
            patience);
        EXPECT_TRUE(came) << query << ": " << found;
        return came;
    }
    // What only the real exchanges say; false: it is none of that.
    bool run_real(const std::string& verb, const std::string& rest) {
        const std::string client = " where client_id = '" + test_name({GetParam(), 0}) + "'";
        std::istringstream words(rest);
        if (verb == "order") {
            std::string letter;
            int seconds = 600;
            words >> letter >> seconds;
            order(letter, words.fail() ? 600 : seconds);
        } else if (verb == "state") {
            std::size_t number = 0;
            words >> number;
            std::string wanted;
            std::getline(words >> std::ws, wanted);
            (void)becomes("select rtrim(state || ' ' || cause) from command where id = " +
                              ids_.at(number - 1),
                          wanted);
        } else if (verb == "unreleased") {
            leave_unreleased(std::stoi(rest));
        } else if (verb == "seen") {
            (void)becomes(
                "select count(*) from frame where vals[3] = 0 and asset_id = (select id from "
                "asset where code = '" +
                    asset_of("T") + "')",
                rest);
        } else if (verb == "will") {
            (void)becomes(
                "select case when will is null then 'none' when will_due_at is null then "
                "'connected' else 'due' end from session" +
                    client,
                rest);
        } else if (verb == "refused") {
            (void)becomes("select reason from quarantine where topic = '" + marked_topic() + "'",
                          rest);
        } else if (verb == "freeze") {
            city_->signal_database(SIGSTOP);
            read_before_ = messages_read();
        } else if (verb == "thaw") {
            city_->signal_database(SIGCONT);
            EXPECT_TRUE(until(
                [] { return exchange(city_->metrics(), {.target = "/readyz"}).status == 200; },
                patience));
        } else if (verb == "flood") {
            flood(std::stoi(rest));
        } else if (verb == "read") {
            const auto wanted = read_before_ + std::stod(rest);
            EXPECT_TRUE(until([wanted] { return messages_read() == wanted; }, patience))
                << messages_read() - read_before_;
        } else if (verb == "acknowledged") {
            std::string answers;
            for (int number = 1; number <= std::stoi(rest); ++number)
                answers += bytes(fmt::format("40 02 {:04x}", number));
            EXPECT_EQ(peer().receive(answers.size(), patience), answers);
        } else if (verb == "silent") {
            EXPECT_EQ(peer().receive(1, std::chrono::seconds(std::stoi(rest))), "");
        } else if (verb == "forgotten") {
            (void)becomes("select count(*) from session" + client, "0");
        } else {
            return false;
        }
        return true;
    }

    void run(const std::string& line) {
        SCOPED_TRACE(line);
        const auto space = line.find(' ');
        const std::string verb = line.substr(0, space);
        const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
        if (verb.starts_with('3') || verb.starts_with('5')) {
            if (is_v5() == verb.starts_with('5')) run(line.substr(1));
        } else if (verb == ">") {
            (void)peer().send(bytes(with_sizes(rest)));
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
        } else if (!run_real(verb, rest)) {
            // What the bench's handler is told cannot be seen from outside.
            EXPECT_TRUE(verb == "told" || verb == "untold") << "not a word of this script";
        }
    }

    static inline std::unique_ptr<Installation> city_;
    static inline std::unique_ptr<pqxx::connection> database_;
    static inline Secrets owner_;
    static inline Secrets other_;
    static inline Secrets hasty_;
    static inline std::map<std::string, std::string> operator_;  // headers of one
    static inline int number_{0};
    std::vector<std::string> ids_;
    std::vector<std::string> payloads_;
    double read_before_{};
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

TEST(MqttBytesOfTheFile, NoneIsReplacedByWhatIsNotPlayed) {
    std::set<std::pair<std::string, Version>> all;
    std::set<std::string> names;
    for (const Exchange& one : net::read_exchanges()) {
        all.emplace(one.name, one.version);
        names.insert(one.name);
    }
    EXPECT_EQ(names.size(), 127U);
    EXPECT_EQ(playable().size(), all.size());
    for (const Exchange& one : net::read_exchanges("/tests/e2e/mqtt_real_exchanges.txt"))
        EXPECT_TRUE(all.contains({one.name, one.version})) << test_name({one, 0});
}

}  // namespace
}  // namespace vigie::e2e
