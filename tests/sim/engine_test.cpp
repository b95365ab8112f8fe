#include "sim/engine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/city_files.hpp"
#include "sim/city_reader.hpp"

namespace vigie::sim {
namespace {

namespace fs = std::filesystem;

// A small generated city, written and read back the way the program does it.
const fs::path& small_city_folder() {
    struct Folder {
        Folder() {
            std::string name = (fs::temp_directory_path() / "vigie-engine-XXXXXX").string();
            path = ::mkdtemp(name.data());
            const auto city = generate(example_communes(), 3, 0.02);
            EXPECT_TRUE(city && write_city(*city, path));
        }
        ~Folder() {
            std::error_code ignored;
            fs::remove_all(path, ignored);
        }
        fs::path path;
    };
    static const Folder folder;
    return folder.path;
}

const Fleet& small_fleet() {
    static const Fleet fleet = *read_fleet(small_city_folder());
    return fleet;
}

base::Instant instant(const char* text) {
    return *base::parse_rfc3339(text);
}
constexpr const char* evening = "2026-11-23T19:00:00Z";
constexpr const char* noon = "2026-11-23T11:00:00Z";

EngineSettings calm() {
    EngineSettings settings;
    settings.random_failures = false;
    return settings;
}

// An engine over the small city that keeps what it reports.
struct Bench {
    explicit Bench(const char* start, EngineSettings settings = calm())
        : engine(small_fleet(), std::move(settings), instant(start),
                 [this](const Report& report) { reports.push_back(report); }) {}

