#include "operations/topics.hpp"

#include <nlohmann/json.hpp>

#include "operations/codec.hpp"
#include "operations/crews.hpp"
#include "operations/reach.hpp"
#include "operations/store_desks.hpp"
#include "operations/store_incidents.hpp"
#include "operations/store_interventions.hpp"
#include "operations/store_logbook.hpp"

namespace vigie::operations {

namespace {

using access::Principal;
using live::StreamFilter;

// More open rows than a city ever had, and still a message that a console can take.
constexpr std::size_t snapshot_rows_max = 10'000;
constexpr std::size_t snapshot_entries = 100;

bool fits(const std::string& wanted, const std::string& have) {
    return wanted.empty() || wanted == have;
}

std::optional<std::string> wish(const std::string& wanted) {
    return wanted.empty() ? std::nullopt : std::optional(wanted);
}

template <typename Rows>
std::string array_of(const Rows& rows) {
    nlohmann::json array = nlohmann::json::array();
    for (const auto& row : rows)
        array.push_back(to_json(row));
    return array.dump();
}

std::string incident_rows(const Room& room, store::Transaction& tx, const Principal& principal,
                          const StreamFilter& filter) {
    const auto reach = communes_of(principal, access::Level::view, "operations", room.clock.now());
    auto rows = incident_store::page(
        tx,
        {.desk = wish(filter.desk), .open = true, .commune = wish(filter.commune), .reach = reach},
        std::nullopt, snapshot_rows_max);
    std::erase_if(rows, [&](const Incident& row) { return !fits(filter.asset, row.asset); });
    return array_of(rows);
}

std::string intervention_rows(const Room& room, store::Transaction& tx, const Principal& principal,
                              const StreamFilter& filter) {
    intervention_store::Filter open{.crew = wish(filter.crew), .open = true, .reach = {}};
    if (is_crew_member(principal)) {
        if (principal.crew.empty() || !fits(filter.crew, principal.crew)) return "[]";
        open.crew = principal.crew;
    } else {
        open.reach = communes_of(principal, access::Level::view, "interventions", room.clock.now());
    }
    auto rows = intervention_store::page(tx, open, std::nullopt, snapshot_rows_max);
    std::erase_if(rows, [&](const Intervention& row) {
        return !fits(filter.asset, row.asset) || !fits(filter.commune, row.place.commune);
    });
    return array_of(rows);
}

std::string crew_rows(const Room& room, store::Transaction& tx, const Principal& principal,
                      const StreamFilter& filter) {
    nlohmann::json array = nlohmann::json::array();
    for (const Crew& crew : crews::seen_by(room, tx, principal)) {
        if (fits(filter.crew, crew.code)) array.push_back(to_json(crew, room.clock.now()));
    }
    return array.dump();
}

std::string desk_rows(const Room& room, store::Transaction& tx, const Principal& /*principal*/,
                      const StreamFilter& filter) {
    auto strips = desk_store::strips(tx, room.clock.now());
    std::erase_if(strips, [&](const DeskStrip& strip) { return !fits(filter.desk, strip.desk); });
    return array_of(strips);
}

std::string entry_rows(const Room& /*room*/, store::Transaction& tx, const Principal& /*principal*/,
                       const StreamFilter& /*filter*/) {
    return array_of(logbook_store::page(tx, {}, std::nullopt, snapshot_entries));
}

using Rows = std::string (*)(const Room&, store::Transaction&, const Principal&,
                             const StreamFilter&);

live::Stream::Snapshot snapshot(Room& room, store::Pool& pool, Rows rows) {
    return [&room, &pool, rows](Principal principal,
                                StreamFilter filter) -> boost::asio::awaitable<std::string> {
        auto work = [&room, rows, principal = std::move(principal), filter = std::move(filter)](
                        store::Transaction& tx) { return rows(room, tx, principal, filter); };
        co_return co_await pool.read(std::move(work));
    };
}

bool of_own_crew(const Principal& principal, const live::StreamRow& row) {
    return !is_crew_member(principal) || (!row.crew.empty() && row.crew == principal.crew);
}

}  // namespace

void add_topics(Room& room, store::Pool& pool) {
    const auto add = [&](const char* name, const char* service, Rows rows) {
        live::Stream::Topic topic;
        topic.name = name;
        topic.service = service;
        topic.snapshot = snapshot(room, pool, rows);
        if (std::string_view(service) == "interventions") topic.visible = of_own_crew;
        room.stream.add_topic(std::move(topic));
    };
    add("incidents", "operations", incident_rows);
    add("interventions", "interventions", intervention_rows);
    add("crews", "interventions", crew_rows);
    add("desks", "operations", desk_rows);
    add("logbook", "logbook", entry_rows);
}

}  // namespace vigie::operations
