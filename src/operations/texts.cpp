#include "operations/texts.hpp"

#include <fmt/format.h>

namespace vigie::operations {

namespace {

struct Named {
    std::string_view code;
    const char* en;
    const char* fr;
};

constexpr Named desk_names[] = {
    {"security", "Security", "Sécurité"},
    {"police", "Municipal police", "Police municipale"},
    {"video", "Urban supervision", "Supervision urbaine"},
    {"traffic", "Traffic", "Circulation"},
    {"winter", "Winter service", "Viabilité hivernale"},
    {"citizen", "Citizen services", "Services aux citoyens"},
};

constexpr Named state_texts[] = {
    {"assigned", "assigned", "affectée"},  {"accepted", "accepted", "acceptée"},
    {"refused", "refused", "refusée"},     {"en_route", "en route", "en route"},
    {"on_site", "on site", "sur place"},   {"made_safe", "made safe", "mise en sécurité faite"},
    {"paused", "paused", "suspendue"},     {"restored", "restored", "rétabli"},
    {"verified", "verified", "vérifiée"},  {"closed", "closed", "close"},
    {"cancelled", "cancelled", "annulée"},
};

constexpr Named reason_texts[] = {
    {"busy", "busy elsewhere", "occupée ailleurs"},
    {"no_skill", "not its skill", "compétence absente"},
    {"end_of_shift", "end of shift", "fin de service"},
    {"access_refused", "access refused", "accès refusé"},
    {"police_scene", "police scene", "scène de police"},
    {"third_party_network", "third party's network", "réseau d'un tiers"},
    {"weather", "weather", "intempéries"},
    {"parts", "waiting for parts", "attente de pièces"},
    {"client_decision", "waiting for the client's decision", "attente d'une décision du client"},
    {"override", "override", "dérogation"},
    {"duplicate", "duplicate", "doublon"},
    {"no_longer_needed", "no longer needed", "devenue inutile"},
    {"other", "other reason", "autre motif"},
    {"solved", "solved", "résolu"},
    {"no_fault_found", "no fault found", "aucun défaut constaté"},
    {"false_alarm", "false alarm", "fausse alarme"},
    {"handed_over", "handed over", "transmis"},
    {"reopened_by_telemetry", "reopened by telemetry", "rouverte par la télémesure"},
    {"proved_by_telemetry", "proved by telemetry", "prouvée par la télémesure"},
};

constexpr Named command_texts[] = {
    {"requested", "Command asked for", "Commande demandée"},
    {"done", "Command done", "Commande exécutée"},
    {"failed", "Command failed", "Commande en échec"},
    {"expired", "Command expired", "Commande expirée"},
    {"cancelled", "Command cancelled", "Commande annulée"},
    {"late_result", "Result of an expired command", "Résultat d'une commande expirée"},
};

template <std::size_t N>
base::Text look_up(const Named (&names)[N], std::string_view code) {
    for (const Named& named : names) {
        if (named.code == code) return {named.en, named.fr};
    }
    return {std::string(code), std::string(code)};
}

// ": the note" or nothing; French puts a space before the colon.
void append_note(base::Text& text, std::string_view note) {
    if (note.empty()) return;
    text.en += fmt::format(": {}", note);
    text.fr += fmt::format(" : {}", note);
}

// "7 min", "3 h": what a person needs of it.
std::string roughly(base::Duration duration) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(duration).count();
    return minutes < 120 ? fmt::format("{} min", minutes) : fmt::format("{} h", minutes / 60);
}

void append_clock(base::Text& text, base::Duration off) {
    if (off == base::Duration{}) return;
    const bool ahead = off > base::Duration{};
    const std::string by = roughly(ahead ? off : -off);
    text.en += fmt::format(", by a clock {} {}", by, ahead ? "ahead" : "behind");
    text.fr += fmt::format(", selon une horloge en {} de {}", ahead ? "avance" : "retard", by);
}

}  // namespace

base::Text desk_name(std::string_view desk) {
    return look_up(desk_names, desk);
}

base::Text state_name(State state) {
    return look_up(state_texts, to_string(state));
}

base::Text reason_name(std::string_view reason) {
    return look_up(reason_texts, reason);
}

base::Text free_text(std::string text) {
    return {text, text};
}

