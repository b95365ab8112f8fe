#include "vigie/live/clock_skew.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vigie::live {
namespace {

using namespace std::chrono_literals;

struct Heard {
    std::chrono::milliseconds received;  // since the beginning
    std::chrono::milliseconds took;      // from its time to its arrival
};

ClockSkew after(const std::vector<Heard>& messages) {
    const auto begin = base::from_epoch_ms(0) + ClockSkew::window * 1'000;
    ClockSkew skew;
    for (const auto& message : messages)
        skew.hear(begin + message.received - message.took, begin + message.received);
    return skew;
}

TEST(ClockSkew, IsTheWayOfThePromptestMessage) {
    struct Case {
        const char* what;
        std::vector<Heard> messages;
        std::optional<std::chrono::milliseconds> ahead;
    };
    const Case cases[] = {
        {"nothing heard", {}, std::nullopt},
        {"one message", {{0s, 80ms}}, -80ms},
        {"ahead of us", {{0s, -45s}}, 45s},
        {"late ones among prompt ones", {{0s, 50ms}, {1s, 3'600s}, {2s, 70ms}}, -50ms},
        {"of the window before", {{599s, 50ms}, {601s, 9s}}, -50ms},
        {"of an older one no more", {{599s, 50ms}, {601s, 9s}, {1'201s, 8s}}, -8s},
        {"after a long silence", {{0s, 50ms}, {86'400s, 61s}}, -61s},
        {"set right", {{0s, -45s}, {601s, 1s}, {1'201s, 1s}}, -1s},
        {"overtaken at the edge", {{599s, 9s}, {601s, 8s}, {598s, 1s}, {602s, 9s}}, -1s},
        {"our clock went back", {{86'400s, -50s}, {0s, 1s}}, -1s},
        {"months late", {{0s, 24h * 90}}, -2'000'000s},
    };
    for (const auto& each : cases)
        EXPECT_EQ(after(each.messages).estimate(), each.ahead) << each.what;
}

TEST(ClockSkew, IsToldBeyondThirtySeconds) {
    for (const auto sign : {1, -1}) {
        EXPECT_FALSE(after({{0s, sign * 30'000ms}}).is_beyond());
        EXPECT_TRUE(after({{0s, sign * 30'001ms}}).is_beyond());
    }
    EXPECT_FALSE(ClockSkew{}.is_beyond());
}

}  // namespace
}  // namespace vigie::live
