#include "vigie/control/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace vigie::control {
namespace {

using ingest::ResultStatus;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<State> every_state() {
    std::vector<State> all;
    for (std::size_t i = 0; i < states; ++i)
        all.push_back(static_cast<State>(i));
    return all;
}

TEST(CommandStates, MoveAsTheTableSaysAndNotOtherwise) {
    struct Row {
        State from;
        std::vector<State> room;
        std::vector<State> server;
        std::vector<State> device;
    };
    using enum State;
    const Row rows[] = {
        {queued, {cancelled}, {sent, expired}, {}},
        {sent, {}, {queued, delivered, failed, expired}, {accepted, done, failed}},
        {delivered, {}, {expired}, {accepted, done, failed}},
        {accepted, {}, {expired}, {done, failed}},
        {done, {}, {}, {}},
        {failed, {}, {}, {}},
        {expired, {}, {}, {}},
        {cancelled, {}, {}, {}},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(to_string(row.from));
        EXPECT_EQ(allowed(row.from, Hand::room), row.room);
        EXPECT_EQ(allowed(row.from, Hand::server), row.server);
        EXPECT_EQ(allowed(row.from, Hand::device), row.device);
        EXPECT_EQ(is_final(row.from), row.server.empty());
        for (const State to : every_state()) {
            const bool listed = std::ranges::find(row.server, to) != row.server.end();
            EXPECT_EQ(may_move(row.from, to, Hand::server), listed) << to_string(to);
        }
    }
}

TEST(CommandStates, GoOutOnceUnlessNothingWasGivenToASocket) {
    for (const State from : every_state()) {
        const bool sends = may_move(from, State::sent, Hand::server) ||
                           may_move(from, State::sent, Hand::room) ||
                           may_move(from, State::sent, Hand::device);
        EXPECT_EQ(sends, from == State::queued) << to_string(from);
        const bool returns = may_move(from, State::queued, Hand::server);
        EXPECT_EQ(returns, from == State::sent) << to_string(from);
    }
}

TEST(CommandStates, HaveNamesThatAreFoundAgain) {
    std::set<std::string_view> names;
    for (const State state : every_state()) {
        EXPECT_EQ(state_from(to_string(state)), state);
        names.insert(to_string(state));
    }
    EXPECT_EQ(names.size(), states);
    EXPECT_FALSE(state_from("gone"));
    EXPECT_FALSE(state_from(""));
}

TEST(CommandResults, AreJudgedFromATable) {
    using enum Verdict;
    struct Row {
        State state;
        Verdict accepted;
        Verdict done;
        Verdict failed;
    };
    const Row rows[] = {
        {State::queued, never_sent, never_sent, never_sent},
        {State::sent, moves, moves, moves},
        {State::delivered, moves, moves, moves},
        {State::accepted, known, moves, moves},
        {State::done, known, known, contradiction},
        {State::failed, known, contradiction, known},
        {State::expired, learnt_late, learnt_late, learnt_late},
        {State::cancelled, never_sent, never_sent, never_sent},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(to_string(row.state));
        const std::pair<ResultStatus, Verdict> cases[] = {{ResultStatus::accepted, row.accepted},
                                                          {ResultStatus::done, row.done},
                                                          {ResultStatus::failed, row.failed}};
        for (const auto& [said, expected] : cases) {
            EXPECT_EQ(judge(row.state, std::nullopt, said), expected) << to_string(said);
            if (expected == moves)
                EXPECT_TRUE(may_move(row.state, state_of(said), Hand::device)) << to_string(said);
        }
    }
}

TEST(CommandResults, LearntLateAreKeptUntilTheEnd) {
    using enum ResultStatus;
    EXPECT_EQ(judge(State::expired, accepted, accepted), Verdict::known);
    EXPECT_EQ(judge(State::expired, accepted, done), Verdict::learnt_late);
    EXPECT_EQ(judge(State::expired, done, done), Verdict::known);
    EXPECT_EQ(judge(State::expired, done, accepted), Verdict::known);
    EXPECT_EQ(judge(State::expired, done, failed), Verdict::contradiction);
}

}  // namespace
}  // namespace vigie::control
