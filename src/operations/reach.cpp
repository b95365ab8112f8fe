#include "operations/reach.hpp"

#include <algorithm>

namespace vigie::operations {

Author author_of(const access::Principal& actor) {
    return {actor.login, actor.name};
}

Communes communes_of(const access::Principal& actor, access::Level level, std::string_view service,
                     base::Instant now) {
    std::vector<std::string> communes;
    for (const access::Grant& grant : actor.grants) {
        const bool in_force =
            (!grant.from || *grant.from <= now) && (!grant.until || now < *grant.until);
        if (grant.service != service || grant.level < level || !in_force) continue;
        if (grant.commune.empty()) return std::nullopt;
        communes.push_back(grant.commune);
    }
    return communes;
}

bool reaches(const access::Principal& actor, access::Level level, std::string_view service,
             base::Instant now, std::string_view commune) {
    const Communes communes = communes_of(actor, level, service, now);
    return !communes || std::ranges::find(*communes, commune) != communes->end();
}

bool is_crew_member(const access::Principal& actor) {
    return actor.role == access::Role::crew_member;
}

Hand hand_of(const access::Principal& actor, const Intervention& intervention, base::Instant now) {
    if (is_crew_member(actor)) {
        const bool own = !actor.crew.empty() && actor.crew == intervention.crew;
        return own ? Hand::crew : Hand::nobody;
    }
    const bool room =
        reaches(actor, access::Level::operate, "operations", now, intervention.place.commune);
    return room ? Hand::room : Hand::nobody;
}

bool may_see(const access::Principal& actor, const Intervention& intervention, base::Instant now) {
    if (is_crew_member(actor)) return hand_of(actor, intervention, now) == Hand::crew;
    return reaches(actor, access::Level::view, "interventions", now, intervention.place.commune);
}

}  // namespace vigie::operations
