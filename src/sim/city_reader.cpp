#include "sim/city_reader.hpp"

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "sim/random.hpp"
#include "sim/readings.hpp"

namespace vigie::sim {

namespace {

using nlohmann::json;

constexpr std::array<std::pair<const char*, DeviceKind>, 9> kind_files{{
    {"lighting_cabinet", DeviceKind::lighting_cabinet},
    {"light_point", DeviceKind::light_point},
    {"signal_junction", DeviceKind::signal_junction},
    {"traffic_detector", DeviceKind::traffic_detector},
    {"camera", DeviceKind::camera},
    {"air_station", DeviceKind::air_station},
    {"weather_station", DeviceKind::weather_station},
    {"car_park", DeviceKind::car_park},
    {"vehicle", DeviceKind::vehicle},
}};

// Throws json::exception and std::ios_base::failure; the two functions of the header answer them.
json read_json(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::ios_base::failure("cannot read " + path.string());
    try {
        return json::parse(file);
    } catch (const json::exception& wrong) {
        throw std::ios_base::failure(path.string() + ": " + wrong.what());
    }
}

base::LonLat place_of(const json& position) {
    return {position.at(0).get<double>(), position.at(1).get<double>()};
}

double speed_on(const std::string& hierarchy) {
    static const std::map<std::string, double> speeds{
        {"primary", 42}, {"secondary", 36}, {"tertiary", 28}, {"residential", 20}};
    const auto at = speeds.find(hierarchy);
    return at == speeds.end() ? 25 : at->second;
}

void read_streets(const std::filesystem::path& folder, Fleet& fleet) {
    const json streets = read_json(folder / "streets.geojson");
    std::size_t points = 0;
    for (const json& feature : streets.at("features")) {
        std::vector<base::LonLat> line;
        for (const json& position : feature.at("geometry").at("coordinates")) {
            line.push_back(place_of(position));
            fleet.centre.lon += line.back().lon;
            fleet.centre.lat += line.back().lat;
            ++points;
        }
        fleet.streets.add(line, speed_on(feature.at("properties").at("hierarchy")));
    }
    if (points == 0) return;
    fleet.centre.lon /= static_cast<double>(points);
    fleet.centre.lat /= static_cast<double>(points);
}

WinterEquipment equipment_named(const std::string& word) {
    if (word == "plough") return WinterEquipment::plough;
    if (word == "spreader") return WinterEquipment::spreader;
    if (word == "plough_spreader") return WinterEquipment::plough_spreader;
    return WinterEquipment::none;
}

// Full power of a lamp by its own chance: the sizes of LED lanterns a city has.
double lamp_w(const Device& device) {
    static constexpr std::array sizes{28.0, 36.0, 36.0, 45.0, 52.0, 68.0, 90.0, 120.0};
    return sizes.at(static_cast<std::size_t>(trait(device, 21) * sizes.size()));
}

Device device_of(DeviceKind kind, const json& feature) {
    const json& properties = feature.at("properties");
    Device device;
    device.kind = kind;
    device.code = properties.at("code").get<std::string>();
    device.number = hashed(device.code);
    device.place = place_of(feature.at("geometry").at("coordinates"));
    if (kind == DeviceKind::light_point) device.load_w = lamp_w(device);
    device.capacity = properties.value("capacity", 0);
    device.on_road = properties.value("subtype", "air") == "road";
    device.equipment = equipment_named(properties.value("winter_equipment", "none"));
    return device;
}

// Circuit to cabinet, by code.
std::map<std::string, std::string> read_circuits(const std::filesystem::path& folder) {
    std::map<std::string, std::string> cabinets;
    const json circuits = read_json(folder / "assets" / "lighting_circuit.geojson");
    for (const json& feature : circuits.at("features")) {
        const json& properties = feature.at("properties");
        cabinets[properties.at("code")] = properties.at("power_parent");
    }
    return cabinets;
}

void read_devices(const std::filesystem::path& folder, Fleet& fleet) {
    const auto cabinet_of = read_circuits(folder);
    std::unordered_map<std::string, std::size_t> cabinets;
    for (const auto& [name, kind] : kind_files) {
        const json file = read_json(folder / "assets" / (std::string(name) + ".geojson"));
        for (const json& feature : file.at("features")) {
            Device device = device_of(kind, feature);
            const std::size_t index = fleet.devices.size();
            if (kind == DeviceKind::lighting_cabinet) cabinets[device.code] = index;
            if (kind == DeviceKind::light_point) {
                const std::string& circuit = feature.at("properties").at("power_parent");
                const std::size_t cabinet = cabinets.at(cabinet_of.at(circuit));
                device.cabinet = static_cast<int>(cabinet);
                fleet.devices[cabinet].feeds.push_back(static_cast<int>(index));
                fleet.devices[cabinet].load_w += device.load_w;
            }
            fleet.devices.push_back(std::move(device));
        }
    }
}

base::Error unreadable(const std::filesystem::path& folder, const char* why) {
    return base::fail(base::Errc::invalid, folder.string() + " is not a generated city: " + why,
                      folder.string() + " n'est pas une ville générée : " + why);
}

}  // namespace

base::Result<Fleet> read_fleet(const std::filesystem::path& folder) {
    try {
        Fleet fleet;
        read_streets(folder, fleet);
        read_devices(folder, fleet);
        return fleet;
    } catch (const json::exception& wrong) {
        return unreadable(folder, wrong.what());
    } catch (const std::ios_base::failure& wrong) {
        return unreadable(folder, wrong.what());
    } catch (const std::out_of_range&) {
        return unreadable(folder, "a light point's circuit or cabinet is not there");
    }
}

base::Result<std::vector<Login>> read_logins(const std::filesystem::path& folder,
                                             const std::filesystem::path& secrets) {
    try {
        std::map<std::string, json> by_name;
        for (const json& secret : read_json(secrets))
            by_name[secret.at("name")] = secret;
        std::vector<Login> logins;
        for (const json& credential : read_json(folder / "credentials.json")) {
            const std::string& name = credential.at("name");
            const auto at = by_name.find(name);
            if (at == by_name.end())
                return base::fail(base::Errc::invalid,
                                  secrets.string() + " has no secret for " + name,
                                  secrets.string() + " n'a pas de secret pour " + name);
            logins.push_back({name, at->second.at("username"), at->second.at("password"),
                              credential.at("assets").get<std::vector<std::string>>()});
        }
        return logins;
    } catch (const json::exception& wrong) {
        return unreadable(folder, wrong.what());
    } catch (const std::ios_base::failure& wrong) {
        return unreadable(folder, wrong.what());
    }
}

}  // namespace vigie::sim
