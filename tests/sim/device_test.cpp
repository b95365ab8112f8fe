#include "sim/device.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/random.hpp"

namespace vigie::sim {
namespace {

constexpr base::LonLat city_centre{5.04, 47.32};

const LocalDay& paris() {
    static const LocalDay day("Europe/Paris", city_centre);
    return day;
}

Surroundings at_instant(const char* text) {
    static BurningHours burning(paris());
    const Moment moment = paris().at(*base::parse_rfc3339(text));
    return {moment, burning.at(moment.at), weather_at(1, moment)};
}

Device device_named(DeviceKind kind, const char* code) {
    Device device;
    device.kind = kind;
    device.code = code;
    device.number = hashed(code);
    device.place = city_centre;
    device.load_w = 100;
    device.capacity = 400;
    device.on_road = true;
    return device;
}

double number_in(const Readings& readings, std::string_view property) {
    for (const Reading& reading : readings) {
        if (reading.property != property) continue;
        if (const auto* flag = std::get_if<bool>(&reading.value)) return *flag ? 1 : 0;
        return std::get<double>(reading.value);
    }
    ADD_FAILURE() << "no " << property;
    return std::nan("");
}

std::string code_in(const Readings& readings, std::string_view property) {
    for (const Reading& reading : readings) {
        if (reading.property == property)
            return std::string(std::get<std::string_view>(reading.value));
    }
    return "absent";
}

TEST(LocalDay, FollowsTheZoneThroughTheChangeOfClocks) {
    struct Case {
        const char* instant;
        double hour;
        int weekday;
    };
    const Case cases[] = {
        {"2026-11-22T18:30:00Z", 19.5, 0},    {"2026-07-01T22:15:00Z", 0.25, 4},
        {"2026-10-25T00:59:59Z", 2.99972, 0}, {"2026-10-25T01:00:00Z", 2.0, 0},
        {"2026-03-29T01:00:00Z", 3.0, 0},
    };
    for (const auto& [instant, hour, weekday] : cases) {
        SCOPED_TRACE(instant);
        const Moment moment = paris().at(*base::parse_rfc3339(instant));
        EXPECT_NEAR(moment.hour, hour, 1e-4);
        EXPECT_EQ(moment.weekday, weekday);
    }
}

TEST(SimLighting, BurnsByTheSunAndDimsByTheClock) {
    const Device cabinet = device_named(DeviceKind::lighting_cabinet, "ARM-0001");
    struct Case {
        const char* why;
        const char* instant;
        bool on;
        double level;
    };
    const Case cases[] = {
        {"winter noon", "2026-11-22T11:00:00Z", false, 1.0},
        {"winter evening", "2026-11-22T17:30:00Z", true, 1.0},
        {"the same hour in summer", "2026-06-21T17:30:00Z", false, 1.0},
        {"late evening", "2026-11-22T22:00:00Z", true, 0.7},
        {"deep night", "2026-11-22T02:00:00Z", true, 0.4},
        {"winter morning rush", "2026-11-22T06:00:00Z", true, 1.0},
    };
    for (const auto& [why, instant, on, level] : cases) {
        SCOPED_TRACE(why);
        const Surroundings around = at_instant(instant);
        EXPECT_EQ(feeders_wanted(cabinet, 1, around.moment), on);
        const Readings box = cabinet_readings(cabinet, 1, around, false);
        EXPECT_EQ(number_in(box, "feeder_on"), on ? 1 : 0);
        EXPECT_NEAR(number_in(box, "power_w"), on ? 14 + 100 * level : 14, 2);
        EXPECT_EQ(number_in(box, "breaker_tripped"), 0);
        const Readings lamp = light_point_readings(
            device_named(DeviceKind::light_point, "PL-00001"), 1, around, false);
        EXPECT_NEAR(number_in(lamp, "level_pct"), 100 * level, 0.01);
        EXPECT_NEAR(number_in(lamp, "power_w"), 100 * level, 2);
        EXPECT_EQ(code_in(lamp, "fault"), "none");
    }
}

TEST(SimLighting, SaysWhatFailed) {
    const Surroundings night = at_instant("2026-11-22T20:00:00Z");
    const Readings dead =
        light_point_readings(device_named(DeviceKind::light_point, "PL-00001"), 1, night, true);
    EXPECT_EQ(code_in(dead, "fault"), "lamp_failure");
    EXPECT_EQ(number_in(dead, "lamp_on"), 0);
    EXPECT_EQ(number_in(dead, "power_w"), 0);
    const Readings tripped =
        cabinet_readings(device_named(DeviceKind::lighting_cabinet, "ARM-0001"), 1, night, true);
    EXPECT_EQ(number_in(tripped, "breaker_tripped"), 1);
    EXPECT_EQ(number_in(tripped, "feeder_on"), 0);
    EXPECT_EQ(code_in(last_gasp(), "fault"), "supply_loss");
}

TEST(SimLighting, CountsHoursAndEnergyUpwardsAndOnlyByNight) {
    const Device cabinet = device_named(DeviceKind::lighting_cabinet, "ARM-0001");
    const auto energy = [&](const char* instant) {
        return number_in(cabinet_readings(cabinet, 1, at_instant(instant), false), "energy_kwh");
    };
    EXPECT_NEAR(energy("2026-06-21T08:00:00Z"), energy("2026-06-21T18:00:00Z"), 0.11);
    // One winter night of 100 W: 15 hours, 4.5 of them at 40 %.
    EXPECT_NEAR(energy("2026-12-22T12:00:00Z") - energy("2026-12-21T12:00:00Z"), 1.17, 0.2);
    BurningHours burning(paris());
    const double year = burning.at(*base::parse_rfc3339("2027-01-01T00:00:00Z")).lit;
    EXPECT_GT(year, 4'000);  // what French street lighting counts with: some 4,200 hours a year
    EXPECT_LT(year, 4'350);
    EXPECT_EQ(burning.at(*base::parse_rfc3339("2020-01-01T00:00:00Z")).lit, 0);
}

TEST(SimTraffic, HasRushHoursOnWorkingDays) {
    const auto flow = [](const char* instant) {
        double sum = 0;
        for (int i = 0; i < 50; ++i) {
            const std::string code = "BCL-" + std::to_string(i);
            sum += number_in(
                detector_readings(device_named(DeviceKind::traffic_detector, code.c_str()), 1,
                                  at_instant(instant), false),
                "flow_veh_h");
        }
        return sum / 50;
    };
    const double rush = flow("2026-11-24T16:30:00Z");
    EXPECT_GT(rush, 1.3 * flow("2026-11-24T13:30:00Z"));
    EXPECT_GT(rush, 8 * flow("2026-11-24T02:30:00Z"));
    EXPECT_GT(rush, 1.2 * flow("2026-11-22T16:30:00Z")) << "a Sunday";
}

TEST(SimTraffic, FreezesAStuckDetectorAndSaysSo) {
    const Device loop = device_named(DeviceKind::traffic_detector, "BCL-0001");
    const Surroundings then = at_instant("2026-11-24T16:30:00Z");
    const Readings sound = detector_readings(loop, 1, then, false);
    const Readings stuck = detector_readings(loop, 1, then, true);
    EXPECT_EQ(number_in(stuck, "flow_veh_h"), number_in(sound, "flow_veh_h"));
    EXPECT_EQ(code_in(stuck, "status"), "stuck_on");
    EXPECT_EQ(code_in(sound, "status"), "ok");
    EXPECT_NE(number_in(sound, "flow_veh_h"),
              number_in(detector_readings(loop, 1, at_instant("2026-11-24T17:30:00Z"), false),
                        "flow_veh_h"));
}

TEST(SimSignals, ChangePlanWithTheDayAndFlashOnFailure) {
    const Device junction = device_named(DeviceKind::signal_junction, "CAR-001");
    const std::map<const char*, double> plans{{"2026-11-24T02:00:00Z", 1},
                                              {"2026-11-24T07:00:00Z", 2},
                                              {"2026-11-24T12:00:00Z", 3},
                                              {"2026-11-24T17:00:00Z", 4},
                                              {"2026-11-22T12:00:00Z", 5}};
    for (const auto& [instant, plan] : plans) {
        const Readings readings = junction_readings(junction, 1, at_instant(instant), false);
        EXPECT_EQ(number_in(readings, "plan"), plan) << instant;
        EXPECT_EQ(code_in(readings, "mode"), "plan");
    }
    EXPECT_EQ(
        code_in(junction_readings(junction, 1, at_instant("2026-11-24T12:00:00Z"), true), "mode"),
        "flashing_amber");
}

TEST(SimParking, NeverHoldsMoreThanItsPlaces) {
    for (int i = 0; i < 30; ++i) {
        const std::string code = "PKG-" + std::to_string(i);
        const Device park = device_named(DeviceKind::car_park, code.c_str());
        for (const char* instant : {"2026-11-24T03:00:00Z", "2026-11-24T10:00:00Z",
                                    "2026-11-28T16:00:00Z", "2026-11-22T12:00:00Z"}) {
            const Readings readings = car_park_readings(park, 1, at_instant(instant));
            const double occupied = number_in(readings, "occupied");
            EXPECT_GE(occupied, 0);
            EXPECT_LE(occupied, 400);
            EXPECT_EQ(occupied + number_in(readings, "free"), 400);
        }
    }
}

// Every value of a year, at odd hours, stays within what config/kinds allows.
TEST(SimSky, StaysWithinNature) {
    const Device air = device_named(DeviceKind::air_station, "AIR-01");
    const Device road = device_named(DeviceKind::weather_station, "MET-01");
    base::Instant at = *base::parse_rfc3339("2026-01-01T00:00:00Z");
    double coldest = 99;
    double warmest = -99;
    for (int step = 0; step < 1'200; ++step, at += std::chrono::minutes{437}) {
        const Moment moment = paris().at(at);
        const Surroundings around{moment, {}, weather_at(1, moment)};
        for (const Reading& reading : air_readings(air, 1, around))
            ASSERT_GE(std::get<double>(reading.value), 0) << reading.property;
        const Readings weather = weather_readings(road, 1, around);
        const double warmth = number_in(weather, "air_temperature_c");
        coldest = std::min(coldest, warmth);
        warmest = std::max(warmest, warmth);
        ASSERT_LE(number_in(weather, "dew_point_c"), warmth + 0.1);
        ASSERT_LE(number_in(weather, "humidity_pct"), 100);
        ASSERT_GE(number_in(weather, "rain_mm_h"), 0);
        ASSERT_NE(code_in(weather, "road_condition"), "absent");
    }
    EXPECT_LT(coldest, 2);
    EXPECT_GT(coldest, -15);
    EXPECT_GT(warmest, 22);
    EXPECT_LT(warmest, 38);
}

TEST(SimSky, KnowsRoadsByWhatFallsAndFreezes) {
    struct Case {
        double road, air, rain, humidity;
        const char* condition;
    };
    const Case cases[] = {{5, 5, 0, 60, "dry"},   {5, 5, 0, 97, "moist"}, {5, 5, 1, 90, "wet"},
                          {-1, 1, 1, 90, "ice"},  {-1, 0, 0, 97, "ice"},  {-1, -1, 1, 90, "snow"},
                          {1.6, 0, 1, 90, "wet"}, {-5, -5, 0, 60, "dry"}};
    for (const auto& [road, air, rain, humidity, condition] : cases)
        EXPECT_EQ(road_condition(road, air, rain, humidity), condition) << road << ' ' << rain;
    // WMO: at 20 degrees and 50 %, 9.3 degrees; saturated air is at its dew point.
    EXPECT_NEAR(dew_point_of(20, 50), 9.27, 0.02);
    EXPECT_NEAR(dew_point_of(7, 100), 7, 1e-9);
}

TEST(SimPayload, IsTheJsonOfTheDeviceDoor) {
    const auto json =
        nlohmann::json::parse(payload_of(*base::parse_rfc3339("2026-11-22T18:04:05.120Z"),
                                         {{"power_w", 41.2},
                                          {"lamp_on", true},
                                          {"fault", std::string_view("none")},
                                          {"position", base::LonLat{5.0412345, 47.32}}}));
    EXPECT_EQ(json.dump(),
              R"({"t":"2026-11-22T18:04:05.120Z","values":{"fault":"none","lamp_on":true,)"
              R"("position":[5.041234,47.32],"power_w":41.2}})");
}

}  // namespace
}  // namespace vigie::sim
