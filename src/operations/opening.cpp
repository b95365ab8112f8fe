// How an incident comes to be, and what it takes over from an alarm, a contact or an asset.
#include <nlohmann/json.hpp>

#include "operations/incidents.hpp"
#include "operations/reach.hpp"
#include "operations/store_alarms.hpp"
#include "operations/store_contacts.hpp"
#include "operations/store_incidents.hpp"
#include "operations/texts.hpp"

namespace vigie::operations::incidents {

namespace {

base::Error at(const char* pointer, const char* en, const char* fr) {
    return base::fail_at(base::Errc::invalid, pointer, en, fr);
}

base::Error belongs_to(std::int64_t incident, const char* en, const char* fr) {
    const std::string number = std::to_string(incident);
    base::Error error =
        base::fail(base::Errc::conflict, en + (" " + number) + ".", fr + (" " + number) + ".");
    error.extension = nlohmann::json{{"incident", incident}}.dump();
    return error;
}

base::Error alarm_taken(std::int64_t incident) {
    return belongs_to(incident, "This alarm already belongs to incident",
                      "Cette alarme appartient déjà à l'événement");
}

// At most that many characters, never half of one.
std::string cut(std::string_view text, std::size_t chars_max) {
    std::size_t chars = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
        if (begins && ++chars > chars_max) return std::string(text.substr(0, i));
    }
    return std::string(text);
}

struct Sources {
    std::optional<alarm_store::Facts> alarm;
    std::optional<Contact> contact;
    std::shared_ptr<const assets::Catalogue> catalogue;
    const assets::Asset* asset{};
};

base::Result<Sources> find_sources(Room& room, store::Transaction& tx, const Opening& opening) {
    Sources sources;
    sources.catalogue = room.registry.current();
    if (opening.alarm) {
        sources.alarm = alarm_store::find(tx, *sources.catalogue, *opening.alarm);
        if (!sources.alarm) return at("/alarm", "There is no such alarm.", "Alarme inconnue.");
    }
    if (opening.contact) {
        sources.contact = contact_store::find_locked(tx, *opening.contact);
        if (!sources.contact) {
            return at("/contact", "There is no such contact.", "Sollicitation inconnue.");
        }
        if (sources.contact->incident) {
            return belongs_to(*sources.contact->incident,
                              "This contact already belongs to incident",
                              "Cette sollicitation appartient déjà à l'événement");
        }
    }
    if (opening.asset) {
        sources.asset = sources.catalogue->find(*opening.asset);
        if (!sources.asset) return at("/asset", "There is no such asset.", "Équipement inconnu.");
    }
    return sources;
}

void place_incident(Room& room, const Opening& opening, const Sources& sources,
                    Incident& incident) {
    if (sources.asset) {
        incident.asset = sources.asset->code;
        incident.place = {sources.asset->place, sources.asset->commune, sources.asset->street};
    } else if (sources.alarm) {
        incident.asset = sources.alarm->asset;
        incident.place = sources.alarm->place;
    } else if (sources.contact) {
        incident.place = sources.contact->place;
    }
    if (!opening.position) return;
    incident.place.position = opening.position;
    incident.place.commune = room.commune_of ? room.commune_of(*opening.position) : "";
}

base::Result<Incident> draft(Room& room, const Asker& asker, const Opening& opening,
                             const Sources& sources) {
    Incident incident;
    incident.origin = sources.alarm ? "alarm" : sources.contact ? "contact" : "operator";
    incident.opened_at = asker.now;
    incident.opened_by = asker.actor.login;
    incident.priority = opening.priority.value_or(sources.alarm ? sources.alarm->priority : 3);
    place_incident(room, opening, sources, incident);
    if (incident.origin == "operator" && !incident.place.position) {
        return at("/position", "It needs an alarm, a contact, an asset or a position.",
                  "Il faut une alarme, une sollicitation, un équipement ou une position.");
    }
    if (opening.desk) {
        incident.desk = *opening.desk;
    } else if (sources.alarm) {
        incident.desk = sources.alarm->desk;
    } else if (sources.contact && !sources.contact->desk.empty()) {
        incident.desk = sources.contact->desk;
    } else if (sources.asset) {
        incident.desk = sources.asset->kind->desk;
    } else {
        return at("/desk", "Nothing says which desk.", "Rien ne dit quel pupitre.");
    }
    if (opening.title) {
        incident.title = *opening.title;
    } else if (sources.alarm) {
        const base::Text& name = sources.alarm->name;
        incident.title =
            cut((asker.french ? name.fr : name.en) + " · " + sources.alarm->asset, title_chars_max);
    } else if (sources.contact) {
        incident.title = cut(sources.contact->summary, title_chars_max);
    } else {
        return at("/title", "Nothing says what it is about.", "Rien ne dit de quoi il s'agit.");
    }
    return incident;
}

// Makes the rows; the logbook comes after.
base::Result<std::int64_t> insert(Room& room, store::Transaction& tx, const Asker& asker,
                                  const Opening& opening, const Incident& incident) {
    const Author author = author_of(asker.actor);
    const std::int64_t number = incident_store::insert(tx, incident);
    incident_store::record(tx, number, "opened", author, asker.now, asker.now,
                           {{"origin", incident.origin}});
    if (opening.alarm) {
        const auto holder =
            incident_store::attach_alarm(tx, number, *opening.alarm, author, asker.now);
        if (holder) return alarm_taken(*holder);
        if (auto told = room.recorder.attach(tx, *opening.alarm, number); !told) {
            return told.error();
        }
        incident_store::record(tx, number, "alarm_attached", author, asker.now, asker.now,
                               {{"alarm", *opening.alarm}});
    }
    if (opening.contact) {
        contact_store::attach(tx, *opening.contact, number);
        incident_store::record(tx, number, "contact_attached", author, asker.now, asker.now,
                               {{"contact", std::to_string(*opening.contact)}});
    }
    if (opening.claim && incident_store::claim(tx, number, author, asker.now)) {
        incident_store::record(tx, number, "claimed", author, asker.now, asker.now,
                               nlohmann::json::object());
    }
    return number;
}

void write_opening(Room& room, store::Transaction& tx, const Asker& asker, const Opening& opening,
                   const Incident& incident) {
    const auto write = [&](const char* entry_type, base::Text text) {
        Entry entry = entry_by(author_of(asker.actor), asker.now, entry_type, std::move(text));
        entry.incident = incident.number;
        write_entry(room, tx, std::move(entry));
    };
    write("incident_opened", texts::incident_opened(incident));
    if (opening.claim) write("incident_claimed", texts::incident_claimed(incident));
    if (!opening.note.empty()) write("note", free_text(opening.note));
}

}  // namespace

