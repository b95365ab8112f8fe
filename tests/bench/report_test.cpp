#include "bench/report.hpp"

#include <gtest/gtest.h>

namespace vigie::bench {
namespace {

TEST(RedeliveryVerdict, FailsBelowHalfOfTheNormalRateAndSaysSo) {
    EXPECT_EQ(verdict_on_redelivery(0.5).exit_code, 0);
    EXPECT_EQ(verdict_on_redelivery(0.5).sentence, "");
    const auto verdict = verdict_on_redelivery(0.4999);
    EXPECT_NE(verdict.exit_code, 0);
    EXPECT_TRUE(verdict.sentence.starts_with("SHORT: ")) << verdict.sentence;
}

}  // namespace
}  // namespace vigie::bench