    void pass(std::chrono::seconds time) { engine.advance_to(engine.now() + time); }
    // What was reported since the last call, by kind.
    std::map<DeviceKind, int> taken() {
        std::map<DeviceKind, int> counts;
        for (const Report& report : reports)
            ++counts[small_fleet().devices[report.device].kind];
        reports.clear();
        return counts;
    }
    std::vector<Report> reports;
    Engine engine;
};

std::string value_of(const Report& report, std::string_view property) {
    const auto json = nlohmann::json::parse(payload_of(report.at, report.readings));
    const auto& values = json.at("values");
    return values.contains(property) ? values.at(std::string(property)).dump() : "absent";
}

std::uint64_t hash_of(const std::vector<Report>& reports) {
    std::uint64_t hash = 0;
    for (const Report& report : reports)
        hash = mixed(hash ^ report.device ^ hashed(payload_of(report.at, report.readings)));
    return hash;
}

TEST(Fleet, ReadsBackWhatWasGenerated) {
    const Fleet& fleet = small_fleet();
    std::map<DeviceKind, int> counts;
    for (const Device& device : fleet.devices) {
        ++counts[device.kind];
        if (device.code != "ARM-0001") continue;
        EXPECT_EQ(device.feeds.size(), 120U);
        EXPECT_GT(device.load_w, 120 * 28.0);
    }
    EXPECT_EQ(counts[DeviceKind::light_point], 680);
    EXPECT_EQ(counts[DeviceKind::lighting_cabinet], 18);
    EXPECT_EQ(counts[DeviceKind::vehicle], 3);
    EXPECT_NEAR(fleet.centre.lat, 47.3, 0.1);
}

TEST(Fleet, RefusesAFolderThatIsNoCity) {
    const auto fleet = read_fleet("/nonexistent");
    ASSERT_FALSE(fleet);
    EXPECT_NE(fleet.error().detail.en.find("streets.geojson"), std::string::npos);
}

TEST(Logins, JoinsCredentialsWithTheirSecrets) {
    const fs::path secrets = small_city_folder() / "secrets.json";
    nlohmann::json list = nlohmann::json::array();
    std::ifstream file(small_city_folder() / "credentials.json");
    for (const auto& credential : nlohmann::json::parse(file)) {
        const std::string name = credential.at("name");
        list.push_back({{"name", name}, {"username", "u-" + name}, {"password", "p"}});
    }
    std::ofstream(secrets) << list;
    const auto logins = read_logins(small_city_folder(), secrets);
    ASSERT_TRUE(logins);
    EXPECT_EQ(logins->front().username, "u-gw-arm-0001");
    EXPECT_EQ(logins->front().assets.size(), 124U);
    list.erase(5);
    std::ofstream(secrets) << list;
    EXPECT_FALSE(read_logins(small_city_folder(), secrets));
}

TEST(Engine, ReportsTheSameForTheSameSeedHoweverTimeIsCut) {
    EngineSettings settings;
    settings.failure_rate = 3'000;  // so that an hour sees breakages too
    Bench whole(evening, settings);
    whole.pass(std::chrono::hours{1});
    Bench cut(evening, settings);
    for (int step = 0; step < 3'600; step += 9)
        cut.pass(std::chrono::seconds{9});
    EXPECT_GT(whole.reports.size(), 3'000U);
    EXPECT_GT(whole.engine.troubled(), 0U);
    EXPECT_EQ(hash_of(whole.reports), hash_of(cut.reports));
    settings.seed = 2;
    Bench other(evening, settings);
    other.pass(std::chrono::hours{1});
    EXPECT_NE(hash_of(whole.reports), hash_of(other.reports));
}

TEST(Engine, ReportsInOrderAndEvenly) {
    Bench bench(evening);
    bench.pass(std::chrono::minutes{1});
    EXPECT_GE(bench.taken()[DeviceKind::light_point], 680) << "all within the first minute";
    bench.pass(std::chrono::minutes{15});
    std::map<std::int64_t, int> by_minute;
    base::Instant before = instant(evening);
    for (const Report& report : bench.reports) {
        EXPECT_GE(report.at, before);
        before = report.at;
        if (small_fleet().devices[report.device].kind == DeviceKind::light_point)
            ++by_minute[report.at.time_since_epoch() / std::chrono::minutes{1}];
    }
    for (const auto& [minute, count] : by_minute)
        EXPECT_LT(count, 2 * 680 / 15) << "a herd";
    EXPECT_NEAR(bench.taken()[DeviceKind::light_point], 680, 1);
}

TEST(Engine, ReportsFasterWhenAskedTo) {
    EngineSettings settings = calm();
    settings.rate_multiplier = 10;
    Bench bench(evening, settings);
    bench.pass(std::chrono::minutes{2});
    bench.taken();
    bench.pass(std::chrono::minutes{15});
    EXPECT_NEAR(bench.taken()[DeviceKind::light_point], 6'800, 15);
}

TEST(Engine, KeepsLampsSilentByDayAndSaysWhenFeedersSwitch) {
    Bench bench(noon);
    bench.pass(std::chrono::minutes{30});
    auto counts = bench.taken();
    EXPECT_EQ(counts[DeviceKind::light_point], 0);
    EXPECT_GT(counts[DeviceKind::lighting_cabinet], 90);
    bench.pass(std::chrono::hours{7});
    std::map<std::size_t, int> switched;
    for (const Report& report : bench.reports) {
        if (small_fleet().devices[report.device].kind != DeviceKind::lighting_cabinet) continue;
        if (value_of(report, "feeder_on") != "true") continue;
        if (++switched[report.device] > 1) continue;
        // The sun sets at 16:00 UTC: lights follow within the half-hour.
        EXPECT_GT(report.at, instant("2026-11-23T15:55:00Z"));
        EXPECT_LT(report.at, instant("2026-11-23T16:30:00Z"));
    }
    EXPECT_EQ(switched.size(), 18U);
    EXPECT_GT(bench.taken()[DeviceKind::light_point], 680);
}

TEST(Engine, DarkensAllThatATrippedCabinetFeeds) {
    Bench bench(evening);
    bench.pass(std::chrono::minutes{20});
    bench.taken();
    ASSERT_TRUE(bench.engine.fail("ARM-0001", Trouble::cabinet));
    ASSERT_EQ(bench.reports.size(), 121U) << "at once, not at the next period";
    EXPECT_EQ(value_of(bench.reports.front(), "breaker_tripped"), "true");
    EXPECT_EQ(value_of(bench.reports.front(), "feeder_on"), "false");
    for (std::size_t i = 1; i < 121; ++i)
        EXPECT_EQ(value_of(bench.reports[i], "fault"), "\"supply_loss\"");
    bench.taken();
    bench.pass(std::chrono::minutes{20});
    std::map<std::size_t, int> lamps;
    for (const Report& report : bench.reports)
        ++lamps[report.device];
    for (const Device& device : small_fleet().devices) {
        if (device.code != "ARM-0001") continue;
        for (const int lamp : device.feeds)
            EXPECT_EQ(lamps[static_cast<std::size_t>(lamp)], 0);
    }
    bench.taken();
    ASSERT_TRUE(bench.engine.clear("ARM-0001", Trouble::cabinet));
    ASSERT_EQ(bench.reports.size(), 121U);
    EXPECT_EQ(value_of(bench.reports.front(), "breaker_tripped"), "false");
    EXPECT_EQ(value_of(bench.reports.back(), "fault"), "\"none\"");
}

TEST(Engine, HearsNoLastGaspFromLampsThatHadNoPower) {
    Bench bench(noon);
    bench.pass(std::chrono::minutes{1});
    bench.taken();
    ASSERT_TRUE(bench.engine.fail("ARM-0001", Trouble::cabinet));
    EXPECT_EQ(bench.reports.size(), 1U);
}

TEST(Engine, FailsEachKindInItsOwnWayAndSetsItRight) {
    struct Case {
        const char* code;
        Trouble trouble;
        const char* property;
        const char* failed;
        const char* sound;
    };
    const Case cases[] = {
        {"PL-00007", Trouble::lamp, "fault", "\"lamp_failure\"", "\"none\""},
        {"CAR-001", Trouble::flashing_amber, "mode", "\"flashing_amber\"", "\"plan\""},
        {"BCL-0001", Trouble::stuck_detector, "status", "\"stuck_on\"", "\"ok\""},
    };
    Bench bench(evening);
    bench.pass(std::chrono::minutes{1});
    for (const Case& c : cases) {
        SCOPED_TRACE(c.code);
        bench.taken();
        ASSERT_TRUE(bench.engine.fail(c.code, c.trouble));
        ASSERT_EQ(bench.reports.size(), 1U);
        EXPECT_EQ(value_of(bench.reports[0], c.property), c.failed);
        ASSERT_TRUE(bench.engine.fail(c.code, c.trouble));
        EXPECT_EQ(bench.reports.size(), 1U) << "it fails already";
        ASSERT_TRUE(bench.engine.clear(c.code, c.trouble));
        ASSERT_EQ(bench.reports.size(), 2U);
        EXPECT_EQ(value_of(bench.reports[1], c.property), c.sound);
    }
}

TEST(Engine, HearsNothingFromASilentDeviceUntilItSpeaksAgain) {
    Bench bench(evening);
    bench.pass(std::chrono::minutes{2});
    ASSERT_TRUE(bench.engine.fail("CAM-001", Trouble::silent));
    bench.taken();
    bench.pass(std::chrono::minutes{10});
    for (const Report& report : bench.reports)
        EXPECT_NE(small_fleet().devices[report.device].code, "CAM-001");
    bench.taken();
    ASSERT_TRUE(bench.engine.clear("CAM-001", Trouble::silent));
    EXPECT_EQ(bench.reports.size(), 1U);
}

TEST(Engine, FreezesWhatAStuckDetectorCounts) {
    Bench bench(evening);
    bench.pass(std::chrono::minutes{2});
    ASSERT_TRUE(bench.engine.fail("BCL-0001", Trouble::stuck_detector));
    const std::string flow = value_of(bench.reports.back(), "flow_veh_h");
    bench.taken();
    bench.pass(std::chrono::hours{2});
    int seen = 0;
    for (const Report& report : bench.reports) {
        if (small_fleet().devices[report.device].code != "BCL-0001") continue;
        ++seen;
        EXPECT_EQ(value_of(report, "flow_veh_h"), flow);
    }
    EXPECT_GE(seen, 119);
}

TEST(Engine, RefusesOrdersThatMakeNoSense) {
    Bench bench(evening);
    EXPECT_EQ(bench.engine.fail("PL-99999", Trouble::lamp).error().code, base::Errc::not_found);
    EXPECT_EQ(bench.engine.fail("CAM-001", Trouble::lamp).error().code, base::Errc::conflict);
    EXPECT_EQ(bench.engine.clear("PL-00001", Trouble::lamp).error().code, base::Errc::conflict);
    EXPECT_EQ(trouble_named("flashing-amber"), Trouble::flashing_amber);
    EXPECT_FALSE(trouble_named("none"));
}

TEST(Engine, BreaksAndRepairsByChance) {
    EngineSettings settings;
    settings.failure_rate = 200;
    Bench bench(evening, settings);
    std::size_t most = 0;
    std::vector<Trouble> before(small_fleet().devices.size(), Trouble::none);
    std::map<std::string_view, int> came;
    std::map<std::string_view, int> went;
    for (int sixth = 0; sixth < 6 * 200; ++sixth) {
        bench.pass(std::chrono::minutes{10});
        bench.reports.clear();
        most = std::max(most, bench.engine.troubled());
        for (std::size_t i = 0; i < before.size(); ++i) {
            const Trouble now = bench.engine.trouble_of(i);
            if (now == before[i]) continue;
            if (now != Trouble::none) ++came[name_of(now)];
            if (before[i] != Trouble::none) ++went[name_of(before[i])];
            before[i] = now;
        }
    }
    EXPECT_GT(most, 3U);
    for (const auto trouble : {Trouble::lamp, Trouble::cabinet, Trouble::silent,
                               Trouble::stuck_detector, Trouble::flashing_amber}) {
        EXPECT_GT(came[name_of(trouble)], 0) << name_of(trouble);
        EXPECT_GT(went[name_of(trouble)], 0) << name_of(trouble);
    }
    EXPECT_LT(bench.engine.troubled(), 300U) << "repairs keep pace";
    bench.reports.clear();
    Bench quiet(evening);
    quiet.pass(std::chrono::hours{48});
    EXPECT_EQ(quiet.engine.troubled(), 0U);
}

TEST(Engine, LetsVehiclesFollowStreetsByDayAndRestByNight) {
    Bench bench("2026-11-24T09:00:00Z");
    bench.pass(std::chrono::minutes{90});
    int moved = 0;
    std::map<std::size_t, std::pair<base::Instant, base::LonLat>> last;
    for (const Report& report : bench.reports) {
        if (small_fleet().devices[report.device].kind != DeviceKind::vehicle) continue;
        const auto place = std::get<base::LonLat>(report.readings[0].value);
        const auto before = last.find(report.device);
        if (before != last.end()) {
            const double seconds =
                std::chrono::duration<double>(report.at - before->second.first).count();
            EXPECT_LT(base::distance_m(before->second.second, place), 2 + seconds * 50 / 3.6)
                << "no leaps";
            moved += base::distance_m(before->second.second, place) > 5 ? 1 : 0;
        }
        last[report.device] = {report.at, place};
    }
    EXPECT_EQ(last.size(), 3U);
    EXPECT_GT(moved, 100);
    Bench night("2026-11-24T00:30:00Z");
    night.pass(std::chrono::minutes{30});
    for (const Report& report : night.reports) {
        if (small_fleet().devices[report.device].kind == DeviceKind::vehicle)
            EXPECT_EQ(value_of(report, "ignition"), "false");
    }
}

}  // namespace
}  // namespace vigie::sim
