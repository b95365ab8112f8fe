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

// vigie as city IT calls it: a process of its own on the files as they are.
class RealFilesByTool : public RealFiles {
protected:
    struct Ran {
        std::optional<int> status;
        json answer;  // standard output and error: nothing but one document
        double seconds{};
    };
    Ran vigie(std::vector<std::string> words) const {
        words.insert(words.begin(), VIGIE_PROGRAMS "/vigie");
        words.insert(words.end(), {"--json", "--socket", (city_.folder() / "admin.sock").string()});
        const auto began = std::chrono::steady_clock::now();
        Program program(words);
        Ran ran{program.wait(std::chrono::seconds{120}), {}, 0};
        ran.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        std::string text;
        for (const std::string& line : program.lines())
            text += line + "\n";
        ran.answer = json::parse(text, nullptr, false);
        EXPECT_TRUE(ran.answer.is_object()) << text;
        return ran;
    }
    // Twice, as above.
    void take_by_tool(const std::string& noun, const std::string& file,
                      const std::vector<std::string>& options, std::size_t expected) {
        SCOPED_TRACE(file);
        std::vector<std::string> words{noun, "import", (shared_files / file).string()};
        words.insert(words.end(), options.begin(), options.end());
        const Ran first = vigie(words);
        EXPECT_EQ(first.status, 0) << first.answer.dump();
        EXPECT_EQ(first.answer.value("new", 0U), expected) << first.answer.dump();
        std::cout << fmt::format("vigie {} import {:<36} {:6} in {:6.2f} s\n", noun, file, expected,
                                 first.seconds);
        EXPECT_LT(first.seconds, 60.0);
        const Ran again = vigie(words);
        EXPECT_EQ(again.status, 0);
        EXPECT_EQ(again.answer.value("unchanged", 0U), expected) << again.answer.dump();
    }
};