namespace texts {

base::Text incident_opened(const Incident& incident) {
    const base::Text desk = desk_name(incident.desk);
    return {fmt::format("Incident {} opened, desk {}, priority {}: {}", incident.number, desk.en,
                        incident.priority, incident.title),
            fmt::format("Événement {} ouvert, pupitre {}, priorité {} : {}", incident.number,
                        desk.fr, incident.priority, incident.title)};
}

base::Text incident_claimed(const Incident& incident) {
    return {fmt::format("Incident {} claimed by {}", incident.number, incident.owner_name),
            fmt::format("Événement {} pris par {}", incident.number, incident.owner_name)};
}

base::Text incident_released(const Incident& incident) {
    return {fmt::format("Incident {} given back to the queue", incident.number),
            fmt::format("Événement {} remis dans la file", incident.number)};
}

base::Text incident_changed(const Incident& before, const Incident& after) {
    base::Text text{fmt::format("Incident {} changed", after.number),
                    fmt::format("Événement {} modifié", after.number)};
    if (before.title != after.title) {
        text.en += fmt::format("; title: {}, was: {}", after.title, before.title);
        text.fr += fmt::format(" ; titre : {}, avant : {}", after.title, before.title);
    }
    if (before.priority != after.priority) {
        text.en += fmt::format("; priority {}, was {}", after.priority, before.priority);
        text.fr += fmt::format(" ; priorité {}, avant {}", after.priority, before.priority);
    }
    if (before.desk != after.desk) {
        const base::Text now = desk_name(after.desk);
        const base::Text was = desk_name(before.desk);
        text.en += fmt::format("; desk {}, was {}", now.en, was.en);
        text.fr += fmt::format(" ; pupitre {}, avant {}", now.fr, was.fr);
    }
    return text;
}

base::Text alarm_attached(const base::Text& name, std::string_view asset) {
    return {fmt::format("Alarm attached: {}, {}", name.en, asset),
            fmt::format("Alarme rattachée : {}, {}", name.fr, asset)};
}

base::Text incident_closed(std::string_view reason, std::string_view text,
                           std::size_t alarms_left) {
    const base::Text because = reason_name(reason);
    base::Text closed{fmt::format("Incident closed, {}", because.en),
                      fmt::format("Événement clos, {}", because.fr)};
    if (alarms_left > 0) {
        closed.en += fmt::format("; alarms that stand by themselves again: {}", alarms_left);
        closed.fr += fmt::format(" ; alarmes à nouveau seules : {}", alarms_left);
    }
    append_note(closed, text);
    return closed;
}

base::Text contact(const Contact& contact) {
    base::Text text = contact.answered ? base::Text{"Contact answered", "Sollicitation traitée"}
                                       : base::Text{"Contact received", "Sollicitation reçue"};
    const std::string channel = contact.channel;
    const base::Text through = channel == "phone"     ? base::Text{"by phone", "par téléphone"}
                               : channel == "counter" ? base::Text{"at the counter", "au guichet"}
                               : channel == "email"   ? base::Text{"by e-mail", "par courriel"}
                               : channel == "radio"   ? base::Text{"by radio", "par radio"}
                                                      : base::Text{"otherwise", "par autre voie"};
    text.en += " " + through.en;
    text.fr += " " + through.fr;
    append_note(text, contact.summary);
    return text;
}

base::Text dispatched(const Intervention& intervention) {
    base::Text text{
        fmt::format("Intervention {} dispatched to crew {}", intervention.id, intervention.crew),
        fmt::format("Intervention {} affectée à l'équipe {}", intervention.id, intervention.crew)};
    append_note(text, intervention.description);
    return text;
}

base::Text moved(const Intervention& intervention, const Transition& transition) {
    const base::Text state = state_name(transition.to);
    base::Text text{
        fmt::format("Intervention {} (crew {}): {}", intervention.id, intervention.crew, state.en),
        fmt::format("Intervention {} (équipe {}) : {}", intervention.id, intervention.crew,
                    state.fr)};
    if (!transition.reason.empty()) {
        const base::Text reason = reason_name(transition.reason);
        text.en += ", " + reason.en;
        text.fr += ", " + reason.fr;
    }
    append_clock(text, transition.clock_off);
    append_note(text, transition.note);
    return text;
}

base::Text alarm_raised(const base::Text& name, std::string_view asset, const base::Text& value,
                        bool learnt_late) {
    base::Text text{fmt::format("Alarm: {}, {}", name.en, asset),
                    fmt::format("Alarme : {}, {}", name.fr, asset)};
    if (!value.en.empty()) {
        text.en += fmt::format(" ({})", value.en);
        text.fr += fmt::format(" ({})", value.fr);
    }
    if (learnt_late) {
        text.en += ", learnt late";
        text.fr += ", apprise tardivement";
    }
    return text;
}

base::Text alarm_returned(const base::Text& name, std::string_view asset) {
    return {fmt::format("Back to normal: {}, {}", name.en, asset),
            fmt::format("Retour à la normale : {}, {}", name.fr, asset)};
}

base::Text alarm_acknowledged(const base::Text& name, std::string_view asset) {
    return {fmt::format("Alarm acknowledged: {}, {}", name.en, asset),
            fmt::format("Alarme acquittée : {}, {}", name.fr, asset)};
}

base::Text command(std::string_view what, const base::Text& name, std::string_view asset) {
    const base::Text began = look_up(command_texts, what);
    return {fmt::format("{}: {}, {}", began.en, name.en, asset),
            fmt::format("{} : {}, {}", began.fr, name.fr, asset)};
}

base::Text callers_erased(std::size_t callers, base::Instant before) {
    const std::string when = base::to_rfc3339(before);
    return {fmt::format("{} callers erased, of contacts received before {}", callers, when),
            fmt::format("{} appelants effacés, de sollicitations reçues avant {}", callers, when)};
}

}  // namespace texts

}  // namespace vigie::operations
