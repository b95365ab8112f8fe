#include "bench/ingest_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/roll_up_watch.hpp"

namespace vigie::bench {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

Round round_of(double values, double limit) {
    Round round;
    round.values = values;
    round.limit = limit;
    round.limit_rows = 4'000;
    round.reference = 2 * limit;
    round.limit_cost_us = 3;
    round.cost_us = 6;
    round.shown = 11;
    round.rollups = 7;
    round.cost = {{"server", 1.5}, {"postgres", 2.2}, {"generator", 0.3}};
    round.puback.add(10ms);
    round.spent = {.wall_s = 3,
                   .server_s = 1,
                   .cluster_s = 2,
                   .generator_s = 0.5,
                   .foreign_share = 0.02,
                   .steal_share = 0.01};
    round.limit_spent = {.wall_s = 6, .foreign_share = 0.05};
    round.reference_spent = {
        .wall_s = 6, .foreign_share = 0.11, .steal_share = 0.03, .still_share = 0.07};
    round.server = {100, 200};
    round.cluster_bytes = 300;
    return round;
}

// Programs read it by these names: scripts/bench, and whoever compares two machines.
TEST(IngestReport, HasTheKeysThatProgramsRead) {
    const auto report = report_of({round_of(100, 200), round_of(300, 400), round_of(200, 200)});
    EXPECT_DOUBLE_EQ(report.at("ratio"), 0.75);
    EXPECT_DOUBLE_EQ(report.at("values_per_s"), 200);
    EXPECT_DOUBLE_EQ(report.at("messages_per_s"), 50);
    EXPECT_DOUBLE_EQ(report.at("limit_values_per_s"), 200);
    EXPECT_DOUBLE_EQ(report.at("reference_values_per_s"), 400);
    EXPECT_DOUBLE_EQ(report.at("cost_ratio"), 0.5);
    EXPECT_NEAR(report.at("puback_ms").at("p50"), 10, 0.2);
    EXPECT_NEAR(report.at("puback_ms").at("p99"), 10, 0.2);
    EXPECT_DOUBLE_EQ(report.at("console_messages_per_s"), 11);
    EXPECT_DOUBLE_EQ(report.at("foreign_share"), 0.02);
    EXPECT_DOUBLE_EQ(report.at("steal_share"), 0.01);
    EXPECT_DOUBLE_EQ(report.at("phases").at("server").at("foreign_share"), 0.02);
    EXPECT_DOUBLE_EQ(report.at("phases").at("L").at("foreign_share"), 0.05);
    EXPECT_DOUBLE_EQ(report.at("phases").at("reference").at("foreign_share_max"), 0.11);
    EXPECT_DOUBLE_EQ(report.at("phases").at("reference").at("steal_share"), 0.03);
    EXPECT_DOUBLE_EQ(report.at("phases").at("reference").at("still_share"), 0.07);
    EXPECT_EQ(report.at("rollups_computed"), 21);
    EXPECT_EQ(report.at("server_resident_bytes_max"), 200);
    EXPECT_EQ(report.at("postgres_proportional_bytes"), 300);
    EXPECT_EQ(report.at("rounds"), 3);
    EXPECT_EQ(report.at("each_round").size(), 3U);
}

TEST(IngestReport, HasTheSameOfEachRoundWithWhatItCost) {
    const auto round = report_of({round_of(100, 200)}).at("each_round").at(0);
    EXPECT_DOUBLE_EQ(round.at("ratio"), 0.5);
    EXPECT_DOUBLE_EQ(round.at("values_per_s"), 100);
    EXPECT_DOUBLE_EQ(round.at("limit_values_per_s"), 200);
    EXPECT_EQ(round.at("limit_batch_rows"), 4'000);
    EXPECT_DOUBLE_EQ(round.at("reference_values_per_s"), 400);
    for (const char* key : {"p50", "p90", "p99", "p999", "count"})
        EXPECT_TRUE(round.at("puback_ms").contains(key)) << key;
    EXPECT_DOUBLE_EQ(round.at("spent").at("foreign_share"), 0.02);
    EXPECT_DOUBLE_EQ(round.at("limit_spent").at("foreign_share"), 0.05);
    EXPECT_DOUBLE_EQ(round.at("reference_spent").at("foreign_share"), 0.11);
    for (const char* key : {"seconds", "server_cpu_s", "postgres_cpu_s", "generator_cpu_s"})
        EXPECT_TRUE(round.at("spent").contains(key)) << key;
    for (const char* key : {"server", "postgres", "generator"})
        EXPECT_TRUE(round.at("cpu_us_per_message").contains(key)) << key;
    EXPECT_EQ(round.at("limit_cpu_us_per_row"), 3);
    EXPECT_EQ(round.at("rollups"), 7);
    EXPECT_EQ(round.at("server_resident_bytes"), 100);
    EXPECT_EQ(round.at("server_resident_bytes_max"), 200);
    EXPECT_EQ(round.at("postgres_proportional_bytes"), 300);
}

TEST(IngestReport, IsToldInOneSentence) {
    EXPECT_THAT(sentence_of_report(report_of({round_of(4'000, 8'000)})),
                testing::StartsWith("median of 1: 4,000 values/s (1,000 messages/s), L 8,000, "
                                    "ratio 0.50 (of processor time 0.50)"));
}

TEST(HotBytes, AreOfWhatTheProductStored) {
    EXPECT_DOUBLE_EQ((StoredRows{.bytes = 1'600, .rows = 10}).bytes_per_value(), 40);
    EXPECT_DOUBLE_EQ(StoredRows{}.bytes_per_value(), 0);
}

TEST(RollUps, AreDueAMinuteAfterTheyEndedAndEachMinuteSince) {
    const std::chrono::steady_clock::time_point ended{100s};
    EXPECT_EQ(next_roll_up(ended, ended - 1s), ended + 60s);
    EXPECT_EQ(next_roll_up(ended, ended), ended + 60s);
    EXPECT_EQ(next_roll_up(ended, ended + 59s), ended + 60s);
    EXPECT_EQ(next_roll_up(ended, ended + 60s), ended + 120s);
    EXPECT_EQ(next_roll_up(ended, ended + 150s), ended + 180s);
}

}  // namespace
}  // namespace vigie::bench
