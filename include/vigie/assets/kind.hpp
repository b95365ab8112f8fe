// Kinds as data: what an asset is, from config/kinds/*.toml. Immutable once loaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/result.hpp"

namespace vigie::assets {

enum class PropertyType { number, boolean, code, position };

// One observed property. A value is always a double on its way: booleans are 0 and 1, a code is its
// number in `codes`, a position is two values (longitude, latitude) at `position` and `position +
// 1`.
struct Property {
    std::string code;
    base::Text name;
    PropertyType type{PropertyType::number};
    std::string unit;
    std::optional<double> min;
    std::optional<double> max;
    std::vector<std::string>
        codes;  // index = stored number; allotted in the database, never reused
    std::vector<base::Text> code_names;  // parallel to codes: for people
    int position{-1};  // in the kind's layout; allotted in the database, never reused
};

enum class AttributeType { number, boolean, text, code };

struct Attribute {
    std::string code;
    base::Text name;
    AttributeType type{AttributeType::text};
    std::string unit;
    std::optional<double> min;
    std::optional<double> max;
    std::vector<std::string> codes;
    std::vector<base::Text> code_names;  // parallel to codes: for people
    bool required{};
};

enum class Condition { above, below, is, silent };
enum class Raises { alarm, maintenance };
// Whose alarms this one hides while it stands: nobody's, of what it feeds (power graph), of what
// speaks through it.
enum class Suppresses { nothing, fed, connected };

// A default rule of a kind.
struct Rule {
    std::string code;
    base::Text name;      // what the operator reads: "Junction at flashing amber"
    base::Text response;  // what the operator is asked to do
    Condition condition{Condition::is};
    std::string property;  // not for silent
    double limit{};        // above, below
    double dead_band{};    // above: returns below limit - dead_band; below: above limit + dead_band
    std::vector<double> values;  // is: any of these (codes as numbers, booleans as 0 and 1)
    double silent_periods{};     // silent: reporting periods without an observation
    std::chrono::seconds delay_on{};
    std::chrono::seconds delay_off{};
    Raises raises{Raises::alarm};
    int priority{4};  // 1 critical to 4 low
    Suppresses suppresses{Suppresses::nothing};
    bool suppressible{true};
};

enum class ParameterType { number, boolean, code };

struct Parameter {
    std::string code;
    base::Text name;
    ParameterType type{ParameterType::number};
    std::string unit;
    std::optional<double> min;  // of a number: always there
    std::optional<double> max;
    std::vector<std::string> codes;
    std::vector<base::Text> code_names;  // parallel to codes: for people
    bool required{true};
};

// What can be asked of a device.
struct Command {
    std::string code;
    base::Text name;
    std::vector<Parameter> parameters;
    // How long it may be delivered when nobody says otherwise, and at most.
    std::chrono::seconds expires{60};
    std::chrono::seconds expires_max{60};
};

struct Kind {
    int id{};
    std::string code;
    base::Text name;
    std::string
        desk;  // the desk its alarms belong to: security, police, video, traffic, winter, citizen
    std::chrono::seconds reporting_period{};
    // Fresh until `stale_after`, stale until `unknown_after` (from the event time of the newest
    // observation).
    std::chrono::seconds stale_after{};
    std::chrono::seconds unknown_after{};
    // Beyond, a late observation raises nothing (listed without sound).
    std::chrono::seconds late_limit{};
    // Older observations are refused without the right to backfill.
    std::chrono::hours past_limit{std::chrono::hours{24 * 30}};
    // How long observations are kept, and roll-ups.
    std::chrono::days raw_kept{400};
    std::chrono::days rollups_kept{4'383};
    bool switched_feeder{};       // fed through a circuit that is cut by day
    std::string feeder_property;  // on a cabinet: the boolean that says its feeder is on
    bool mobile{};                // its place is what it reports, not where it was installed
    std::vector<Property> properties;
    std::vector<Attribute> attributes;
    std::vector<Rule> rules;
    std::vector<Command> commands;
    int layout{};  // the layout new frames are written with
    int width{};   // how many doubles a frame of that layout holds

    [[nodiscard]] const Property* property(std::string_view property_code) const {
        for (const auto& p : properties) {
            if (p.code == property_code) return &p;
        }
        return nullptr;
    }
    [[nodiscard]] const Command* command(std::string_view command_code) const {
        for (const auto& c : commands) {
            if (c.code == command_code) return &c;
        }
        return nullptr;
    }
};

}  // namespace vigie::assets
