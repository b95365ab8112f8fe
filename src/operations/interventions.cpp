#include "operations/interventions.hpp"

#include <algorithm>

#include "operations/reach.hpp"
#include "operations/store_alarms.hpp"
#include "operations/store_crews.hpp"
#include "operations/store_incidents.hpp"
#include "operations/texts.hpp"

namespace vigie::operations::interventions {

namespace {

const Author telemetry{"system:telemetry", "system:telemetry"};

void write(Room& room, store::Transaction& tx, const Intervention& intervention,
           const Transition& transition, base::Instant at, std::string entry_type,
           base::Text text) {
    Entry entry = entry_by(transition.author, at, std::move(entry_type), std::move(text));
    entry.recorded_at = transition.recorded_at;
    entry.incident = intervention.incident;
    entry.intervention = intervention.id;
    write_entry(room, tx, std::move(entry));
}

void send_all(Room& room, store::Transaction& tx, const Intervention& intervention) {
    send_intervention(room, tx, intervention.id);
    send_incident(room, tx, intervention.incident);
    send_crew(room, tx, intervention.crew);
}

// Writes one step, which counts as made `at`; `transition.from` follows from where it stands.
void apply(Room& room, store::Transaction& tx, Intervention& intervention, Transition transition,
           base::Instant at) {
    const State from = intervention.standing.state;
    transition.intervention = intervention.id;
    transition.from = from;
    intervention.standing = {transition.to, {}};
    if (transition.to == State::paused) intervention.standing.paused_from = from;
    intervention.state_since = at;
    if (transition.to == State::restored) intervention.restored_at = at;
    if (transition.to == State::verified) {
        const bool proved = transition.author.login == telemetry.login;
        intervention.verified_by = proved ? "telemetry" : transition.author.login;
    }
    if (transition.to == State::assigned) {
        intervention.restored_at.reset();
        intervention.verified_by.clear();
    }
    intervention_store::move(tx, intervention);
    intervention_store::record(tx, transition);
    write(room, tx, intervention, transition, at,
          "intervention_" + std::string(to_string(transition.to)),
          texts::moved(intervention, transition));
}

bool prove_locked(Room& room, store::Transaction& tx, Intervention& intervention,
                  base::Instant now) {
    const auto verdict =
        judge_evidence(intervention, intervention_store::evidence(tx, intervention.id));
    if (!verdict) return false;
    apply(room, tx, intervention,
          {.intervention = {},
           .from = {},
           .to = verdict->to,
           .author = telemetry,
           .at = verdict->at,
           .recorded_at = now,
           .clock_off = {},
           .reason = std::string(verdict->reason),
           .note = {},
           .position = {}},
          verdict->at);
    return true;
}

base::Result<Intervention> draft(Room& room, store::Transaction& tx, const Incident& incident,
                                 const Dispatch& dispatch) {
    Intervention intervention;
    intervention.incident = incident.number;
    intervention.crew = dispatch.crew;
    intervention.priority = incident.priority;
    intervention.asset = incident.asset;
    intervention.place = incident.place;
    intervention.description = dispatch.description;
    const auto catalogue = room.registry.current();
    if (dispatch.asset && *dispatch.asset != incident.asset) {
        const assets::Asset* asset = catalogue->find(*dispatch.asset);
        if (!asset) {
            return base::fail_at(base::Errc::invalid, "/asset", "There is no such asset.",
                                 "Équipement inconnu.");
        }
        intervention.asset = asset->code;
        intervention.place = {asset->place, asset->commune, asset->street};
    }
    if (const auto alarm = alarm_store::first_of(tx, *catalogue, incident.number)) {
        intervention.response = alarm->response;
    }
    return intervention;
}

}  // namespace

base::Result<Intervention> dispatch(Room& room, store::Transaction& tx, const Asker& asker,
                                    std::int64_t number, const Dispatch& dispatch) {
    const auto seen = incidents::see(tx, asker, number);
    if (!seen) return seen.error();
    const auto incident = incident_store::find_locked(tx, number);
    if (!reaches(asker.actor, access::Level::operate, "operations", asker.now,
                 incident->place.commune)) {
        return out_of_reach();
    }
    if (!incident->open) return closed_incident();
    if (!crew_store::find(tx, dispatch.crew)) {
        return base::fail_at(base::Errc::invalid, "/crew", "There is no such crew.",
                             "Équipe inconnue.");
    }
    auto intervention = draft(room, tx, *incident, dispatch);
    if (!intervention) return intervention;
    intervention->created_at = asker.now;
    intervention->created_by = asker.actor.login;
    intervention->id = intervention_store::insert(tx, *intervention);
    const Transition assigned{.intervention = intervention->id,
                              .from = {},
                              .to = State::assigned,
                              .author = author_of(asker.actor),
                              .at = asker.now,
                              .recorded_at = asker.now,
                              .clock_off = {},
                              .reason = {},
                              .note = {},
                              .position = {}};
    intervention_store::record(tx, assigned);
    write(room, tx, *intervention, assigned, asker.now, "dispatched",
          texts::dispatched(*intervention));
    send_all(room, tx, *intervention);
    return *intervention_store::find(tx, intervention->id);
}

base::Result<Intervention> see(store::Transaction& tx, const Asker& asker, std::int64_t id) {
    auto intervention = intervention_store::find(tx, id);
    if (!intervention || !may_see(asker.actor, *intervention, asker.now)) {
        return unknown_intervention();
    }
    return *std::move(intervention);
}

base::Result<Intervention> move(Room& room, store::Transaction& tx, const Asker& asker,
                                std::int64_t id, const Move& move) {
    auto intervention = intervention_store::find_locked(tx, id);
    if (!intervention || !may_see(asker.actor, *intervention, asker.now)) {
        return unknown_intervention();
    }
    const base::Instant last = intervention->state_since;
    const Hand hand = hand_of(asker.actor, *intervention, asker.now);
    if (const auto judged = judge(intervention->standing, last, move, hand, asker.now); !judged) {
        return judged.error();
    }
    const Counted counted = count(move.at, last, asker.now);
    if (move.position && hand == Hand::crew) {
        crew_store::place(tx, intervention->crew, *move.position, counted.at);
    }
    apply(room, tx, *intervention,
          {.intervention = id,
           .from = {},
           .to = move.to,
           .author = author_of(asker.actor),
           .at = move.at,
           .recorded_at = asker.now,
           .clock_off = counted.off,
           .reason = move.reason,
           .note = move.note,
           .position = move.position},
          counted.at);
    if (move.to == State::restored) prove_locked(room, tx, *intervention, asker.now);
    send_all(room, tx, *intervention);
    return *intervention_store::find(tx, id);
}

std::optional<Verdict> judge_evidence(const Intervention& intervention,
                                      const intervention_store::Evidence& evidence) {
    const State state = intervention.standing.state;
    if (state != State::restored && state != State::verified) return std::nullopt;
    if (evidence.risen_at) {
        return Verdict{State::assigned, std::max(*evidence.risen_at, intervention.state_since),
                       reopened_by_telemetry};
    }
    const bool proved = evidence.alarms > 0 && evidence.all_quiet && evidence.returned_at;
    if (state == State::verified || !proved) return std::nullopt;
    return Verdict{State::verified, std::max(*evidence.returned_at, intervention.state_since),
                   "proved_by_telemetry"};
}

bool prove(Room& room, store::Transaction& tx, std::int64_t id, base::Instant now) {
    auto intervention = intervention_store::find_locked(tx, id);
    if (!intervention || !prove_locked(room, tx, *intervention, now)) return false;
    send_all(room, tx, *intervention);
    return true;
}

}  // namespace vigie::operations::interventions
