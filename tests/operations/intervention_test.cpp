#include "vigie/operations/intervention.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace vigie::operations {
namespace {

// One row a state, one column a state it might go to, in the order of the enumeration:
// c the crew, r the room, t telemetry, b the room and telemetry, . nobody.
// Columns: assigned accepted refused en_route on_site made_safe paused restored verified closed
// cancelled.
struct MachineRow {
    Standing standing;
    const char* columns;
};
const MachineRow machine[] = {
    {{State::assigned, {}}, ".cc.......r"},
    {{State::accepted, {}}, "..ccc.c...r"},
    {{State::refused, {}}, "..........."},
    {{State::en_route, {}}, "....c.c...r"},
    {{State::on_site, {}}, ".....ccc..."},
    {{State::made_safe, {}}, "......cc..."},
    {{State::paused, State::accepted}, ".c.cc.....r"},
    {{State::paused, State::en_route}, ".c.cc.....r"},
    {{State::paused, State::on_site}, ".c.cc.....r"},
    {{State::paused, State::made_safe}, ".c.ccc....r"},
    {{State::restored, {}}, "t.......b.."},
    {{State::verified, {}}, "t........r."},
    {{State::closed, {}}, "..........."},
    {{State::cancelled, {}}, "..........."},
};

bool hand_is_in(char column, Hand hand) {
    switch (column) {
        case 'c':
            return hand == Hand::crew;
        case 'r':
            return hand == Hand::room;
        case 't':
            return hand == Hand::telemetry;
        case 'b':
            return hand == Hand::room || hand == Hand::telemetry;
        default:
            return false;
    }
}

base::Instant noon(int seconds = 0) {
    return *base::parse_rfc3339("2026-11-22T12:00:00Z") + std::chrono::seconds{seconds};
}

// A move to that state with whatever reason and note it needs.
Move well_founded(State to) {
    Move move{to, noon(), "", "", {}};
    if (to == State::refused) move.reason = "busy";
    if (to == State::paused) move.reason = "parts";
    if (to == State::cancelled) move.reason = "duplicate";
    if (to == State::verified) {
        move.reason = "override";
        move.note = "seen burning";
    }
    return move;
}

TEST(InterventionMachine, AllowsExactlyWhatTheTableSays) {
    for (const auto& [standing, columns] : machine) {
        for (const Hand hand : {Hand::nobody, Hand::crew, Hand::room, Hand::telemetry}) {
            std::vector<State> expected;
            for (std::size_t to = 0; to < states; ++to) {
                if (hand_is_in(columns[to], hand)) expected.push_back(static_cast<State>(to));
            }
            EXPECT_EQ(allowed(standing, hand), expected)
                << to_string(standing.state) << " by hand " << static_cast<int>(hand);
        }
    }
}

TEST(InterventionMachine, JudgesEveryPairForEveryHand) {
    for (const auto& [standing, columns] : machine) {
        for (std::size_t index = 0; index < states; ++index) {
            const State to = static_cast<State>(index);
            for (const Hand hand : {Hand::nobody, Hand::crew, Hand::room}) {
                SCOPED_TRACE(std::string(to_string(standing.state)) + " to " +
                             std::string(to_string(to)));
                const auto judged = judge(standing, noon(-1), well_founded(to), hand, noon());
                if (hand_is_in(columns[index], hand)) {
                    EXPECT_TRUE(judged.ok());
                    continue;
                }
                ASSERT_FALSE(judged.ok());
                EXPECT_EQ(judged.error().code,
                          columns[index] == '.' ? base::Errc::conflict : base::Errc::forbidden);
                const auto extension = nlohmann::json::parse(judged.error().extension);
                EXPECT_EQ(extension.at("state"), to_string(standing.state));
                EXPECT_EQ(extension.at("allowed").size(), allowed(standing, hand).size());
            }
        }
    }
}

TEST(InterventionMachine, KnowsItsNamesBothWays) {
    for (std::size_t index = 0; index < states; ++index) {
        const State state = static_cast<State>(index);
        EXPECT_EQ(state_from(to_string(state)), state);
    }
    EXPECT_EQ(state_from("reopened"), std::nullopt);
    EXPECT_EQ(state_from(""), std::nullopt);
}

TEST(InterventionMachine, HoldsItsCrewWhileTheCrewMustAct) {
    const std::string expected =
        "110111"
        "1"
        "0000";  // one digit a state
    for (std::size_t index = 0; index < states; ++index) {
        const State state = static_cast<State>(index);
        EXPECT_EQ(holds_crew(state), expected[index] == '1') << to_string(state);
        EXPECT_EQ(is_final(state), allowed({state, State::on_site}, Hand::crew).empty() &&
                                       allowed({state, {}}, Hand::room).empty())
            << to_string(state);
    }
}

TEST(InterventionMachine, AsksForReasonsAndNotes) {
    struct Case {
        State from;
        State to;
        Hand hand;
        const char* reason;
        const char* note;
        const char* pointer;  // empty: fine
    };
    const Case cases[] = {
        {State::assigned, State::refused, Hand::crew, "", "", "/reason"},
        {State::assigned, State::refused, Hand::crew, "weather", "", "/reason"},
        {State::assigned, State::refused, Hand::crew, "no_skill", "", ""},
        {State::assigned, State::refused, Hand::crew, "other", "", ""},
        {State::on_site, State::paused, Hand::crew, "", "", "/reason"},
        {State::on_site, State::paused, Hand::crew, "busy", "", "/reason"},
        {State::on_site, State::paused, Hand::crew, "third_party_network", "", ""},
        {State::on_site, State::paused, Hand::crew, "other", "", "/note"},
        {State::on_site, State::paused, Hand::crew, "other", "flooded cellar", ""},
        {State::assigned, State::cancelled, Hand::room, "", "", "/reason"},
        {State::assigned, State::cancelled, Hand::room, "parts", "", "/reason"},
        {State::assigned, State::cancelled, Hand::room, "no_longer_needed", "", ""},
        {State::assigned, State::cancelled, Hand::room, "other", "", "/note"},
        {State::assigned, State::cancelled, Hand::room, "override", "", "/note"},
        {State::restored, State::verified, Hand::room, "", "seen", "/reason"},
        {State::restored, State::verified, Hand::room, "other", "seen", "/reason"},
        {State::restored, State::verified, Hand::room, "override", "", "/note"},
        {State::restored, State::verified, Hand::room, "override", "seen", ""},
        {State::verified, State::closed, Hand::room, "", "", ""},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(to_string(c.to)) + " because " + c.reason);
        const auto judged =
            judge({c.from, {}}, noon(-1), Move{c.to, noon(), c.reason, c.note, {}}, c.hand, noon());
        ASSERT_EQ(judged.ok(), std::string(c.pointer).empty());
        if (judged.ok()) continue;
        EXPECT_EQ(judged.error().code, base::Errc::invalid);
        EXPECT_EQ(judged.error().fields.at(0).pointer, c.pointer);
    }
}

