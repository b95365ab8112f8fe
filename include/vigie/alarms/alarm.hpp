// An alarm or maintenance notice as it is kept and shown, and what changed it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vigie/alarms/occurrence.hpp"
#include "vigie/alarms/states.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"

namespace vigie::alarms {

struct Alarm {
    std::string id;
    assets::AssetId asset{};
    std::string kind;
    std::string commune;
    std::string rule;
    std::string desk;
    assets::Raises raises{assets::Raises::alarm};
    int priority{4};
    State state;
    base::Instant raised_at;
    base::Instant learnt_at;
    bool learnt_late{};
    std::optional<base::Instant> returned_at;
    std::optional<base::Instant> acknowledged_at;
    std::string acknowledged_by;
    std::string suppressed_by;  // the alarm that hides it, or hid it until it ended
    int occurrences{};
    std::string value;
    std::optional<std::int64_t> incident;
    std::int64_t version{};
    std::int64_t suppresses{};  // how many it hides now
};

struct Transition {
    Event event{Event::raise};
    Letter from{Letter::a};
    Letter to{Letter::a};
    base::Instant at;           // by the device's or the person's clock
    base::Instant recorded_at;  // by ours
    std::string author;         // "system:rules", or a login
    std::string author_name;    // a person's, for what is written with it; not kept here
    std::string cause;          // the alarm that explains it, or a word
    std::string reason;         // what the person said
};

// One transition, with the alarm as it is after it.
struct AlarmChange {
    Alarm alarm;
    Transition transition;
    bool announced{};  // it demands an operator's attention, now
};

// Takes an occurrence into the alarm's row (fresh for one that is not kept yet). Nothing: it
// changes nothing in that state. Pure.
[[nodiscard]] std::optional<AlarmChange> take_in(Alarm& alarm, const Occurrence& occurrence,
                                                 base::Instant now);

// The Alarm of the contract. What the asset and its rule are called comes from the catalogue.
[[nodiscard]] std::string to_json(const Alarm& alarm, const assets::Catalogue& catalogue);

// As the contract shows them, with how many each hides. In any order; unknown ones are left out.
[[nodiscard]] std::vector<Alarm> read_alarms(store::Transaction& tx,
                                             const std::vector<std::string>& ids);

}  // namespace vigie::alarms
