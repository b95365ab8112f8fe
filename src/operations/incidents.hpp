// Incidents: what people may do with them. Each function works in the caller's transaction, writes
// the logbook there, and sends what changed once that is committed.
#pragma once

#include <optional>
#include <string>

#include "operations/records.hpp"
#include "operations/room.hpp"
#include "vigie/access/principal.hpp"

namespace vigie::operations::incidents {

inline constexpr std::size_t title_chars_max = 200;

// Who asks, when, and in which language a title is made up for them.
struct Asker {
    const access::Principal& actor;
    base::Instant now;
    bool french{};
};

struct Opening {
    std::optional<std::string> alarm;
    std::optional<std::int64_t> contact;
    std::optional<std::string> title;
    std::optional<std::string> desk;
    std::optional<int> priority;
    std::optional<base::LonLat> position;
    std::optional<std::string> asset;
    std::string note;
    bool claim{};
};
// What is not said follows from the alarm, else from the contact, else from the asset. An alarm or
// a contact that belongs to an open incident already is a conflict; extension: incident.
[[nodiscard]] base::Result<Incident> open(Room& room, store::Transaction& tx, const Asker& asker,
                                          const Opening& opening);

// The row, if the asker may see it.
[[nodiscard]] base::Result<Incident> see(store::Transaction& tx, const Asker& asker,
                                         std::int64_t number);

// Of two at once one gets it; the other gets a conflict; extension: owner {login, name, since}.
// Claiming what one owns already changes nothing.
[[nodiscard]] base::Result<Incident> claim(Room& room, store::Transaction& tx, const Asker& asker,
                                           std::int64_t number);
// By its owner, or by who may manage operations.
[[nodiscard]] base::Result<Incident> release(Room& room, store::Transaction& tx, const Asker& asker,
                                             std::int64_t number);

struct Change {
    std::optional<std::string> title;
    std::optional<std::string> desk;
    std::optional<int> priority;
    std::optional<std::int64_t> version;  // the one edited; nothing: whatever it is now
};
[[nodiscard]] base::Result<Incident> change(Room& room, store::Transaction& tx, const Asker& asker,
                                            std::int64_t number, const Change& change);

[[nodiscard]] base::Result<Entry> note(Room& room, store::Transaction& tx, const Asker& asker,
                                       std::int64_t number, const std::string& text);
[[nodiscard]] base::Result<Incident> attach_alarm(Room& room, store::Transaction& tx,
                                                  const Asker& asker, std::int64_t number,
                                                  const std::string& alarm);
// A conflict while something is left; extension: interventions and alarms, by id. As a false alarm
// or a duplicate, and with a text, it is closed whatever its alarms say; those that are not over
// stand by themselves again.
[[nodiscard]] base::Result<Incident> close(Room& room, store::Transaction& tx, const Asker& asker,
                                           std::int64_t number, const std::string& reason,
                                           const std::string& text);

}  // namespace vigie::operations::incidents
