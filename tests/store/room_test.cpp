#include "store/room.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace vigie::store {
namespace {

class RoomTest : public testing::Test {
protected:
    RoomTest() {
        room_.on_room([this] { ++told_; });
    }
    void give_back(std::uint32_t sender, std::size_t size) {
        room_.give_back(size);
        room_.give_back_of(sender, size);
        room_.done();
    }
    // One after the other, until it is refused.
    std::size_t fill(std::uint32_t sender) {
        std::size_t count = 0;
        while (room_.take(sender, 1))
            ++count;
        return count;
    }
    std::atomic<std::uint64_t> taken_{0};
    Room room_{100, taken_};
    std::atomic<int> told_{0};
};

TEST_F(RoomTest, TakesAsMuchAsThereIsAndNoMore) {
    EXPECT_FALSE(room_.take(0, 101));
    EXPECT_TRUE(room_.take(0, 100));
    EXPECT_FALSE(room_.take(0, 1));
    EXPECT_EQ(taken_, 100U);
    give_back(0, 49);
    EXPECT_EQ(told_, 1) << "of the first refusal only: more than half is taken";
    give_back(0, 1);
    EXPECT_EQ(told_, 2);
    give_back(0, 1);
    EXPECT_EQ(told_, 2) << "nobody waits";
}

TEST_F(RoomTest, LeavesOneWhoSendsWithoutEndHalfOfIt) {
    EXPECT_EQ(fill(7), 50U);
    EXPECT_EQ(fill(8), 25U);
    EXPECT_EQ(fill(9), 12U);
    EXPECT_TRUE(room_.take(10, 1)) << "there is some for whoever sends little";
    EXPECT_TRUE(room_.take(0, 1));
    EXPECT_EQ(taken_, 89U);
}

TEST_F(RoomTest, WhoHoldsNothingMayTakeMoreThanItsPart) {
    EXPECT_TRUE(room_.take(7, 99));
    EXPECT_FALSE(room_.take(7, 1));
    give_back(7, 99);
    EXPECT_EQ(told_, 1);
    EXPECT_TRUE(room_.take(7, 100));
}

TEST_F(RoomTest, TellsOnceThereIsWellMoreThanItsPartAgain) {
    EXPECT_EQ(fill(7), 50U);
    EXPECT_EQ(told_, 0) << "to be told at once and refused again would go round and round";
    give_back(7, 29);
    EXPECT_EQ(told_, 0) << "21 held, 79 left";
    give_back(7, 1);
    EXPECT_EQ(told_, 1) << "20 held, 80 left";
    EXPECT_TRUE(room_.take(7, 1));
    EXPECT_EQ(fill(8), 39U);
    give_back(8, 39);
    EXPECT_EQ(told_, 2) << "each by itself";
}

TEST_F(RoomTest, IsNotToldOfRoomThatIsTooLittleForWhatWasRefused) {
    EXPECT_TRUE(room_.take(1, 6));
    EXPECT_TRUE(room_.take(2, 60));
    EXPECT_FALSE(room_.take(1, 20));
    EXPECT_EQ(told_, 0) << "6 held, 34 left: 20 more would be more than is left then";
    give_back(2, 12);
    give_back(1, 1);
    EXPECT_EQ(told_, 1) << "5 held, 47 left";
    EXPECT_TRUE(room_.take(1, 20));
}

TEST_F(RoomTest, SendersOfOneNumberModuloHaveOnePart) {
    EXPECT_EQ(fill(7), 50U);
    EXPECT_EQ(fill(7 + Room::shares), 0U);
}

// Whoever was refused hears of it: else its connection would stay unread for ever.
TEST_F(RoomTest, NobodyWhoWasRefusedIsForgotten) {
    constexpr int rounds = 20'000;
    const auto send = [this](std::uint32_t sender) {
        for (int round = 0; round < rounds; ++round) {
            for (int before = told_; !room_.take(sender, 30); before = told_) {
                while (told_ == before)
                    std::this_thread::yield();
            }
            give_back(sender, 30);
        }
    };
    std::vector<std::jthread> threads;
    for (std::uint32_t sender = 1; sender <= 4; ++sender)
        threads.emplace_back(send, sender % 3);
    threads.clear();
    EXPECT_EQ(taken_, 0U);
}

}  // namespace
}  // namespace vigie::store
