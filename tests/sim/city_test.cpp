#include "sim/city.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "sim/city_files.hpp"
#include "vigie/base/text.hpp"

namespace vigie::sim {
namespace {

namespace fs = std::filesystem;

// A folder that goes with the test.
class CityFolder {
public:
    CityFolder() {
        std::string name = (fs::temp_directory_path() / "vigie-city-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    CityFolder(const CityFolder&) = delete;
    CityFolder& operator=(const CityFolder&) = delete;
    ~CityFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

std::string text_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

// Every file of a folder, by name.
std::map<std::string, std::string> files_of(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file())
            files[fs::relative(entry.path(), folder).string()] = text_of(entry.path());
    }
    return files;
}

std::map<std::string, std::string> written(std::uint64_t seed, double scale) {
    const auto city = generate(example_communes(), seed, scale);
    const CityFolder folder;
    EXPECT_TRUE(city && write_city(*city, folder.path()));
    return files_of(folder.path());
}

const City& whole_city() {
    static const City city = *generate(example_communes(), 1, 1.0);
    return city;
}

std::map<std::string, int> counts_by_kind(const City& city) {
    std::map<std::string, int> counts;
    for (const GeneratedAsset& asset : city.assets)
        ++counts[asset.kind];
    return counts;
}

TEST(GeneratedCity, HasWhatTheExampleHas) {
    const std::map<std::string, int> counts = counts_by_kind(whole_city());
    const std::map<std::string, int> expected{
        {"light_point", 34'000},   {"lighting_cabinet", 900}, {"signal_junction", 150},
        {"traffic_detector", 300}, {"camera", 380},           {"air_station", 60},
        {"weather_station", 20},   {"car_park", 40},          {"vehicle", 160}};
    for (const auto& [kind, count] : expected)
        EXPECT_EQ(counts.at(kind), count) << kind;
    EXPECT_GE(counts.at("lighting_circuit"), 900);
    EXPECT_GE(whole_city().network.streets.size(), 2'000U);
    int ploughs = 0;
    for (const GeneratedAsset& asset : whole_city().assets) {
        for (const auto& [name, value] : asset.attributes)
            ploughs += name == "winter_equipment" && value == "\"plough\"" ? 1 : 0;
    }
    EXPECT_EQ(ploughs, 24);
}

TEST(GeneratedCity, GivesEachAssetACodeAPlaceAndParentsThatCameBeforeIt) {
    std::set<std::string> codes;
    for (const GeneratedAsset& asset : whole_city().assets) {
        ASSERT_TRUE(base::is_code(asset.code)) << asset.code;
        ASSERT_TRUE(codes.insert(asset.code).second) << asset.code;
        ASSERT_FALSE(asset.street.empty()) << asset.code;
        ASSERT_GE(whole_city().territory.commune_of(asset.place), 0) << asset.code;
        for (const std::string& parent : {asset.power_parent, asset.communication_parent})
            ASSERT_TRUE(parent.empty() || codes.contains(parent)) << asset.code;
        ASSERT_EQ(asset.power_parent.empty(),
                  asset.kind != "light_point" && asset.kind != "lighting_circuit");
    }
}

TEST(GeneratedCity, FeedsTwentyToAHundredAndTwentyLightsFromACabinet) {
    std::map<std::string, std::string> cabinet_of;
    std::map<std::string, int> lights;
    std::map<std::string, base::LonLat> places;
    for (const GeneratedAsset& asset : whole_city().assets) {
        if (asset.kind == "lighting_cabinet") places[asset.code] = asset.place;
        if (asset.kind == "lighting_circuit") cabinet_of[asset.code] = asset.power_parent;
        if (asset.kind != "light_point") continue;
        const std::string& cabinet = cabinet_of.at(asset.power_parent);
        EXPECT_EQ(asset.communication_parent, cabinet);
        EXPECT_LT(base::distance_m(asset.place, places.at(cabinet)), 6'000) << asset.code;
        ++lights[cabinet];
    }
    ASSERT_EQ(lights.size(), 900U);
    EXPECT_EQ(lights.at("ARM-0001"), 120);
    for (const auto& [cabinet, count] : lights) {
        EXPECT_GE(count, 20) << cabinet;
        EXPECT_LE(count, 120) << cabinet;
    }
}

TEST(GeneratedCity, LetsEachReportingAssetSpeakThroughOneCredential) {
    std::map<std::string, int> credentials;
    std::set<std::string> names;
    for (const Credential& credential : whole_city().credentials) {
        EXPECT_TRUE(names.insert(credential.name).second) << credential.name;
        for (const std::string& code : credential.assets)
            ++credentials[code];
    }
    for (const GeneratedAsset& asset : whole_city().assets)
        ASSERT_EQ(credentials[asset.code], 1) << asset.code;
    EXPECT_EQ(whole_city().credentials.front().name, "gw-arm-0001");
}

TEST(GeneratedCity, CanBeDrivenThroughFromEveryCrossing) {
    const Network& network = whole_city().network;
    std::vector<char> seen(network.crossings.size(), 0);
    std::vector<int> front{0};
    seen[0] = 1;
    std::size_t reached = 0;
    while (!front.empty()) {
        const int at = front.back();
        front.pop_back();
        ++reached;
        for (const int way : network.crossings[static_cast<std::size_t>(at)].ways) {
            const int next = network.other_end(network.ways[static_cast<std::size_t>(way)], at);
            if (std::exchange(seen[static_cast<std::size_t>(next)], 1) == 0) front.push_back(next);
        }
    }
    EXPECT_EQ(reached, network.crossings.size());
    std::set<std::pair<int, std::string>> names;
    for (const Street& street : network.streets)
        EXPECT_TRUE(names.emplace(street.commune, street.name).second) << street.name;
}

TEST(GeneratedCity, IsTheSameToTheByteForTheSameSeed) {
    const auto first = written(7, 0.05);
    EXPECT_EQ(first.size(), 13U);
    EXPECT_EQ(first, written(7, 0.05));
    const auto other = written(8, 0.05);
    EXPECT_EQ(first.at("communes.geojson"), other.at("communes.geojson"));
    for (const char* name :
         {"streets.geojson", "assets/light_point.geojson", "assets/camera.geojson"})
        EXPECT_NE(first.at(name), other.at(name)) << name;
}

TEST(GeneratedCity, WritesGeoJsonThatAnyReaderTakes) {
    const auto files = written(1, 0.05);
    const auto lights = nlohmann::json::parse(files.at("assets/light_point.geojson"));
    ASSERT_EQ(lights.at("features").size(), 1'700U);
    const auto& light = lights.at("features").front();
    EXPECT_EQ(light.at("geometry").at("type"), "Point");
    EXPECT_EQ(light.at("properties").at("code"), "PL-00001");
    EXPECT_EQ(light.at("properties").at("power_parent"), "CIR-0001-1");
    EXPECT_EQ(light.at("properties").at("communication_parent"), "ARM-0001");
    EXPECT_EQ(light.at("properties").at("life_stage"), "in_service");
    const auto communes = nlohmann::json::parse(files.at("communes.geojson"));
    ASSERT_EQ(communes.at("features").size(), 24U);
    EXPECT_EQ(communes.at("features").at(2).at("properties").at("name"), "Bretenière");
    const auto streets = nlohmann::json::parse(files.at("streets.geojson"));
    EXPECT_EQ(streets.at("features").front().at("geometry").at("type"), "LineString");
    const auto credentials = nlohmann::json::parse(files.at("credentials.json"));
    EXPECT_EQ(credentials.front().at("assets").size(), 1U + 3U + 120U);
}

TEST(GeneratedCity, RefusesScalesItCannotBuild) {
    for (const double scale : {0.0, -1.0, 0.0099, 4.01, std::nan("")})
        EXPECT_FALSE(generate(example_communes(), 1, scale)) << scale;
    EXPECT_FALSE(generate({}, 1, 1.0));
    EXPECT_TRUE(generate(example_communes(), 1, scale_min));
}

TEST(GeneratedCity, SharesOutWithoutRest) {
    EXPECT_EQ(apportioned(10, {1, 1, 1}), (std::vector<int>{4, 3, 3}));
    EXPECT_EQ(apportioned(7, {5, 0, 2}), (std::vector<int>{5, 0, 2}));
    EXPECT_EQ(apportioned(1, {0.2, 0.5, 0.3}), (std::vector<int>{0, 1, 0}));
}

}  // namespace
}  // namespace vigie::sim
