#include "vigie/assets/kind_store.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace vigie::assets {

namespace {

struct Allotted {
    int position{};
    int width{};
};

int width_of(const Property& property) {
    return property.type == PropertyType::position ? 2 : 1;
}

int kind_id(store::Transaction& tx, const std::string& code) {
    static constexpr store::Query find{"kind_find", "select id from asset_kind where code = $1"};
    static constexpr store::Query add{"kind_add",
                                      "insert into asset_kind (code) values ($1) returning id"};
    if (const auto row = tx.optional_row(find, code)) return row->get<std::int32_t>("id");
    return tx.row(add, code)->get<std::int32_t>("id");
}

std::map<std::string, Allotted> positions_of(store::Transaction& tx, int kind) {
    static constexpr store::Query list{
        "kind_positions", "select code, position, width from kind_property where kind_id = $1"};
    std::map<std::string, Allotted> found;
    for (const store::Row& row : tx.rows(list, kind)) {
        found[row.get<std::string>("code")] = {row.get<std::int32_t>("position"),
                                               row.get<std::int32_t>("width")};
    }
    return found;
}

std::vector<std::string> numbered_codes(store::Transaction& tx, int kind,
                                        const std::string& property) {
    static constexpr store::Query list{"property_codes",
                                       "select code from property_code where kind_id = $1 and "
                                       "property = $2 order by number"};
    std::vector<std::string> found;
    for (const store::Row& row : tx.rows(list, kind, property))
        found.push_back(row.get<std::string>("code"));
    return found;
}

base::Error changed_type(const Kind& kind, const Property& property) {
    const std::string place = kind.code + "." + property.code + ": ";
    return base::fail(base::Errc::invalid,
                      place +
                          "observations are stored under another type: give the property a new "
                          "code instead of changing its type",
                      place +
                          "des mesures sont conservées sous un autre type : donner un nouveau "
                          "code à la propriété au lieu d'en changer le type");
}

// Rules were read with numbers in the order of the file.
void renumber_rules(Kind& kind, const Property& property, const std::vector<std::string>& in_file) {
    for (Rule& rule : kind.rules) {
        if (rule.property != property.code || rule.condition != Condition::is) continue;
        for (double& value : rule.values) {
            const auto at =
                std::ranges::find(property.codes, in_file[static_cast<std::size_t>(value)]);
            value = static_cast<double>(at - property.codes.begin());
        }
    }
}

// Codes in the order of their numbers for good; those no longer in the file are named by
// themselves.
void number_codes(store::Transaction& tx, Kind& kind, Property& property,
                  std::vector<std::string> known) {
    static constexpr store::Query add{
        "property_code_add",
        "insert into property_code (kind_id, property, code, number) values ($1, $2, $3, $4)"};
    for (const std::string& code : property.codes) {
        if (std::ranges::find(known, code) != known.end()) continue;
        tx.execute(add, kind.id, property.code, code, known.size());
        known.push_back(code);
    }
    const std::vector<std::string> in_file = property.codes;
    const std::vector<base::Text> names = property.code_names;
    property.codes = std::move(known);
    property.code_names.clear();
    for (const std::string& code : property.codes) {
        const auto at = std::ranges::find(in_file, code);
        property.code_names.push_back(at == in_file.end()
                                          ? base::Text{code, code}
                                          : names[static_cast<std::size_t>(at - in_file.begin())]);
    }
    renumber_rules(kind, property, in_file);
}

base::Result<void> allot(store::Transaction& tx, Kind& kind) {
    static constexpr store::Query add{
        "kind_property_add",
        "insert into kind_property (kind_id, code, position, width) values ($1, $2, $3, $4)"};
    const auto known = positions_of(tx, kind.id);
    for (const auto& [code, allotted] : known)
        kind.width = std::max(kind.width, allotted.position + allotted.width);
    for (Property& property : kind.properties) {
        const int width = width_of(property);
        const auto found = known.find(property.code);
        if (found == known.end()) {
            tx.execute(add, kind.id, property.code, kind.width, width);
            property.position = kind.width;
            kind.width += width;
        } else if (found->second.width != width) {
            return changed_type(kind, property);
        } else {
            property.position = found->second.position;
        }
        auto codes = numbered_codes(tx, kind.id, property.code);
        const bool was_code =
            found == known.end() ? property.type == PropertyType::code : !codes.empty();
        if (was_code != (property.type == PropertyType::code)) return changed_type(kind, property);
        if (was_code) number_codes(tx, kind, property, std::move(codes));
    }
    return {};
}

}  // namespace

base::Result<std::vector<Kind>> load_kinds(store::Transaction& tx, std::vector<Kind> parsed) {
    for (Kind& kind : parsed) {
        kind.id = kind_id(tx, kind.code);
        kind.layout = kind.id;  // one append-only layout a kind
        if (auto allotted = allot(tx, kind); !allotted) return std::move(allotted).error();
    }
    return parsed;
}

}  // namespace vigie::assets
