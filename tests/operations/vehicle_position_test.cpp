#include "vigie/operations/vehicle_position.hpp"

#include <gtest/gtest.h>

#include "tests/live/small_city.hpp"

namespace vigie::operations {
namespace {

class VehiclePosition : public testing::Test {
protected:
    VehiclePosition() { city.adopt(test::small_city(), test::noon_plus(0)); }
    void hear(const store::Frame& one) { city.apply({&one, 1}, one.received_at); }
    std::optional<Located> position() { return reported_position(city, test::bus); }

    live::Stream stream{"epoch"};
    live::CityState city{stream};
};

TEST_F(VehiclePosition, IsAsOldAsItselfWhateverElseTheVehicleSays) {
    hear(test::frame(test::bus, 10, {5.05, 47.33, 30}));
    hear(test::frame(test::bus, 600, {test::nothing, test::nothing, 0}));
    ASSERT_TRUE(position().has_value());
    EXPECT_EQ(position()->position, (base::LonLat{5.05, 47.33}));
    EXPECT_EQ(position()->at, test::noon_plus(10)) << "not the time of its speed";
    hear(test::frame(test::bus, 5, {5.01, 47.31, test::nothing}, 700));
    EXPECT_EQ(position()->at, test::noon_plus(10)) << "what came late is older";
}

TEST_F(VehiclePosition, IsNotTheDepotOfAVehicleThatNeverGaveOne) {
    EXPECT_FALSE(position().has_value()) << "never heard of";
    hear(test::frame(test::bus, 10, {test::nothing, test::nothing, 30}));
    EXPECT_FALSE(position().has_value()) << "it moves, and nobody knows where";
    EXPECT_FALSE(reported_position(city, test::car_park).has_value()) << "a kind without position";
    EXPECT_FALSE(reported_position(city, 4711).has_value());
}

}  // namespace
}  // namespace vigie::operations
