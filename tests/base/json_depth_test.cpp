#include "vigie/base/json_depth.hpp"

#include <gtest/gtest.h>

namespace vigie::base {
namespace {

TEST(JsonDepth, HoldsItsLimitAtNAndNPlusOne) {
    EXPECT_FALSE(nests_deeper_than("1", 0));
    EXPECT_TRUE(nests_deeper_than("[]", 0));
    EXPECT_FALSE(nests_deeper_than("[{\"a\": []}, [[]]]", 3));
    EXPECT_TRUE(nests_deeper_than("[{\"a\": [[]]}]", 3));
}

TEST(JsonDepth, DoesNotCountWhatStandsInTexts) {
    EXPECT_FALSE(nests_deeper_than(R"({"[[[[": "{{ \" [[ \\"})", 1));
    EXPECT_TRUE(nests_deeper_than(R"({"a\\": [1]})", 1));
    EXPECT_FALSE(nests_deeper_than("]]]][", 1));
    EXPECT_FALSE(nests_deeper_than("\"\\", 0));
}

}  // namespace
}  // namespace vigie::base
