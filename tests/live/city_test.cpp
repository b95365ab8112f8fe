#include "vigie/live/city.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <future>

#include "tests/live/small_city.hpp"

namespace vigie::live {
namespace {

using namespace vigie::test;

class CityTest : public testing::Test {
protected:
    CityTest() { registry.publish(small_city()); }
    assets::Registry registry;
    Stream stream{"epoch"};
    base::ManualClock clock{small_city_noon};
};

TEST_F(CityTest, SteppedByHandTakesWhatWaitsInOrder) {
    City city(registry, stream, clock);
    EXPECT_TRUE(city.observed({frame(car_park, 0, {50, 80})}));
    double seen = 0;
    EXPECT_TRUE(city.post([&seen](CityState& state) { seen = state.values(car_park)[0]; }));
    EXPECT_EQ(city.frames_waiting(), 1U);
    city.step();
    EXPECT_EQ(seen, 50);
    EXPECT_EQ(city.frames_waiting(), 0U);
}

TEST_F(CityTest, RefusesOrBlocksWhenFullAndLosesNothing) {
    City city(registry, stream, clock, 2);
    std::vector frames{frame(car_park, 0, {50, 80}), frame(car_park, 1, {51, 80})};
    EXPECT_TRUE(city.try_observed(frames));
    std::vector more{frame(car_park, 2, {52, 80})};
    EXPECT_FALSE(city.try_observed(more)) << "one above the limit";
    EXPECT_EQ(more.size(), 1U) << "nothing was taken";
    auto writer = std::async(std::launch::async, [&] { return city.observed(std::move(more)); });
    while (city.state().frames_applied() < 3)
        city.step();
    EXPECT_TRUE(writer.get());
    EXPECT_EQ(city.state().values(car_park)[0], 52);
}

TEST_F(CityTest, WhatThrowsCostsNothingOfWhatCameWithIt) {
    City city(registry, stream, clock);
    EXPECT_TRUE(city.post([](CityState&) { throw std::runtime_error("no"); }));
    EXPECT_TRUE(city.observed({frame(car_park, 0, {50, 80})}));
    city.step();
    EXPECT_EQ(city.state().values(car_park)[0], 50);
}

TEST_F(CityTest, FollowsTheRegistry) {
    City city(registry, stream, clock);
    auto kinds = small_city_kinds();
    auto all = small_city_assets(*kinds);
    all.resize(9);
    registry.publish(std::make_shared<const assets::Catalogue>(kinds, all));
    EXPECT_FALSE(city.state().values(bus).empty());
    city.step();
    EXPECT_TRUE(city.state().values(bus).empty());
}

TEST_F(CityTest, RunsOnItsThreadAndTakesEverythingBeforeItStops) {
    City city(registry, stream, clock);
    city.start();
    constexpr int writers = 3;
    constexpr int frames = 500;
    std::vector<std::thread> threads;
    for (int w = 0; w < writers; ++w) {
        threads.emplace_back([&city, w] {
            for (int i = 0; i < frames; ++i) {
                ASSERT_TRUE(city.observed({frame(lamp_11 + w, i, {1, double(i), 0})}));
            }
        });
    }
    boost::asio::io_context io;
    std::optional<std::string> answer;
    boost::asio::co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            answer = co_await city.ask([](CityState& state) { return state.live_json(lamp_11); });
        },
        [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
    auto guard = boost::asio::make_work_guard(io);
    while (!answer)
        io.run_one();
    for (auto& thread : threads)
        thread.join();
    city.stop();
    EXPECT_EQ(city.state().frames_applied(), writers * frames);
    EXPECT_FALSE(city.observed({frame(lamp_11, 1, {1})}));
    EXPECT_FALSE(city.post([](CityState&) {}));
}

TEST_F(CityTest, AnswersWithTheFailureOfTheQuestion) {
    City city(registry, stream, clock);
    boost::asio::io_context io;
    std::string caught;
    const auto asks = [&]() -> boost::asio::awaitable<void> {
        try {
            co_await city.ask([](CityState&) { throw std::runtime_error("no"); });
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
    };
    boost::asio::co_spawn(io, asks, [](std::exception_ptr) {});
    io.poll();
    city.step();
    io.run();
    EXPECT_EQ(caught, "no");
    city.stop();
    caught.clear();
    io.restart();
    boost::asio::co_spawn(io, asks, [](std::exception_ptr) {});
    io.run();
    EXPECT_EQ(caught, "the live city is stopping");
}

}  // namespace
}  // namespace vigie::live
