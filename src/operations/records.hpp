// What operations keeps, as plain values: one struct a row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vigie/base/geometry.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/operations/intervention.hpp"

namespace vigie::operations {

// Who did it, as the log keeps it.
struct Author {
    std::string login;
    std::string name;
};

// Where something is. `commune` and `address` are empty when unknown.
struct Place {
    std::optional<base::LonLat> position;
    std::string commune;
    std::string address;
};

struct Incident {
    std::int64_t number{};
    std::string title;
    std::string desk;
    int priority{4};
    bool open{true};
    std::string origin;  // alarm, contact, operator
    Place place;
    std::string asset;
    base::Instant opened_at;
    std::string opened_by;
    std::string owner;  // login; empty: nobody claimed it
    std::string owner_name;
    std::optional<base::Instant> claimed_at;
    std::optional<base::Instant> closed_at;
    std::string close_reason;
    std::int64_t alarms{};
    std::int64_t alarms_active{};
    std::int64_t interventions_open{};
    std::int64_t version{1};
};

struct Contact {
    std::int64_t id{};
    std::string channel;
    std::string summary;
    std::string desk;
    base::Instant received_at;
    std::string taken_by;
    Place place;
    bool answered{};
    std::optional<std::int64_t> incident;
    bool has_caller{};
};

// Personal data: never in the logbook, never in a stream.
struct Caller {
    std::string name;
    std::string callback_number;
};

struct Intervention {
    std::int64_t id{};
    std::int64_t incident{};
    std::string incident_title;
    std::string crew;
    Standing standing;
    int priority{4};
    std::string asset;
    Place place;
    std::string description;
    base::Text response;  // what the rule asks to be done; empty without an alarm
    base::Instant created_at;
    std::string created_by;
    base::Instant state_since;  // when its last step counts as made
    std::optional<base::Instant> restored_at;
    std::string verified_by;
    std::int64_t version{1};
};

struct Transition {
    std::int64_t intervention{};
    std::optional<State> from;
    State to{State::assigned};
    Author author;
    base::Instant at;            // by the person's clock, or the event time of what proved it
    base::Instant recorded_at;   // by ours
    base::Duration clock_off{};  // by how much the person's clock contradicts ours: see count()
    std::string reason;
    std::string note;
    std::optional<base::LonLat> position;
};

struct Crew {
    std::string code;
    std::string name;
    std::string employer;
    std::vector<std::string> skills;
    std::string vehicle;  // asset code
    std::optional<base::LonLat> position;
    std::optional<base::Instant> position_at;
    std::optional<std::int64_t> intervention;  // the oldest that holds it
};

struct Entry {
    std::int64_t number{};
    base::Instant at;
    base::Instant recorded_at;
    Author author;
    std::string entry_type;
    base::Text text;
    std::optional<std::int64_t> incident;
    std::optional<std::int64_t> intervention;
    std::optional<std::int64_t> corrects;
    std::optional<std::string> commitment;  // to personal data kept apart
    std::string digest;                     // hex
};

struct DeskStrip {
    std::string desk;
    std::int64_t waiting{};
    std::optional<base::Instant> oldest_at;
    std::int64_t claimed{};
    std::int64_t alarms_10_min{};
    friend bool operator==(const DeskStrip&, const DeskStrip&) = default;
};

}  // namespace vigie::operations
