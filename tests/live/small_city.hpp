// A city of one street for tests: two cabinets with a circuit and two light points each, a gateway
// with a car park's counter, and a bus.
#pragma once

#include <cmath>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::test {

inline constexpr base::Instant small_city_noon = base::from_epoch_ms(1'795'348'800'000);
inline constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

enum SmallCityAsset : assets::AssetId {
    cabinet_1 = 1,
    circuit_1 = 2,
    lamp_11 = 3,
    lamp_12 = 4,
    cabinet_2 = 5,
    circuit_2 = 6,
    lamp_21 = 7,
    gateway = 8,
    car_park = 9,
    bus = 10,
};

inline assets::Property property(std::string code, assets::PropertyType type, int position,
                                 std::string unit = {}) {
    assets::Property made;
    made.code = std::move(code);
    made.type = type;
    made.position = position;
    made.unit = std::move(unit);
    return made;
}

inline assets::Kind kind(std::string code, std::string desk, int period_s) {
    assets::Kind made;
    made.code = std::move(code);
    made.desk = std::move(desk);
    made.reporting_period = std::chrono::seconds(period_s);
    made.stale_after = std::chrono::seconds(period_s * 3);
    made.unknown_after = std::chrono::seconds(period_s * 10);
    made.late_limit = std::chrono::seconds(3600);
    made.layout = 1;
    return made;
}

inline assets::Rule rule(std::string code, assets::Condition condition, std::string on = {}) {
    assets::Rule made;
    made.code = std::move(code);
    made.name = {made.code + " (en)", made.code + " (fr)"};
    made.condition = condition;
    made.property = std::move(on);
    made.priority = 3;
    return made;
}

// 0 cabinet, 1 circuit, 2 light point, 3 gateway, 4 car park, 5 bus.
inline std::shared_ptr<std::vector<assets::Kind>> small_city_kinds() {
    using enum assets::PropertyType;
    auto kinds = std::make_shared<std::vector<assets::Kind>>();
    auto cabinet = kind("cabinet", "traffic", 60);
    cabinet.properties = {property("feeder_on", boolean, 0),
                          property("breaker_tripped", boolean, 1),
                          property("power_w", number, 2, "W")};
    cabinet.feeder_property = "feeder_on";
    cabinet.width = 3;
    auto tripped = rule("breaker_tripped", assets::Condition::is, "breaker_tripped");
    tripped.values = {1};
    tripped.priority = 2;
    tripped.suppresses = assets::Suppresses::fed;
    tripped.suppressible = false;
    cabinet.rules = {tripped};
    auto circuit = kind("circuit", "traffic", 60);
    auto lamp = kind("light_point", "traffic", 60);
    lamp.properties = {property("lamp_on", boolean, 0), property("power_w", number, 1, "W"),
                       property("driver", code, 2)};
    lamp.properties[2].codes = {"ok", "failed"};
    lamp.switched_feeder = true;
    lamp.width = 3;
    auto out = rule("lamp_out", assets::Condition::is, "driver");
    out.values = {1};
    out.raises = assets::Raises::maintenance;
    auto supply = rule("supply_lost", assets::Condition::below, "power_w");
    supply.limit = 1;
    auto silent = rule("silent", assets::Condition::silent);
    silent.silent_periods = 5;
    silent.raises = assets::Raises::maintenance;
    lamp.rules = {out, supply, silent};
    auto gateway_kind = kind("gateway", "traffic", 60);
    gateway_kind.properties = {property("online", boolean, 0)};
    gateway_kind.width = 1;
    auto offline = rule("offline", assets::Condition::is, "online");
    offline.values = {0};
    offline.suppresses = assets::Suppresses::connected;
    gateway_kind.rules = {offline};
    auto park = kind("car_park", "traffic", 60);
    park.properties = {property("free", number, 0), property("level", number, 1, "%")};
    park.width = 2;
    auto full = rule("full", assets::Condition::below, "free");
    full.limit = 10;
    full.dead_band = 5;
    full.delay_on = std::chrono::seconds(30);
    auto quiet = rule("silent", assets::Condition::silent);
    quiet.silent_periods = 3;
    park.rules = {full, quiet};
    auto bus_kind = kind("bus", "winter", 10);
    bus_kind.properties = {property("place", position, 0),
                           property("speed_kmh", number, 2, "km/h")};
    bus_kind.width = 3;
    bus_kind.mobile = true;
    *kinds = {cabinet, circuit, lamp, gateway_kind, park, bus_kind};
    for (std::size_t i = 0; i < kinds->size(); ++i)
        (*kinds)[i].id = static_cast<int>(i) + 1;
    return kinds;
}

inline std::vector<assets::Asset> small_city_assets(const std::vector<assets::Kind>& kinds) {
    const auto asset = [&kinds](assets::AssetId id, std::string code, std::size_t kind_index,
                                assets::AssetId power = 0, assets::AssetId communication = 0) {
        assets::Asset made;
        made.id = id;
        made.code = std::move(code);
        made.kind = &kinds[kind_index];
        made.place = {5.04 + 0.001 * id, 47.32};
        made.commune = "21231";
        made.power_parent = power;
        made.communication_parent = communication;
        return made;
    };
    return {asset(cabinet_1, "CAB-1", 0),           asset(circuit_1, "CIR-1", 1, cabinet_1),
            asset(lamp_11, "LP-11", 2, circuit_1),  asset(lamp_12, "LP-12", 2, circuit_1),
            asset(cabinet_2, "CAB-2", 0),           asset(circuit_2, "CIR-2", 1, cabinet_2),
            asset(lamp_21, "LP-21", 2, circuit_2),  asset(gateway, "GW-1", 3),
            asset(car_park, "CP-1", 4, 0, gateway), asset(bus, "BUS-1", 5)};
}

inline std::shared_ptr<const assets::Catalogue> small_city() {
    auto kinds = small_city_kinds();
    auto all = small_city_assets(*kinds);
    return std::make_shared<const assets::Catalogue>(kinds, std::move(all));
}

// A frame observed and received `second` seconds after noon.
inline store::Frame frame(assets::AssetId asset, int second, std::initializer_list<double> vals,
                          std::optional<int> received_second = std::nullopt) {
    store::Frame made;
    made.asset_id = asset;
    made.observed_at = small_city_noon + std::chrono::seconds(second);
    made.received_at = small_city_noon + std::chrono::seconds(received_second.value_or(second));
    made.layout = 1;
    made.vals = vals;
    return made;
}

inline base::Instant noon_plus(int second) {
    return small_city_noon + std::chrono::seconds(second);
}

}  // namespace vigie::test
