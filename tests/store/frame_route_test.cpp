#include "store/frame_route.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace vigie::store {
namespace {

Frame frame_at(int asset, int hour, int second = 0) {
    Frame made;
    made.asset_id = asset;
    made.observed_at = base::Instant{std::chrono::hours{hour} + std::chrono::seconds{second}};
    return made;
}

TEST(MarkMemory, NamesEachHourOfEachAssetOnce) {
    MarkMemory memory;
    Routes routes;
    const std::vector<Frame> frames{frame_at(1, 5), frame_at(1, 5, 10), frame_at(1, 6),
                                    frame_at(2, 5)};
    const auto marks = memory.missing(routes, frames);
    ASSERT_EQ(marks.size(), 3U);
    EXPECT_EQ(marks[1].hour, 6);
    EXPECT_EQ(marks[2].asset_id, 2);
    EXPECT_EQ(memory.missing(routes, frames).size(), 3U) << "not before they are committed";
    memory.remember(marks);
    EXPECT_TRUE(memory.missing(routes, frames).empty());
    routes.generation = 2;
    routes.open_hour = 6;
    EXPECT_EQ(memory.missing(routes, frames).size(), 2U) << "hours before the bar";
    EXPECT_EQ(memory.missing(routes, std::vector{frame_at(1, -1)}).at(0).hour, -1) << "before 1970";
}

TEST(Routing, ChangesOnlyOnceNobodyFollowsTheOldRoutes) {
    Routing routing(2);
    std::unique_ptr<Routing::Passage> first(new Routing::Passage(routing.enter(0)));
    std::atomic<bool> changed = false;
    std::jthread changer([&] {
        EXPECT_EQ(routing.change([](Routes& routes) { ++routes.generation; }).generation, 1);
        changed = true;
    });
    // The other writer follows the new ones as soon as they are in force, and keeps nobody waiting.
    for (;;) {
        const auto second = routing.enter(1);
        if (second->generation == 2) break;
    }
    EXPECT_EQ((*first)->generation, 1);
    EXPECT_FALSE(changed);
    const auto second = routing.enter(1);
    first.reset();
    changer.join();
    EXPECT_TRUE(changed);
}

}  // namespace
}  // namespace vigie::store
