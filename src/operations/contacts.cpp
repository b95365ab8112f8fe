#include "operations/contacts.hpp"

#include <nlohmann/json.hpp>

#include "operations/reach.hpp"
#include "operations/store_contacts.hpp"
#include "operations/store_incidents.hpp"
#include "operations/texts.hpp"
#include "vigie/access/audit.hpp"
#include "vigie/access/chain.hpp"

namespace vigie::operations {

std::string committed(const Caller& caller) {
    return nlohmann::json{caller.name, caller.callback_number}.dump();
}

}  // namespace vigie::operations

namespace vigie::operations::contacts {

namespace {

// Attaching is working on the incident: it takes the same right, and an open one. Locked, so that
// it is not closed meanwhile.
base::Result<void> takes_contacts(store::Transaction& tx, const Asker& asker, std::int64_t number) {
    const auto incident = incident_store::find_locked(tx, number);
    const auto reached = [&](access::Level level) {
        return reaches(asker.actor, level, "operations", asker.now, incident->place.commune);
    };
    if (!incident || !reached(access::Level::view)) {
        return base::fail_at(base::Errc::invalid, "/incident", "There is no such incident.",
                             "Cet événement n'existe pas.");
    }
    if (!reached(access::Level::operate)) return out_of_reach();
    if (!incident->open) return closed_incident();
    return {};
}

}  // namespace

base::Result<Contact> receive(Room& room, store::Transaction& tx, const Asker& asker,
                              Contact contact, const Caller& caller) {
    contact.received_at = asker.now;
    contact.taken_by = asker.actor.login;
    contact.has_caller = !caller.name.empty() || !caller.callback_number.empty();
    if (contact.place.position && room.commune_of) {
        contact.place.commune = room.commune_of(*contact.place.position);
    }
    if (contact.incident) {
        if (const auto open = takes_contacts(tx, asker, *contact.incident); !open) {
            return open.error();
        }
    }
    contact.id = contact_store::insert(tx, contact);
    const Author author = author_of(asker.actor);
    if (contact.incident) {
        incident_store::record(tx, *contact.incident, "contact_attached", author, asker.now,
                               asker.now, {{"contact", std::to_string(contact.id)}});
    }
    Entry entry = entry_by(author, asker.now, "contact", texts::contact(contact));
    entry.incident = contact.incident;
    std::optional<access::Commitment> commitment;
    if (contact.has_caller) {
        commitment = access::commit_to(committed(caller));
        entry.commitment = commitment->digest;
    }
    entry = write_entry(room, tx, std::move(entry));
    if (commitment) {
        contact_store::insert_caller(tx, contact.id, entry.number, caller, commitment->salt);
    }
    return contact;
}

std::size_t erase_callers(Room& room, store::Transaction& tx, base::Instant before) {
    const std::size_t erased = contact_store::erase_callers(tx, before);
    if (erased == 0) return 0;
    const Author retention{"system:retention", "system:retention"};
    write_entry(room, tx,
                entry_by(retention, room.clock.now(), "callers_erased",
                         texts::callers_erased(erased, before)));
    return erased;
}

base::Result<Read> read(store::Transaction& tx, const Asker& asker, std::int64_t id) {
    auto contact = contact_store::find(tx, id);
    if (!contact ||
        !reaches(asker.actor, access::Level::view, "contacts", asker.now, contact->place.commune)) {
        return base::fail(base::Errc::not_found, "There is no such contact.",
                          "Cette sollicitation n'existe pas.");
    }
    Read found{*std::move(contact), contact_store::caller(tx, id)};
    if (found.caller) {
        auto entry = access::audit_entry(asker.actor, asker.now, "contact_read",
                                         "/api/v1/contacts/" + std::to_string(id));
        entry.status = 200;
        access::append_audit(tx, entry);
    }
    return found;
}

}  // namespace vigie::operations::contacts