base::Result<Incident> open(Room& room, store::Transaction& tx, const Asker& asker,
                            const Opening& opening) {
    const auto sources = find_sources(room, tx, opening);
    if (!sources) return sources.error();
    const auto incident = draft(room, asker, opening, *sources);
    if (!incident) return incident;
    if (!reaches(asker.actor, access::Level::operate, "operations", asker.now,
                 incident->place.commune)) {
        return out_of_reach();
    }
    const auto number = insert(room, tx, asker, opening, *incident);
    if (!number) return number.error();
    const Incident opened = *incident_store::find(tx, *number);
    write_opening(room, tx, asker, opening, opened);
    send_incident(room, tx, *number);
    return opened;
}

base::Result<Incident> attach_alarm(Room& room, store::Transaction& tx, const Asker& asker,
                                    std::int64_t number, const std::string& alarm) {
    const auto incident = incident_store::find_locked(tx, number);
    if (!incident || !reaches(asker.actor, access::Level::view, "operations", asker.now,
                              incident->place.commune)) {
        return unknown_incident();
    }
    if (!reaches(asker.actor, access::Level::operate, "operations", asker.now,
                 incident->place.commune)) {
        return out_of_reach();
    }
    if (!incident->open) return closed_incident();
    const auto facts = alarm_store::find(tx, *room.registry.current(), alarm);
    if (!facts) return at("/alarm", "There is no such alarm.", "Alarme inconnue.");
    const Author author = author_of(asker.actor);
    const auto holder = incident_store::attach_alarm(tx, number, alarm, author, asker.now);
    if (holder && *holder != number) return alarm_taken(*holder);
    if (holder) return *incident;
    if (auto told = room.recorder.attach(tx, alarm, number); !told) return told.error();
    incident_store::record(tx, number, "alarm_attached", author, asker.now, asker.now,
                           {{"alarm", alarm}});
    Entry entry = entry_by(author, asker.now, "incident_changed",
                           texts::alarm_attached(facts->name, facts->asset));
    entry.incident = number;
    write_entry(room, tx, std::move(entry));
    send_incident(room, tx, number);
    return *incident_store::find(tx, number);
}

}  // namespace vigie::operations::incidents