TEST(InterventionMachine, BelievesAPersonsClockUnlessItContradictsOurs) {
    struct Case {
        const char* why;
        int last_s;
        int said_s;
        int counted_s;
        int off_s;
    };
    const Case cases[] = {
        {"now", -60, 0, 0, 0},
        {"sent an hour after it was done", -7200, -3600, -3600, 0},
        {"at the step before", -60, -60, -60, 0},
        {"two minutes ahead: not later than now", -60, 120, 0, 0},
        {"more than two minutes ahead", -60, 121, 0, 121},
        {"seven minutes ahead", -60, 420, 0, 420},
        {"a day ahead", -60, 86'400, 0, 86'400},
        {"two minutes before the step before: not before it", -10, -130, -10, 0},
        {"more than two minutes before it", -10, -131, 0, -121},
        {"a slow phone", -10, -1'000, 0, -990},
        {"a day before the step before", -10, -86'410, 0, -86'400},
        {"our own clock went back", 5, 0, 5, 0},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.why);
        const auto counted = count(noon(c.said_s), noon(c.last_s), noon());
        EXPECT_EQ(counted.at, noon(c.counted_s));
        EXPECT_EQ(counted.off, std::chrono::seconds{c.off_s});
        const Move move{State::accepted, noon(c.said_s), "", "", {}};
        EXPECT_TRUE(judge({State::assigned, {}}, noon(c.last_s), move, Hand::crew, noon()).ok());
    }
}

TEST(InterventionMachine, RefusesAClockThatIsOffByMoreThanADay) {
    for (const int said_s : {86'401, 40'000'000, -86'411, -40'000'000}) {
        SCOPED_TRACE(said_s);
        const Move move{State::accepted, noon(said_s), "", "", {}};
        const auto judged = judge({State::assigned, {}}, noon(-10), move, Hand::crew, noon());
        ASSERT_FALSE(judged.ok());
        EXPECT_EQ(judged.error().code, base::Errc::invalid);
        EXPECT_EQ(judged.error().fields.at(0).pointer, "/at");
    }
}

TEST(InterventionMachine, SpeaksToPeopleInTheirWords) {
    const Move move = well_founded(State::en_route);
    const auto illegal = judge({State::on_site, {}}, noon(-1), move, Hand::crew, noon());
    EXPECT_EQ(illegal.error().detail.en, "It cannot go from “on site” to “en route”.");
    EXPECT_EQ(illegal.error().detail.fr,
              "Elle ne peut pas passer de « sur place » à « en route ».");
    const auto another =
        judge({State::assigned, {}}, noon(-1), well_founded(State::cancelled), Hand::crew, noon());
    EXPECT_EQ(another.error().detail.fr,
              "Ce n'est pas à vous de la faire passer de « affectée » à « annulée ».");
    const Move silent{State::refused, noon(), "", "", {}};
    const auto reason = judge({State::assigned, {}}, noon(-1), silent, Hand::crew, noon());
    EXPECT_EQ(reason.error().fields.at(0).message.fr,
              "Un refus demande un de ces motifs : occupée ailleurs, compétence absente, fin de "
              "service, autre motif.");
    // No code of ours in any sentence.
    for (const auto& [standing, columns] : machine) {
        for (std::size_t to = 0; to < states; ++to) {
            for (const Hand hand : {Hand::nobody, Hand::crew, Hand::room}) {
                Move bare{static_cast<State>(to), noon(), "", "", {}};
                const auto judged = judge(standing, noon(-1), bare, hand, noon());
                if (judged.ok()) continue;
                EXPECT_EQ(judged.error().detail.fr.find('_'), std::string::npos)
                    << judged.error().detail.fr;
                EXPECT_EQ(judged.error().detail.en.find('_'), std::string::npos);
            }
        }
    }
}

}  // namespace
}  // namespace vigie::operations
