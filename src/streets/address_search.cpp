#include "vigie/streets/address_search.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "vigie/base/text.hpp"

namespace vigie::streets {

namespace {

using Words = std::vector<std::string_view>;

bool has_word_beginning(std::string_view text, std::string_view beginning) {
    for (std::size_t at = text.find(beginning); at != std::string_view::npos;
         at = text.find(beginning, at + 1)) {
        if (at == 0 || text[at - 1] == ' ') return true;
    }
    return false;
}

// 0: does not match.
int rank_of(std::string_view name, std::string_view text, std::string_view query,
            const Words& words) {
    if (name == query) return 5;
    if (name.starts_with(query)) return 4;
    const auto all = [&](auto matches) { return std::ranges::all_of(words, matches); };
    if (all([&](std::string_view word) { return has_word_beginning(name, word); })) return 3;
    if (all([&](std::string_view word) { return has_word_beginning(text, word); })) return 2;
    if (all([&](std::string_view word) { return text.find(word) != std::string_view::npos; }))
        return 1;
    return 0;
}

bool is_house_number(std::string_view word) {
    return word.find_first_not_of("0123456789") == std::string_view::npos && word.size() <= 4;
}

// "12 bis rue Monge" is looked for as "rue monge".
std::string_view without_house_number(std::string_view query) {
    const std::size_t gap = query.find(' ');
    if (gap == std::string_view::npos || !is_house_number(query.substr(0, gap))) return query;
    query.remove_prefix(gap + 1);
    for (const std::string_view suffix : {"bis ", "ter ", "quater "}) {
        if (query.starts_with(suffix)) query.remove_prefix(suffix.size());
    }
    return query;
}

}  // namespace

AddressIndex::AddressIndex(const Streets& streets, const assets::Zones& zones,
                           const assets::Catalogue& catalogue) {
    for (const assets::Zone& zone : zones.all()) {
        const bool commune = zone.type == assets::ZoneType::commune;
        add({zone.name, Match::zone, zone.code, commune ? zone.code : "", zone.place}, zone.name,
            "");
    }
    // Of the stretches with one name in one commune the longest stands for the street.
    std::map<std::pair<std::string_view, std::string_view>, const Street*> longest;
    for (const Street& street : streets.all()) {
        const Street*& known = longest[{street.name, street.commune}];
        if (!known || street.length_m > known->length_m) known = &street;
    }
    for (const auto& [key, street] : longest) {
        const assets::Zone* commune = zones.find(assets::ZoneType::commune, street->commune);
        const std::string town = commune ? commune->name : std::string();
        add({street->name + (town.empty() ? "" : ", " + town), Match::street, street->code,
             street->commune, street->place},
            street->name, town);
    }
    for (const assets::Asset& asset : catalogue.assets()) {
        if (asset.life_stage == assets::LifeStage::removed) continue;
        add({asset.code + (asset.street.empty() ? "" : ", " + asset.street), Match::asset,
             asset.code, asset.commune, asset.place},
            asset.code, "");
    }
}

void AddressIndex::add(Address address, std::string_view name, std::string_view around) {
    Entry entry{std::move(address), base::folded(name), {}};
    entry.text = entry.name;
    if (!around.empty()) entry.text += " " + base::folded(around);
    entries_.push_back(std::move(entry));
}

std::vector<Address> AddressIndex::search(std::string_view text, std::size_t limit) const {
    const std::string folded = base::folded(text);
    if (folded.empty()) return {};
    const std::string_view as_street = without_house_number(folded);
    const Words words = base::split(folded, ' ');
    const Words street_words = base::split(as_street, ' ');
    std::vector<std::pair<int, const Entry*>> found;
    for (const Entry& entry : entries_) {
        const bool street = entry.address.match == Match::street;
        const int rank = rank_of(entry.name, entry.text, street ? as_street : folded,
                                 street ? street_words : words);
        if (rank > 0) found.emplace_back(rank, &entry);
    }
    const auto before = [](const auto& a, const auto& b) {
        const auto key = [](const auto& each) {
            const Address& address = each.second->address;
            return std::tuple(-each.first, address.match, each.second->name.size(),
                              std::string_view(address.label), std::string_view(address.code));
        };
        return key(a) < key(b);
    };
    const std::size_t count = std::min(limit, found.size());
    std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(count), before);
    std::vector<Address> best;
    for (std::size_t i = 0; i < count; ++i)
        best.push_back(found[i].second->address);
    return best;
}

std::shared_ptr<const AddressIndex> AddressSearch::current() {
    auto streets = streets_.current();
    auto zones = zones_.current();
    auto catalogue = registry_.current();
    const std::lock_guard lock(mutex_);
    if (!index_ || streets != of_streets_ || zones != of_zones_ || catalogue != of_catalogue_) {
        index_ = std::make_shared<const AddressIndex>(*streets, *zones, *catalogue);
        of_streets_ = std::move(streets);
        of_zones_ = std::move(zones);
        of_catalogue_ = std::move(catalogue);
    }
    return index_;
}

std::vector<Address> AddressSearch::search(std::string_view text, std::size_t limit) {
    return current()->search(text, limit);
}

}  // namespace vigie::streets
