// Every topic of the stream with every role, by subscribing: what no route's right says.
#include <gmock/gmock.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "app/self_watch.hpp"
#include "tests/api/contract.hpp"
#include "tests/app/whole_server.hpp"
#include "vigie/live/stream_session.hpp"

namespace vigie::app {
namespace {

using nlohmann::json;

// A console that reads at once what it is sent.
class Reader final : public live::StreamSocket {
public:
    void write(std::vector<std::string> texts) override {
        for (const auto& text : texts)
            messages.push_back(json::parse(text));
        written = false;
    }
    void close(unsigned /*code*/, std::string_view /*reason*/) override { closed = true; }

    std::deque<json> messages;
    bool written{true};
    bool closed{};
};

class TheStreamsTopics : public WholeServerBench {
protected:
    TheStreamsTopics() : WholeServerBench(by_role, by_role) {}
    static api::Authenticator by_role(Foundation&) { return test::role_authenticator(); }

    // What a person of that role is answered: '-' refused, its letter when it is shown rows, its
    // capital when another crew's row is kept from it, '?' anything else.
    char answer(const std::string& topic, access::Role role, char letter) {
        access::Principal principal;
        principal.id = 1;
        principal.role = role;
        principal.crew = "own";
        principal.grants = access::default_grants(role);
        Reader reader;
        const auto session = live::StreamSession::make(foundation_.stream, principal, false, clock_,
                                                       reader, io_.get_executor());
        session->start();
        json asks{{"type", "subscribe"}, {"id", "q"}, {"topic", topic}};
        // What has no snapshot is resumed; and values are told of an asset that is named.
        if (topic == "map") {
            asks["resume"] = {{"epoch", foundation_.stream.epoch()},
                              {"sequence", foundation_.stream.last()}};
        }
        if (topic == "values") asks["filter"] = {{"asset", "A1"}};
        session->received(asks.dump());
        const auto said = next(*session, reader, {"error", "snapshot", "resumed"});
        char found = '?';
        if (said.value("type", "") == "error") {
            if (said["problem"].value("status", 0) == 403) found = '-';
        } else if (!said.is_null()) {
            const auto crew = first_crew_shown(topic, *session, reader);
            if (crew == "another") found = letter;
            if (crew == "own") found = static_cast<char>(letter - 32);
        }
        session->gone();
        return found;
    }

private:
    std::string first_crew_shown(const std::string& topic, live::StreamSession& session,
                                 Reader& reader) {
        for (const char* crew : {"another", "own"}) {
            live::StreamRow row;
            row.key = crew;
            row.json = std::make_shared<const std::string>(json{{"crew", crew}}.dump());
            row.asset = "A1";
            row.crew = crew;
            foundation_.stream.publish(topic, {row});
        }
        const auto delta = next(session, reader, {"delta"});
        return delta.is_null() ? "" : delta["rows"].at(0).value("crew", "");
    }

    json next(live::StreamSession& session, Reader& reader, const std::set<std::string>& types) {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{30};
        for (;;) {
            if (!reader.written) {
                reader.written = true;
                session.written();
            }
            while (!reader.messages.empty()) {
                auto message = std::move(reader.messages.front());
                reader.messages.pop_front();
                if (types.contains(message.value("type", ""))) return message;
            }
            if (std::chrono::steady_clock::now() > give_up) return {};
            io_.restart();
            io_.run_one_until(give_up);
        }
    }

    // The server's own, beside its modules.
    SelfWatch self_watch_{foundation_.stream, clock_, {}, [] { return Vitals{}; }, [](auto) {}};
};

// Written by hand, and no topic's own declaration asked, as in contract_pgtest.cpp: o operator,
// s supervisor, d director, c crew member, a administrator, i integrator. A capital: only what is
// of the person's own crew.
constexpr const char* topic_rights[] = {
    "alarms          osd-ai",  //
    "commands        osd-a-",  //
    "crews           osdCa-",  //
    "desks           osd-ai",  //
    "incidents       osd-ai",  //
    "interventions   osdCa-",  //
    "logbook         osd-a-",  //
    "map             osdcai",  //
    "system          osd-ai",  //
    "values          osdcai",  //
};

TEST_F(TheStreamsTopics, AreShownToTheRolesThatWereDecidedAndToNoOther) {
    constexpr std::string_view letters = "osdcai";
    std::vector<std::string> lines;
    for (const auto& topic : foundation_.stream.topic_names()) {
        std::string line = topic;
        line.resize(std::max<std::size_t>(line.size() + 1, 16), ' ');
        for (std::size_t i = 0; i < letters.size(); ++i)
            line += answer(topic, test::every_role[i], letters[i]);
        lines.push_back(line);
    }
    EXPECT_THAT(lines, testing::ElementsAreArray(topic_rights));
}

}  // namespace
}  // namespace vigie::app
