// What happens to an alarm, as a value on its way from who decided it to the database.
#pragma once

#include <string>
#include <string_view>

#include "vigie/alarms/states.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"

namespace vigie::alarms {

// 32 hexadecimal digits that follow from asset, rule and the event time of raising: judging the
// same observations again names the same alarm.
[[nodiscard]] std::string alarm_id(std::string_view asset_code, std::string_view rule,
                                   base::Instant raised_at);

struct Occurrence {
    std::string alarm;
    Event event{Event::raise};
    base::Instant at;         // event time
    base::Instant learnt_at;  // by our clock
    bool learnt_late{};
    std::string suppressed_by;  // raise, suppress: the alarm that explains it
    std::string value;          // raise: what raised it, with unit
    std::string cause;          // a word for the record: "life_stage", "rule_gone"; mostly empty
    bool ends{};                // come_back that needs no acknowledgement, whatever it raises

    // What the alarm is: so that its row can be made, whichever occurrence comes first.
    assets::AssetId asset{};
    std::string kind;
    std::string commune;
    std::string rule;
    std::string desk;
    assets::Raises raises{assets::Raises::alarm};
    int priority{4};
};

// An alarm that is not normal, as the database has it.
struct Standing {
    std::string alarm;
    assets::AssetId asset{};
    std::string rule;
    State state;
    base::Instant raised_at;
    std::string suppressed_by;
    int confirmed{};  // occurrences of ours that this state has taken in
};

// Event time up to which a rule on an asset was judged for good, from its recorded alarms.
struct JudgedThrough {
    assets::AssetId asset{};
    std::string rule;
    base::Instant at;
};

}  // namespace vigie::alarms
