#include "vigie/operations/crew_choice.hpp"

#include <algorithm>
#include <tuple>

namespace vigie::operations {

std::string_view to_string(WhyNot reason) {
    switch (reason) {
        case WhyNot::busy:
            return "busy";
        case WhyNot::no_position:
            return "no_position";
        case WhyNot::position_too_old:
            return "position_too_old";
        case WhyNot::farther:
            return "farther";
    }
    return "busy";
}

std::optional<Located> latest(const std::optional<Located>& said,
                              const std::optional<Located>& reported) {
    if (!said) return reported;
    if (!reported) return said;
    return reported->at > said->at ? reported : said;
}

Choice choose(const std::vector<CrewStanding>& crews, base::LonLat place, base::Instant now) {
    Choice choice;
    std::vector<NotProposed> excluded;
    for (const CrewStanding& crew : crews) {
        std::optional<double> distance_m;
        std::optional<base::Duration> age;
        if (crew.located) {
            distance_m = base::distance_m(crew.located->position, place);
            age = std::max(base::Duration{}, now - crew.located->at);
        }
        if (!crew.free) {
            excluded.push_back({crew.code, WhyNot::busy, distance_m, age});
        } else if (!age) {
            excluded.push_back({crew.code, WhyNot::no_position, {}, {}});
        } else if (*age > crew_position_age_max) {
            excluded.push_back({crew.code, WhyNot::position_too_old, distance_m, age});
        } else {
            choice.proposed.push_back({crew.code, *distance_m, *age});
        }
    }
    std::ranges::sort(choice.proposed, [](const Proposal& a, const Proposal& b) {
        return std::tie(a.distance_m, a.code) < std::tie(b.distance_m, b.code);
    });
    for (std::size_t i = crews_proposed_max; i < choice.proposed.size(); ++i) {
        const Proposal& farther = choice.proposed[i];
        choice.others.push_back({farther.code, WhyNot::farther, farther.distance_m, farther.age});
    }
    if (choice.proposed.size() > crews_proposed_max) choice.proposed.resize(crews_proposed_max);
    std::ranges::sort(excluded, {}, &NotProposed::code);
    choice.others.insert(choice.others.end(), excluded.begin(), excluded.end());
    return choice;
}

}  // namespace vigie::operations
