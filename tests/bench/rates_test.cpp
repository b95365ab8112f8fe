#include "bench/rates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigie::bench {
namespace {

RateRound round_at(std::chrono::milliseconds puback, std::uint64_t acknowledged) {
    RateRound round;
    round.figures.acknowledged = acknowledged;
    round.figures.seconds = 2;
    round.figures.puback.add(puback);
    round.spent.foreign_share = 0.01;
    return round;
}

std::vector<RateRound> rounds_of(std::initializer_list<int> pubacks, std::uint64_t acknowledged) {
    std::vector<RateRound> rounds;
    for (const int ms : pubacks)
        rounds.push_back(round_at(std::chrono::milliseconds{ms}, acknowledged));
    return rounds;
}

TEST(Rate, IsReportedAsMedianWithTheSpreadOfItsRounds) {
    const auto row = report_of_rate(5'000, rounds_of({3, 9, 2, 4, 5}, 10'000));
    EXPECT_EQ(row.at("rate"), 5'000);
    EXPECT_EQ(row.at("rounds"), 5);
    EXPECT_EQ(row.at("kept_up"), true);
    EXPECT_NEAR(row.at("puback_ms").at("p50"), 4, 0.1);
    EXPECT_NEAR(row.at("puback_ms").at("p99"), 4, 0.1);
    EXPECT_NEAR(row.at("puback_ms").at("p99_min"), 2, 0.1);
    EXPECT_NEAR(row.at("puback_ms").at("p99_max"), 9, 0.2);
    EXPECT_EQ(row.at("each_round").size(), 5U);
    EXPECT_DOUBLE_EQ(row.at("phases").at("server").at("foreign_share"), 0.01);
    EXPECT_THAT(sentence_of_rate(row), testing::StartsWith("at 5,000 messages/s, from the"));
}

TEST(Rate, IsNotKeptUpWhenMessagesStayAway) {
    const auto row = report_of_rate(5'000, rounds_of({3, 3}, 9'700));
    EXPECT_EQ(row.at("kept_up"), false);
    EXPECT_THAT(sentence_of_rate(row), testing::HasSubstr("(not kept up)"));
}

}  // namespace
}  // namespace vigie::bench
