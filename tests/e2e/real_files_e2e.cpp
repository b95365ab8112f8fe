// Files that cities really published, dirt included, taken in by a running server: the assets of
// Montpellier, and a month of the air of Beijing as twelve stations report it.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "tests/e2e/support/device.hpp"
#include "vigie/base/text.hpp"
#include "vigie/base/time.hpp"

namespace vigie::e2e {
namespace {

using nlohmann::json;

const std::filesystem::path shared_files{VIGIE_SOURCE_DIR "/../shared/data"};

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string mapped(const std::string& field, const std::string& target) {
    return "&map=" + percent_encoded(field + "=" + target);
}

class RealFiles : public testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(shared_files))
            GTEST_SKIP() << "the folder shared/data beside the project is not there";
        city_.start();
    }
    void TearDown() override {
        if (IsSkipped()) return;
        EXPECT_EQ(city_.stop(), 0);
        EXPECT_FALSE(city_.database_runs());
    }

    // Twice: the first time everything is new, the second nothing is.
    void take(const char* kind, const char* file, const std::string& parameters,
              std::size_t expected) {
        SCOPED_TRACE(file);
        const std::string text = text_of(shared_files / "montpellier" / file);
        const auto began = std::chrono::steady_clock::now();
        const json first = city_.import_assets(kind, text, parameters);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        const json again = city_.import_assets(kind, text, parameters);
        std::cout << fmt::format("{:<26} {:6} {:<16} {:6.2f} s\n", file, first.at("new").dump(),
                                 kind, took.count());
        EXPECT_EQ(first.at("new"), expected);
        EXPECT_EQ(first.at("refused"), 0);
        EXPECT_EQ(again.at("new"), 0);
        EXPECT_EQ(again.at("changed"), 0);
        EXPECT_EQ(again.at("unchanged"), expected);
        EXPECT_LT(took.count(), 60.0);
    }

    [[nodiscard]] Answer import_car_parks(const std::string& parameters) const {
        return city_.admin({.method = "POST",
                            .target = "/admin/v1/assets/import?kind=car_park" + parameters,
                            .body = text_of(shared_files / "montpellier" / "car-parks.csv")});
    }
    [[nodiscard]] json car_park_named(const std::string& name) const {
        const json page = city_.admin_get("/admin/v1/assets?kind=car_park&limit=100");
        for (const json& row : page.at("rows"))
            if (row.at("attributes").at("name") == name) return row;
        throw std::runtime_error("no car park of that name: " + page.dump());
    }

    Installation city_;
};

