#include "access/remembered.hpp"

#include <gtest/gtest.h>

namespace vigie::access {
namespace {

using std::chrono::minutes;
using Scheme = Remembered::Scheme;

const base::Instant evening = *base::parse_rfc3339("2026-11-22T18:00:00Z");

Principal person(std::int64_t id, const std::string& login) {
    Principal principal;
    principal.id = id;
    principal.login = login;
    return principal;
}

class RememberedTest : public testing::Test {
protected:
    void remember(const std::string& key, std::int64_t id, base::Instant until) {
        remembered.remember(key, person(id, "p" + std::to_string(id)), evening, until,
                            remembered.mark());
    }
    bool knows(const std::string& key, base::Instant now = evening) {
        return remembered.find(key, now).has_value();
    }
    Remembered remembered;
};

TEST_F(RememberedTest, KnowsUntilItsEndAndNotAtIt) {
    remember("a", 1, evening + minutes{15});
    EXPECT_EQ(remembered.find("a", evening)->login, "p1");
    EXPECT_TRUE(knows("a", evening + minutes{15} - base::Duration{1}));
    EXPECT_FALSE(knows("a", evening + minutes{15}));
    EXPECT_FALSE(knows("b"));
}

TEST_F(RememberedTest, KeepsNoSecretAndTellsACookieFromAToken) {
    const auto cookie = Remembered::key_of(Scheme::cookie, "the secret");
    EXPECT_EQ(cookie.find("the secret"), std::string::npos);
    EXPECT_EQ(cookie, Remembered::key_of(Scheme::cookie, "the secret"));
    EXPECT_NE(cookie, Remembered::key_of(Scheme::cookie, "the secreT"));
    EXPECT_NE(cookie, Remembered::key_of(Scheme::token, "the secret"));
}

TEST_F(RememberedTest, ForgetsAPersonWhateverTheyHold) {
    remember("desk", 1, evening + minutes{15});
    remember("token", 1, evening + minutes{15});
    remember("other", 2, evening + minutes{15});
    remembered.forget_person(1);
    EXPECT_FALSE(knows("desk"));
    EXPECT_FALSE(knows("token"));
    EXPECT_TRUE(knows("other"));
    remembered.forget("other");
    EXPECT_FALSE(knows("other"));
}

TEST_F(RememberedTest, AnAnswerThatWasUnderWayDoesNotBringBackWhoWasForgotten) {
    const auto asked = remembered.mark();
    remembered.forget_person(1);
    remembered.remember("a", person(1, "lea"), evening, evening + minutes{15}, asked);
    EXPECT_FALSE(knows("a"));
    remember("a", 1, evening + minutes{15});
    EXPECT_TRUE(knows("a"));
}

TEST_F(RememberedTest, GuessesKeepNobodyFromBeingRemembered) {
    const auto asked = remembered.mark();
    remembered.forget("a guess");
    remembered.remember("a", person(1, "lea"), evening, evening + minutes{15}, asked);
    EXPECT_TRUE(knows("a"));
}

TEST_F(RememberedTest, HoldsSoManyAndLetsTheOneGoThatEndsFirst) {
    for (std::size_t i = 0; i < Remembered::entries_max; ++i)
        remember(std::to_string(i), 1, evening + minutes{15 + static_cast<int>(i)});
    EXPECT_TRUE(knows("0"));
    remember("1", 1, evening + minutes{16});  // known already: takes no room
    EXPECT_TRUE(knows("0"));
    remember("one more", 1, evening + minutes{15});
    EXPECT_FALSE(knows("0"));
    EXPECT_TRUE(knows("1"));
    EXPECT_TRUE(knows("one more"));
}

TEST_F(RememberedTest, DoesNotRememberWhoIsBarredUntilThatIsOver) {
    remembered.bar(1, evening + minutes{1});
    remember("a", 1, evening + minutes{15});
    EXPECT_FALSE(remembered.find("a", evening)) << "read before a commit that hangs";
    remember("b", 2, evening + minutes{15});
    EXPECT_TRUE(remembered.find("b", evening));
    remembered.lift_bar(1);
    remember("a", 1, evening + minutes{15});
    EXPECT_TRUE(remembered.find("a", evening));
    remembered.bar(1, evening + minutes{1});
    remembered.forget("a");
    const auto later = evening + minutes{1};
    remembered.remember("a", person(1, "lea"), later - base::Duration{1}, later + minutes{15},
                        remembered.mark());
    EXPECT_FALSE(remembered.find("a", later));
    remembered.remember("a", person(1, "lea"), later, later + minutes{15}, remembered.mark());
    EXPECT_TRUE(remembered.find("a", later));
}

TEST_F(RememberedTest, KnowsWhatIsOverAndWhatWasUsed) {
    auto lea = person(1, "lea");
    lea.session_ends = evening + minutes{30};
    remembered.remember("a", lea, evening, evening + minutes{30}, remembered.mark());
    EXPECT_FALSE(remembered.is_over("a", evening + minutes{30} - base::Duration{1}));
    EXPECT_TRUE(remembered.is_over("a", evening + minutes{30}));
    EXPECT_FALSE(remembered.is_over("nobody", evening + minutes{30}));
    EXPECT_FALSE(remembered.use_noted("a"));
    remembered.note_use("a", evening + minutes{2});
    remembered.remember("a", lea, evening, evening + minutes{30}, remembered.mark());
    EXPECT_EQ(remembered.use_noted("a"), evening + minutes{2}) << "kept when it is named again";
}

}  // namespace
}  // namespace vigie::access
