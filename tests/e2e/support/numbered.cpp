#include "tests/e2e/support/numbered.hpp"

#include <fmt/format.h>

#include <array>

namespace vigie::e2e {

namespace {

constexpr std::array faults{"none",        "lamp_failure",          "driver_failure",
                            "supply_loss", "communication_failure", "power_high",
                            "cycling"};

// Milliwatts: far apart for neighbouring numbers, within what a light point may report.
std::size_t power_mw(std::size_t number) {
    return number * 7'919 % 2'000'000;
}

}  // namespace

const std::string& Numbered::asset(std::size_t number) const {
    return assets_[number % assets_.size()];
}

base::Instant Numbered::observed_at(std::size_t number) const {
    return start_ + step_ * static_cast<std::int64_t>(number / assets_.size());
}

Numbered::Values Numbered::values(std::size_t number) {
    return {static_cast<double>(power_mw(number)) / 1'000.0, static_cast<double>(number),
            number % 3 == 0 ? 1.0 : 0.0, faults[number % faults.size()]};
}

// Some say their dimming level, too: the newest of it is not in the newest message.
std::string Numbered::payload(std::size_t number) const {
    const std::string level =
        number % 11 == 0 ? fmt::format(R"(,"level_pct":{})", number % 101) : std::string();
    return fmt::format(
        R"({{"t":"{}","values":{{"power_w":{}.{:03},"burning_hours_h":{},"lamp_on":{},"fault":"{}"{}}}}})",
        base::to_rfc3339(observed_at(number)), power_mw(number) / 1'000, power_mw(number) % 1'000,
        number, number % 3 == 0, faults[number % faults.size()], level);
}

Device::Message Numbered::message(std::size_t number) const {
    return {Device::topic_of(asset(number)), payload(number)};
}

std::vector<StoredRow> stored_rows(const Installation& city, const std::string& code_prefix,
                                   base::Instant from, base::Instant to) {
    std::map<std::string, int> position;
    for (const auto& row : city.sql("select kind_property.code, position + 1 from kind_property "
                                    "join asset_kind on asset_kind.id = kind_id "
                                    "where asset_kind.code = 'light_point'"))
        position[row[0].as<std::string>()] = row[1].as<int>();
    const auto rows = city.sql(fmt::format(
        "select asset.code, (extract(epoch from observed_at) * 1000000)::int8, vals[{}], "
        "vals[{}], vals[{}], property_code.code "
        "from frame join asset on asset.id = asset_id "
        "left join property_code on property_code.kind_id = asset.kind_id "
        "and property = 'fault' and number = vals[{}] "
        "where observed_at between '{}' and '{}' and asset.code like '{}%'",
        position.at("power_w"), position.at("burning_hours_h"), position.at("lamp_on"),
        position.at("fault"), base::to_rfc3339(from), base::to_rfc3339(to), code_prefix));
    std::vector<StoredRow> all;
    for (const auto& row : rows) {
        all.push_back({row[0].as<std::string>(),
                       row[1].as<std::int64_t>(),
                       {row[2].as<double>(-1), row[3].as<double>(-1), row[4].as<double>(-1),
                        row[5].as<std::string>("")}});
    }
    return all;
}

}  // namespace vigie::e2e