TEST_F(RealFiles, MontpellierIsImportedAndASecondTimeChangesNothing) {
    take("light_point", "street-lights.geojson", "&code_prefix=LP-", 29'969);
    take("signal_junction", "signal-junctions.geojson",
         "&code_prefix=J-" + mapped("CAR_LIEU", "street"), 373);
    take("camera", "cameras.geojson", "&code_from=Nom" + mapped("Adresse", "street"), 141);
    const std::string places = mapped("COORD_X", "lon") + mapped("COORD_Y", "lat") +
                               mapped("NBRE_PLACE", "capacity") + mapped("NOM", "name");
    // The file names five of them by a number that another one has.
    const auto by_number = import_car_parks("&code_from=ID&code_prefix=P-" + places);
    EXPECT_EQ(by_number.status, 422U);
    EXPECT_EQ(by_number.json().at("report").at("refusals").size(), 5U);
    EXPECT_EQ(by_number.json().at("report").at("refusals").at(0).at("line"), 16);
    take("car_park", "car-parks.csv", "&code_prefix=P-" + places, 22);
    const json triangle = car_park_named("Triangle");
    EXPECT_EQ(triangle.at("attributes").at("capacity"), 594);
    EXPECT_DOUBLE_EQ(triangle.at("position").at(0), 3.8818441805);
    EXPECT_DOUBLE_EQ(triangle.at("position").at(1), 43.6092338415);
    EXPECT_EQ(city_.sql("select count(*) from asset")[0][0].as<int>(), 29'969 + 373 + 141 + 22);
}

struct Pollutant {
    const char* column;
    const char* property;
    double alarm_above;  // 0: no rule
    const char* rule;
};
constexpr std::array<Pollutant, 6> pollutants{{
    {"PM2.5", "pm25_ugm3", 75, "pm25_high"},
    {"PM10", "pm10_ugm3", 80, "pm10_high"},
    {"SO2", "so2_ugm3", 0, ""},
    {"NO2", "no2_ugm3", 200, "no2_high"},
    {"CO", "co_ugm3", 0, ""},
    {"O3", "o3_ugm3", 180, "o3_high"},
}};

using Values = std::map<std::string, double>;  // by property
// One station: what it measured, hour by hour; an hour of which nothing is known is not there.
using Hours = std::map<base::Instant, Values>;

// Beijing keeps UTC+8 all the year.
base::Instant utc_of(const std::map<std::string, std::string>& row) {
    const auto number = [&](const char* column) { return std::stoi(row.at(column)); };
    return std::chrono::sys_days{std::chrono::year{number("year")} /
                                 std::chrono::month{static_cast<unsigned>(number("month"))} /
                                 std::chrono::day{static_cast<unsigned>(number("day"))}} +
           std::chrono::hours{number("hour")} - std::chrono::hours{8};
}

struct Month {
    std::map<std::string, Hours> stations;
    std::size_t station_hours{};
    std::size_t values{};
    std::size_t holes{};  // single values that are NA
};

Month read_month() {
    Month month;
    std::istringstream file(text_of(shared_files / "beijing-air" / "2017-01.csv"));
    std::string line;
    std::getline(file, line);
    const std::string header(base::trimmed(line));
    const auto columns = base::split(header, ',');
    while (std::getline(file, line)) {
        const auto cells = base::split(base::trimmed(line), ',');
        std::map<std::string, std::string> row;
        for (std::size_t i = 0; i < columns.size(); ++i)
            row[std::string(columns[i])] = cells[i];
        ++month.station_hours;
        auto& station = month.stations[row.at("station")];
        for (const auto& pollutant : pollutants) {
            const std::string& cell = row.at(pollutant.column);
            if (cell == "NA") {
                ++month.holes;
                continue;
            }
            station[utc_of(row)][pollutant.property] = std::stod(cell);
            ++month.values;
        }
    }
    return month;
}

Device::Message as_message(const std::string& station, base::Instant at, const Values& values) {
    return {Device::topic_of(station),
            json{{"t", base::to_rfc3339(at)}, {"values", values}}.dump()};
}

class BeijingAir : public RealFiles {
protected:
    void SetUp() override {
        RealFiles::SetUp();
        if (IsSkipped()) return;
        month_ = read_month();
        std::vector<std::string> codes;
        for (const auto& [station, hours] : month_.stations)
            codes.push_back(station);
        city_.plant("air_station", codes);
    }

    void publish_history() {
        const auto historian = city_.credential(
            {{"name", "historian"}, {"kind", "air_station"}, {"may_backfill", true}});
        Device device(city_.mqtt_port(), historian, wire::mqtt::Version::v5, "historian");
        std::vector<Device::Message> messages;
        for (const auto& [station, hours] : month_.stations) {
            for (const auto& [at, values] : hours)
                messages.push_back(as_message(station, at, values));
        }
        const auto began = std::chrono::steady_clock::now();
        EXPECT_THAT(device.publish_all(messages), testing::IsEmpty());
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        std::cout << fmt::format(
            "{} station-hours: {} messages with {} values, {} NA, acknowledged in {:.2f} s\n",
            month_.station_hours, messages.size(), month_.values, month_.holes, took.count());
    }

    [[nodiscard]] Hours rows_of(const std::string& station) const {
        Hours hours;
        const auto rows = city_.sql(fmt::format(
            "select (extract(epoch from observed_at) * 1000000)::int8, kind_property.code, "
            "vals[position + 1] from frame join asset on asset.id = asset_id "
            "join kind_property on kind_property.kind_id = asset.kind_id "
            "where asset.code = '{}' and vals[position + 1] is not null",
            station));
        for (const auto& row : rows)
            hours[base::from_epoch_us(row[0].as<std::int64_t>())][row[1].as<std::string>()] =
                row[2].as<double>();
        return hours;
    }

    Month month_;
};

TEST_F(BeijingAir, EveryValueIsFoundAgainAndHolesStayHoles) {
    EXPECT_EQ(month_.station_hours, 8'928U);
    EXPECT_EQ(month_.stations.size(), 12U);
    publish_history();
    for (const auto& [station, hours] : month_.stations)
        EXPECT_EQ(rows_of(station), hours) << station;
}

}  // namespace
}  // namespace vigie::e2e
