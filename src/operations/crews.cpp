#include "operations/crews.hpp"

#include <algorithm>

#include "operations/reach.hpp"
#include "operations/store_crews.hpp"

namespace vigie::operations::crews {

base::Result<Crew> add(Room& room, store::Transaction& tx, const Asker& asker, const Crew& crew) {
    if (!crew.vehicle.empty() && !room.registry.current()->find(crew.vehicle)) {
        return base::fail_at(base::Errc::invalid, "/vehicle", "There is no such asset.",
                             "Équipement inconnu.");
    }
    if (!crew_store::insert(tx, crew, asker.actor.login, asker.now)) {
        return base::fail_at(base::Errc::conflict, "/code", "There is a crew of that code already.",
                             "Une équipe porte déjà ce code.");
    }
    send_crew(room, tx, crew.code);
    return located(room, crew);
}

std::vector<Crew> seen_by(const Room& room, store::Transaction& tx,
                          const access::Principal& actor) {
    std::vector<Crew> seen;
    for (Crew& crew : crew_store::all(tx)) {
        if (is_crew_member(actor) && crew.code != actor.crew) continue;
        seen.push_back(located(room, std::move(crew)));
    }
    return seen;
}

base::Result<Crew> place(Room& room, store::Transaction& tx, const Asker& asker,
                         const std::string& code, base::LonLat position, base::Instant at) {
    const bool another = is_crew_member(asker.actor) && asker.actor.crew != code;
    if (another || !crew_store::find(tx, code)) {
        return base::fail(base::Errc::not_found, "There is no such crew.",
                          "Cette équipe n'existe pas.");
    }
    if (at > asker.now + clock_off_max) {
        return base::fail_at(base::Errc::invalid, "/at",
                             "This time is more than a day ahead: set the clock.",
                             "Cette heure a plus d'un jour d'avance : réglez l'horloge.");
    }
    // Nobody was anywhere later than now, whatever their clock says.
    if (crew_store::place(tx, code, position, std::min(at, asker.now))) send_crew(room, tx, code);
    return located(room, *crew_store::find(tx, code));
}

base::Result<Proposed> propose(const Room& room, store::Transaction& tx, const Asker& asker,
                               std::int64_t number) {
    const auto incident = incidents::see(tx, asker, number);
    if (!incident) return incident.error();
    if (!incident->place.position) {
        return base::fail(base::Errc::conflict, "This incident has no place: nothing is near it.",
                          "Cet événement n'a pas de lieu : rien n'en est proche.");
    }
    Proposed proposed;
    std::vector<CrewStanding> standings;
    for (Crew& stored : crew_store::all(tx)) {
        Crew crew = located(room, std::move(stored));
        CrewStanding standing{crew.code, !crew.intervention, {}};
        if (crew.position && crew.position_at) {
            standing.located = Located{*crew.position, *crew.position_at};
        }
        standings.push_back(std::move(standing));
        proposed.crews.push_back(std::move(crew));
    }
    proposed.choice = choose(standings, *incident->place.position, asker.now);
    return proposed;
}

}  // namespace vigie::operations::crews
