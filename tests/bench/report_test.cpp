#include "bench/report.hpp"

#include <gtest/gtest.h>

namespace vigie::bench {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

TEST(RedeliveryVerdict, FailsBelowHalfOfTheNormalRateAndSaysSo) {
    EXPECT_EQ(verdict_on_redelivery(0.5).exit_code, 0);
    EXPECT_EQ(verdict_on_redelivery(0.5).sentence, "");
    const auto verdict = verdict_on_redelivery(0.4999);
    EXPECT_NE(verdict.exit_code, 0);
    EXPECT_TRUE(verdict.sentence.starts_with("SHORT: ")) << verdict.sentence;
}

TEST(LatencyOfRounds, IsTheMedianOfTheirsWithLeastAndLargest) {
    std::vector<Latency> rounds(5);
    for (const auto& [round, ms] : {std::pair{0, 3ms}, {1, 40ms}, {2, 2ms}, {3, 5ms}, {4, 4ms}})
        rounds[static_cast<std::size_t>(round)].add(ms);
    const auto found = json_of_rounds(rounds);
    EXPECT_NEAR(found.at("p50"), 4, 0.1);
    EXPECT_NEAR(found.at("p99"), 4, 0.1);
    EXPECT_NEAR(found.at("p99_min"), 2, 0.1);
    EXPECT_NEAR(found.at("p99_max"), 40, 1);
    EXPECT_EQ(found.at("each_round_p99").size(), 5U);
    EXPECT_EQ(found.at("rounds"), 5);
    EXPECT_EQ(found.at("count"), 5);
}

TEST(Phases, SayHowBusyTheMachineWasWithOthersInEach) {
    json report;
    add_phase(report, "server", {{.foreign_share = 0.01, .steal_share = 0.02}});
    add_phase(report, "L",
              {{.foreign_share = 0.02}, {.foreign_share = 0.14}, {.foreign_share = 0.03}});
    EXPECT_DOUBLE_EQ(report.at("foreign_share"), 0.01);
    EXPECT_DOUBLE_EQ(report.at("steal_share"), 0.02);
    EXPECT_DOUBLE_EQ(report.at("phases").at("L").at("foreign_share"), 0.03);
    EXPECT_DOUBLE_EQ(report.at("phases").at("L").at("foreign_share_max"), 0.14);
    EXPECT_EQ(sentence_of_phases(report), "foreign load: L 3 % (14 % in a round), server 1 %");
}

TEST(Spent, AddsUpToAPhaseWhoseSharesAreOfTheWholeTime) {
    Spent spent{.wall_s = 1, .server_s = 1, .cluster_s = 2, .foreign_share = 0.4};
    spent += {.wall_s = 3, .server_s = 2, .peers_s = 1, .steal_share = 0.2};
    EXPECT_DOUBLE_EQ(spent.wall_s, 4);
    EXPECT_DOUBLE_EQ(spent.server_s, 3);
    EXPECT_DOUBLE_EQ(spent.cluster_s, 2);
    EXPECT_DOUBLE_EQ(spent.peers_s, 1);
    EXPECT_DOUBLE_EQ(spent.foreign_share, 0.1);
    EXPECT_DOUBLE_EQ(spent.steal_share, 0.15);
}

TEST(Flaws, FailARunAndStandInItsReport) {
    json report = {{"ratio", 0.7}};
    EXPECT_EQ(tell_flaws(report), 0);
    add_flaw(report, "12 acknowledged, 11 stored");
    EXPECT_EQ(report.at("not_valid"), json::array({"12 acknowledged, 11 stored"}));
    EXPECT_NE(tell_flaws(report), 0);
}

}  // namespace
}  // namespace vigie::bench
