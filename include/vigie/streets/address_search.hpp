// Searching places by what people type: streets, zones and asset codes. Accents, case and
// punctuation do not matter, nor does a house number in front.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/assets/published.hpp"
#include "vigie/assets/zones.hpp"
#include "vigie/streets/streets.hpp"

namespace vigie::streets {

enum class Match { zone, street, asset };  // in the order in which equals are shown

struct Address {
    std::string label;
    Match match{Match::street};
    std::string code;
    std::string commune;
    base::LonLat place;
};

// An immutable value over one state of the city. Stretches of one name in one commune are one
// street.
class AddressIndex {
public:
    AddressIndex(const Streets& streets, const assets::Zones& zones,
                 const assets::Catalogue& catalogue);

    // Best first: the whole name, its beginning, the beginnings of words, anything within. Every
    // word asked for must be there.
    [[nodiscard]] std::vector<Address> search(std::string_view text, std::size_t limit) const;

private:
    struct Entry {
        Address address;
        std::string name;  // folded: what ranks
        std::string text;  // folded: name, and the commune's for a street
    };
    void add(Address address, std::string_view name, std::string_view around);
    std::vector<Entry> entries_;
};

// Keeps the index of the city as it is now. Thread-safe.
class AddressSearch {
public:
    AddressSearch(const assets::Published<Streets>& streets,
                  const assets::Published<assets::Zones>& zones, const assets::Registry& registry)
        : streets_(streets), zones_(zones), registry_(registry) {}

    [[nodiscard]] std::vector<Address> search(std::string_view text, std::size_t limit);

private:
    [[nodiscard]] std::shared_ptr<const AddressIndex> current();

    const assets::Published<Streets>& streets_;
    const assets::Published<assets::Zones>& zones_;
    const assets::Registry& registry_;
    std::mutex mutex_;
    std::shared_ptr<const AddressIndex> index_;
    // What the index was made of; held, so that another state cannot have the same address.
    std::shared_ptr<const Streets> of_streets_;
    std::shared_ptr<const assets::Zones> of_zones_;
    std::shared_ptr<const assets::Catalogue> of_catalogue_;
};

}  // namespace vigie::streets
