// What operations reads of alarms, which belong to the module of that name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operations/records.hpp"
#include "operations/store_rows.hpp"
#include "vigie/assets/catalogue.hpp"

namespace vigie::operations::alarm_store {

// What an incident takes over from an alarm.
struct Facts {
    std::string id;
    std::string asset;
    base::Text name;      // the rule's
    base::Text response;  // the rule's
    std::string desk;
    int priority{4};
    Place place;
};
[[nodiscard]] std::optional<Facts> find(store::Transaction& tx, const assets::Catalogue& catalogue,
                                        const std::string& id);
// Of the alarms attached to the incident, the first attached.
[[nodiscard]] std::optional<Facts> first_of(store::Transaction& tx,
                                            const assets::Catalogue& catalogue,
                                            std::int64_t incident);

}  // namespace vigie::operations::alarm_store
