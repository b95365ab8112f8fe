#include "vigie/operations/intervention.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "operations/texts.hpp"

namespace vigie::operations {

namespace {

constexpr std::array<std::string_view, states> state_names{
    "assigned", "accepted", "refused",  "en_route", "on_site",  "made_safe",
    "paused",   "restored", "verified", "closed",   "cancelled"};

struct Step {
    State from;
    State to;
    Hand hand;
};

// The whole machine but for what `paused` remembers.
constexpr Step steps[] = {
    {State::assigned, State::accepted, Hand::crew},
    {State::assigned, State::refused, Hand::crew},
    {State::assigned, State::cancelled, Hand::room},
    {State::accepted, State::en_route, Hand::crew},
    {State::accepted, State::on_site, Hand::crew},
    {State::accepted, State::paused, Hand::crew},
    {State::accepted, State::refused, Hand::crew},
    {State::accepted, State::cancelled, Hand::room},
    {State::en_route, State::on_site, Hand::crew},
    {State::en_route, State::paused, Hand::crew},
    {State::en_route, State::cancelled, Hand::room},
    {State::on_site, State::made_safe, Hand::crew},
    {State::on_site, State::restored, Hand::crew},
    {State::on_site, State::paused, Hand::crew},
    {State::made_safe, State::restored, Hand::crew},
    {State::made_safe, State::paused, Hand::crew},
    {State::paused, State::accepted, Hand::crew},
    {State::paused, State::en_route, Hand::crew},
    {State::paused, State::on_site, Hand::crew},
    {State::paused, State::made_safe, Hand::crew},
    {State::paused, State::cancelled, Hand::room},
    {State::restored, State::verified, Hand::room},
    {State::restored, State::verified, Hand::telemetry},
    {State::restored, State::assigned, Hand::telemetry},
    {State::verified, State::closed, Hand::room},
    {State::verified, State::assigned, Hand::telemetry},
};

bool open_to(const Standing& standing, const Step& step) {
    if (step.from != standing.state) return false;
    const bool claims_safety = standing.state == State::paused && step.to == State::made_safe;
    return !claims_safety || standing.paused_from == State::made_safe;
}

base::Error refused_move(const Standing& standing, State to, Hand hand) {
    bool by_another = false;
    for (const Step& step : steps)
        by_another |= open_to(standing, step) && step.to == to;
    nlohmann::json allowed_names = nlohmann::json::array();
    for (const State state : allowed(standing, hand))
        allowed_names.push_back(to_string(state));
    const base::Text from = state_name(standing.state);
    const base::Text target = state_name(to);
    const std::string way_en = "from “" + from.en + "” to “" + target.en + "”.";
    const std::string way_fr = "de « " + from.fr + " » à « " + target.fr + " ».";
    base::Error error =
        by_another ? base::fail(base::Errc::forbidden, "It is not for you to move it " + way_en,
                                "Ce n'est pas à vous de la faire passer " + way_fr)
                   : base::fail(base::Errc::conflict, "It cannot go " + way_en,
                                "Elle ne peut pas passer " + way_fr);
    error.extension =
        nlohmann::json{{"state", to_string(standing.state)}, {"allowed", allowed_names}}.dump();
    return error;
}

using Reasons = std::span<const std::string_view>;
constexpr std::string_view refusals[] = {"busy", "no_skill", "end_of_shift", "other"};
constexpr std::string_view pauses[] = {"access_refused",      "police_scene",    "weather", "parts",
                                       "third_party_network", "client_decision", "other"};
constexpr std::string_view cancellations[] = {"duplicate", "no_longer_needed", "override", "other"};

base::Result<void> needs_one_of(const Move& move, Reasons reasons, const char* en, const char* fr) {
    if (std::ranges::find(reasons, move.reason) != reasons.end()) return {};
    base::Text list;
    for (const std::string_view reason : reasons) {
        const base::Text name = reason_name(reason);
        list.en += (list.en.empty() ? "" : ", ") + name.en;
        list.fr += (list.fr.empty() ? "" : ", ") + name.fr;
    }
    return base::fail_at(base::Errc::invalid, "/reason", en + (": " + list.en) + ".",
                         fr + (" : " + list.fr) + ".");
}

base::Result<void> judge_reason(const Move& move) {
    switch (move.to) {
        case State::refused:
            return needs_one_of(move, refusals, "A refusal needs one of these reasons",
                                "Un refus demande un de ces motifs");
        case State::paused:
            return needs_one_of(move, pauses, "A pause needs one of these reasons",
                                "Une suspension demande un de ces motifs");
        case State::cancelled:
            return needs_one_of(move, cancellations, "A cancellation needs one of these reasons",
                                "Une annulation demande un de ces motifs");
        case State::verified:
            if (move.reason == "override") return {};
            return base::fail_at(base::Errc::invalid, "/reason",
                                 "A person verifies only by override, and says why.",
                                 "Une personne ne vérifie que par dérogation, en disant pourquoi.");
        default:
            return {};
    }
}

base::Result<void> judge_note(const Move& move) {
    const bool by_override = move.to == State::verified || move.reason == "override";
    const bool unexplained = move.reason == "other" && move.to != State::refused;
    if ((!by_override && !unexplained) || !move.note.empty()) return {};
    return base::fail_at(base::Errc::invalid, "/note", "This reason needs a note.",
                         "Ce motif demande une note.");
}

base::Result<void> judge_time(const Counted& counted) {
    if (counted.off > clock_off_max) {
        return base::fail_at(base::Errc::invalid, "/at",
                             "This time is more than a day ahead: set the clock.",
                             "Cette heure a plus d'un jour d'avance : réglez l'horloge.");
    }
    if (counted.off < -clock_off_max) {
        return base::fail_at(
            base::Errc::invalid, "/at",
            "This time is more than a day before the step before it: set the clock.",
            "Cette heure précède de plus d'un jour l'étape précédente : réglez l'horloge.");
    }
    return {};
}

}  // namespace

std::string_view to_string(State state) {
    return state_names.at(static_cast<std::size_t>(state));
}

std::optional<State> state_from(std::string_view text) {
    const auto found = std::ranges::find(state_names, text);
    if (found == state_names.end()) return std::nullopt;
    return static_cast<State>(found - state_names.begin());
}

bool is_final(State state) {
    return state == State::refused || state == State::cancelled || state == State::closed;
}

bool holds_crew(State state) {
    return !is_final(state) && state != State::restored && state != State::verified;
}

std::vector<State> allowed(const Standing& standing, Hand hand) {
    std::vector<State> found;
    for (const Step& step : steps) {
        if (step.hand == hand && open_to(standing, step)) found.push_back(step.to);
    }
    std::ranges::sort(found);
    return found;
}

Counted count(base::Instant said, base::Instant last, base::Instant now) {
    if (said > now + clock_tolerance) return {std::max(last, now), said - now};
    if (said < last - clock_tolerance) return {std::max(last, now), said - last};
    return {std::max(last, std::min(said, now)), {}};
}

base::Result<void> judge(const Standing& standing, base::Instant last, const Move& move, Hand hand,
                         base::Instant now) {
    const auto open = allowed(standing, hand);
    if (std::ranges::find(open, move.to) == open.end()) {
        return refused_move(standing, move.to, hand);
    }
    if (auto reason = judge_reason(move); !reason) return reason;
    if (auto note = judge_note(move); !note) return note;
    return judge_time(count(move.at, last, now));
}

}  // namespace vigie::operations