TEST_F(RealFilesByTool, MontpellierAndTheCommunesOfDijonAreImported) {
    take_by_tool("zone", "dijon/communes.geojson", {"--type", "commune"}, 24);
    take_by_tool("street", "montpellier/streets.geojson",
                 {"--map", "LIB_OFF=name", "--map", "IDARC=code"}, 8'011);
    take_by_tool("asset", "montpellier/street-lights.geojson",
                 {"--kind", "light_point", "--code-prefix", "LP-"}, 29'969);
    take_by_tool("asset", "montpellier/cameras.geojson",
                 {"--kind", "camera", "--code-from", "Nom", "--map", "Adresse=street"}, 141);
    take_by_tool("asset", "montpellier/signal-junctions.geojson",
                 {"--kind", "signal_junction", "--code-prefix", "J-", "--map", "CAR_LIEU=street"},
                 373);
    const std::vector<std::string> car_park{"--kind", "car_park",    "--map", "COORD_X=lon",
                                            "--map",  "COORD_Y=lat", "--map", "NBRE_PLACE=capacity",
                                            "--map",  "NOM=name"};
    auto by_line = car_park;
    by_line.insert(by_line.end(), {"--code-prefix", "P-"});
    take_by_tool("asset", "montpellier/car-parks.csv", by_line, 22);
    EXPECT_DOUBLE_EQ(car_park_named("Triangle").at("position").at(0), 3.8818441805)
        << "with a decimal comma in the file";
    // Five car parks have a number that another one has, and are named by their lines.
    auto by_number = car_park;
    by_number.insert(by_number.begin(),
                     {"asset", "import", shared_files / "montpellier" / "car-parks.csv"});
    by_number.insert(by_number.end(), {"--code-from", "ID", "--code-prefix", "N-"});
    const Ran refused = vigie(by_number);
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.answer.value("refused", 0), 5) << refused.answer.dump();
    EXPECT_EQ(refused.answer.at("refusals").at(0).at("line"), 16);
    // A feature that is no camera is named by the line on which it begins.
    const Ran wrong = vigie({"asset", "import", shared_files / "montpellier" / "streets.geojson",
                             "--kind", "camera", "--code-from", "IDARC", "--dry-run"});
    EXPECT_EQ(wrong.answer.value("refused", 0), 8'011);
    EXPECT_EQ(wrong.answer.at("refusals").at(0).at("line"), 5) << wrong.answer.dump();
    EXPECT_EQ(wrong.answer.at("refusals").at(0).at("feature"), 1);
    const Ran shown = vigie({"asset", "list", "--kind", "light_point", "--limit", "0"});
    EXPECT_EQ(shown.answer.at("rows").size(), 29'969U);
    EXPECT_TRUE(std::ranges::any_of(shown.answer.at("rows"),
                                    [](const json& row) { return row.contains("street"); }));
}

struct Pollutant {
    const char* column;
    const char* property;
};
constexpr std::array<Pollutant, 6> pollutants{{{"PM2.5", "pm25_ugm3"},
                                               {"PM10", "pm10_ugm3"},
                                               {"SO2", "so2_ugm3"},
                                               {"NO2", "no2_ugm3"},
                                               {"CO", "co_ugm3"},
                                               {"O3", "o3_ugm3"}}};

// What config/kinds/air_station.toml raises an alarm for.
struct HighRule {
    const char* code;
    const char* property;
    double limit;
};
constexpr std::array<HighRule, 5> rules{{{"pm25_high", "pm25_ugm3", 75},
                                         {"pm10_high", "pm10_ugm3", 80},
                                         {"no2_high", "no2_ugm3", 200},
                                         {"o3_high", "o3_ugm3", 180},
                                         {"o3_alert", "o3_ugm3", 240}}};
using Alarms = std::set<std::pair<std::string, std::string>>;  // asset, rule

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

// January 2017 by Beijing's clocks.
const base::Instant first_hour =
    std::chrono::sys_days{std::chrono::year{2016} / 12 / 31} + std::chrono::hours{16};
const base::Instant end = first_hour + std::chrono::days{31};

std::map<base::Instant, double> points_of(const json& history, const std::string& property) {
    std::map<base::Instant, double> points;
    EXPECT_EQ(history.at("series").size(), 1U);
    EXPECT_EQ(history.at("series").at(0).at("property"), property);
    for (const json& point : history.at("series").at(0).at("points"))
        points[base::from_epoch_ms(point.at(0).get<std::int64_t>())] = point.at(1);
    return points;
}

using Gaps = std::vector<std::pair<std::string, std::string>>;

Gaps gaps_in(const json& history) {
    Gaps gaps;
    for (const json& gap : history.at("gaps"))
        gaps.emplace_back(gap.at("from"), gap.at("to"));
    return gaps;
}

// Between two values more than an hour apart, and from the last one of the month to its end.
Gaps holes_of(const Hours& hours, const std::string& property) {
    Gaps gaps;
    auto before = first_hour;
    const auto look = [&](base::Instant at) {
        if (at - before > std::chrono::hours{1})
            gaps.emplace_back(base::to_rfc3339(before), base::to_rfc3339(at));
        before = at;
    };
    for (const auto& [at, values] : hours) {
        if (values.contains(property)) look(at);
    }
    look(end);
    return gaps;
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
        historian_ = city_.credential(
            {{"name", "historian"}, {"kind", "air_station"}, {"may_backfill", true}});
        operator_ = city_.sign_in("operator");
    }

    [[nodiscard]] json get(const std::string& target) const {
        const auto answer = exchange(city_.control(), {.target = target, .headers = operator_});
        if (answer.status != 200) throw std::runtime_error(target + ": " + answer.body);
        return answer.json();
    }
    [[nodiscard]] json history(const std::string& station, const std::string& property) const {
        const json answer = get(
            fmt::format("/api/v1/assets/{}/observations?property={}&from={}&to={}&limit=1000",
                        station, property, base::to_rfc3339(first_hour), base::to_rfc3339(end)));
        EXPECT_FALSE(answer.contains("next"));
        return answer;
    }
    [[nodiscard]] Alarms alarms() const {
        Alarms open;
        for (const json& row : get("/api/v1/alarms?raises=alarm&limit=1000").at("rows"))
            open.emplace(row.at("asset"), row.at("rule"));
        return open;
    }

    // By twelve real clients at once, each a station with its own credential; all is there when
    // they have ended, as each is acknowledged before.
    void publish_history() {
        std::vector<std::unique_ptr<Program>> clients;
        const auto began = std::chrono::steady_clock::now();
        for (const auto& [station, hours] : month_.stations) {
            const auto secrets = city_.credential(
                {{"name", station}, {"assets", {station}}, {"may_backfill", true}});
            const std::string input = city_.folder() / (station + ".ndjson");
            std::ofstream file(input);
            for (const auto& [at, values] : hours)
                file << as_message(station, at, values).payload << "\n";
            file.close();
            clients.push_back(std::make_unique<Program>(
                std::vector<std::string>{"mosquitto_pub", "-h", "127.0.0.1", "-p",
                                         std::to_string(city_.mqtt_port()), "-V", "mqttv5", "-q",
                                         "1", "-i", station, "-u", secrets.user_name, "-P",
                                         secrets.password, "-t", Device::topic_of(station), "-l"},
                Program::OnLine{}, input));
        }
        for (const auto& client : clients) {
            EXPECT_EQ(client->wait(std::chrono::seconds{60}), 0);
            EXPECT_THAT(client->lines(), testing::IsEmpty());
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        std::cout << fmt::format(
            "{} station-hours with {} values, {} NA, by {} clients in {:.2f} s\n",
            month_.station_hours, month_.values, month_.holes, clients.size(), took.count());
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
    Secrets historian_;
    std::map<std::string, std::string> operator_;
};

TEST_F(BeijingAir, EveryValueIsFoundAgainAndHolesStayHoles) {
    EXPECT_EQ(month_.station_hours, 8'928U);
    EXPECT_EQ(month_.stations.size(), 12U);
    publish_history();
    std::size_t gaps = 0;
    for (const auto& [station, hours] : month_.stations) {
        SCOPED_TRACE(station);
        EXPECT_EQ(rows_of(station), hours);
        Hours answered;
        for (const auto& pollutant : pollutants) {
            SCOPED_TRACE(pollutant.property);
            const json answer = history(station, pollutant.property);
            EXPECT_EQ(gaps_in(answer), holes_of(hours, pollutant.property));
            gaps += answer.at("gaps").size();
            for (const auto& [instant, value] : points_of(answer, pollutant.property))
                answered[instant][pollutant.property] = value;
        }
        EXPECT_EQ(answered, hours);
    }
    std::cout << fmt::format("{} gaps stated for {} missing values\n", gaps, month_.holes);
}

TEST_F(BeijingAir, HistoryRaisesNoAlarmAndTheSameValuesNowDo) {
    publish_history();
    EXPECT_TRUE(until([&] { return city_.figure("vigie_live_frames_waiting") == 0; },
                      std::chrono::seconds{30}));
    EXPECT_EQ(alarms(), Alarms{});
    EXPECT_EQ(city_.sql("select count(*) from alarm")[0][0].as<int>(), 0);
    const auto now = std::chrono::floor<std::chrono::milliseconds>(base::SystemClock{}.now());
    std::vector<Device::Message> messages;
    Alarms expected;
    for (const auto& [station, hours] : month_.stations) {
        const auto& worst = std::ranges::max_element(hours, {}, [](const auto& hour) {
                                const auto found = hour.second.find("pm25_ugm3");
                                return found == hour.second.end() ? 0.0 : found->second;
                            })->second;
        messages.push_back(as_message(station, now, worst));
        for (const auto& [rule, property, limit] : rules) {
            const auto value = worst.find(property);
            if (value != worst.end() && value->second > limit) expected.emplace(station, rule);
        }
    }
    EXPECT_GE(expected.size(), month_.stations.size());
    Device device(city_.mqtt_port(), historian_, wire::mqtt::Version::v3_1_1, "now");
    EXPECT_THAT(device.publish_all(messages), testing::IsEmpty());
    EXPECT_TRUE(
        until([&] { return alarms().size() >= expected.size(); }, std::chrono::seconds{30}));
    EXPECT_EQ(alarms(), expected);
    std::cout << fmt::format("{} alarms raised by the same values now\n", expected.size());
}

}  // namespace
}  // namespace vigie::e2e
