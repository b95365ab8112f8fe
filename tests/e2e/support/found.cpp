#include "tests/e2e/support/found.hpp"

#include <map>

namespace vigie::e2e {

std::size_t Found::lost(const std::vector<bool>& acknowledged) const {
    std::size_t missing = 0;
    for (std::size_t i = 0; i < acknowledged.size(); ++i)
        missing += acknowledged[i] && !stored[i] ? 1U : 0U;
    return missing;
}

Found look(const Installation& city, const Numbered& sent, Run run) {
    std::map<std::pair<std::string, std::int64_t>, std::size_t> place_of;
    for (std::size_t i = 0; i < run.count; ++i) {
        const std::size_t number = run.first + i;
        place_of[{sent.asset(number), base::epoch_us(sent.observed_at(number))}] = i;
    }
    const auto rows = stored_rows(city, sent.asset(0).substr(0, 2), sent.observed_at(run.first),
                                  sent.observed_at(run.first + run.count - 1));
    Found found;
    found.stored.resize(run.count);
    found.rows = rows.size();
    for (const auto& [asset, at, values] : rows) {
        const auto place = place_of.find({asset, at});
        if (place == place_of.end()) {
            ++found.strangers;
            continue;
        }
        if (found.stored[place->second]) ++found.doubles;
        found.stored[place->second] = true;
        if (values != Numbered::values(run.first + place->second)) ++found.wrong;
    }
    return found;
}

}  // namespace vigie::e2e
