#include "assets/import_plan.hpp"

#include <unordered_map>
#include <unordered_set>

namespace vigie::assets {

namespace {

using base::Text;
using nlohmann::json;

// The present attributes with what the row says put over them.
std::string merged_attributes(const std::string& present, const json& said) {
    json merged = present.empty() ? json::object() : json::parse(present);
    for (const auto& [code, value] : said.items()) {
        if (value.is_null()) {
            merged.erase(code);
        } else {
            merged[code] = value;
        }
    }
    return merged.dump();
}

bool same(const PlannedAsset& a, const PlannedAsset& b) {
    return a.asset.place == b.asset.place && a.asset.commune == b.asset.commune &&
           a.asset.street == b.asset.street && a.asset.life_stage == b.asset.life_stage &&
           a.power_parent == b.power_parent && a.communication_parent == b.communication_parent &&
           json::parse(a.asset.attributes) == json::parse(b.asset.attributes);
}

class Planner {
public:
    Planner(const Kind& kind, const Catalogue& known, const PlaceNames& names)
        : kind_(kind), known_(known), names_(names) {}

    ImportPlan plan(const std::vector<ImportRow>& rows, const std::function<void()>& checked) {
        for (const ImportRow& row : rows) {
            if (const auto reason = wrong(row)) {
                refuse(row, *reason);
            } else {
                wanted_.emplace(row.code, Wanted{&row, wish_of(row)});
                order_.push_back(row.code);
            }
            checked();
        }
        refuse_lost_parents();
        refuse_rings();
        for (const std::string& code : order_) {
            if (const auto found = wanted_.find(code); found != wanted_.end())
                sort_out(found->second.planned);
        }
        return std::move(plan_);
    }

private:
    struct Wanted {
        const ImportRow* row{};
        PlannedAsset planned;
    };

    void refuse(const ImportRow& row, const Text& reason) {
        plan_.refused.push_back({row.number, row.code, reason});
    }

    [[nodiscard]] std::optional<Text> wrong(const ImportRow& row) const {
        const Asset* present = known_.find(row.code);
        if (present && present->kind->code != kind_.code)
            return Text{row.code + " is a " + present->kind->code + " already",
                        row.code + " est déjà un " + present->kind->code};
        const json attributes =
            json::parse(merged_attributes(present ? present->attributes : "", row.attributes));
        for (const Attribute& attribute : kind_.attributes) {
            if (attribute.required && !attributes.contains(attribute.code))
                return Text{"/attributes/" + attribute.code + ": is demanded",
                            "/attributes/" + attribute.code + " : est exigé"};
        }
        return std::nullopt;
    }

    [[nodiscard]] PlannedAsset wish_of(const ImportRow& row) const {
        const Asset* present = known_.find(row.code);
        PlannedAsset wish = present ? as_planned(known_, *present) : PlannedAsset{};
        Asset& asset = wish.asset;
        const bool stays = present && present->place == row.place && !present->street.empty();
        asset.code = row.code;
        asset.kind = &kind_;
        asset.place = row.place;
        asset.commune = names_.commune_of(row.place);
        if (row.street && !row.street->empty()) {
            asset.street = *row.street;
        } else if (!stays) {
            asset.street = names_.street_of(row.place);
        }
        if (row.life_stage) asset.life_stage = *row.life_stage;
        if (row.power_parent) wish.power_parent = *row.power_parent;
        if (row.communication_parent) wish.communication_parent = *row.communication_parent;
        asset.attributes = merged_attributes(present ? present->attributes : "", row.attributes);
        return wish;
    }

    void drop(const std::string& code, const Text& reason) {
        const auto found = wanted_.find(code);
        refuse(*found->second.row, reason);
        wanted_.erase(found);
    }

    [[nodiscard]] bool exists(const std::string& code) const {
        return code.empty() || wanted_.contains(code) || known_.find(code) != nullptr;
    }

    // A refused row may be the parent of others: again until nothing falls.
    void refuse_lost_parents() {
        for (bool again = true; again;) {
            again = false;
            for (const std::string& code : order_) {
                const auto found = wanted_.find(code);
                if (found == wanted_.end()) continue;
                const PlannedAsset& planned = found->second.planned;
                const bool power = exists(planned.power_parent);
                if (power && exists(planned.communication_parent)) continue;
                const std::string lost =
                    power ? planned.communication_parent : planned.power_parent;
                const std::string pointer = power ? "/communication_parent" : "/power_parent";
                drop(code,
                     {pointer + ": no asset " + lost, pointer + " : pas d'équipement " + lost});
                again = true;
            }
        }
    }

    [[nodiscard]] std::string parent_of(const std::string& code, Graph graph) const {
        if (const auto found = wanted_.find(code); found != wanted_.end()) {
            const PlannedAsset& planned = found->second.planned;
            return graph == Graph::power ? planned.power_parent : planned.communication_parent;
        }
        const Asset* asset = known_.find(code);
        const Asset* parent = asset ? known_.find(known_.parent(graph, asset->id)) : nullptr;
        return parent ? parent->code : std::string();
    }

    [[nodiscard]] bool too_deep(const std::string& code, Graph graph) const {
        std::string at = code;
        for (int steps = 0; steps <= parents_deep_max; ++steps) {
            at = parent_of(at, graph);
            if (at.empty()) return false;
        }
        return true;
    }

    // All of a ring and what hangs on it is judged before any of it is dropped: without one of its
    // members a ring would look whole.
    void refuse_rings() {
        std::vector<std::string> bad;
        for (const std::string& code : order_) {
            if (!wanted_.contains(code)) continue;
            if (too_deep(code, Graph::power) || too_deep(code, Graph::communication))
                bad.push_back(code);
        }
        for (const std::string& code : bad)
            drop(code, {"its parents make a ring, or more than 32 levels",
                        "ses parents forment une boucle, ou plus de 32 niveaux"});
        if (!bad.empty()) refuse_lost_parents();
    }

    void sort_out(const PlannedAsset& planned) {
        const Asset* present = known_.find(planned.asset.code);
        if (!present) {
            plan_.added.push_back(planned);
        } else if (same(planned, as_planned(known_, *present))) {
            ++plan_.unchanged;
        } else {
            plan_.changed.push_back(planned);
        }
    }

    const Kind& kind_;
    const Catalogue& known_;
    const PlaceNames& names_;
    ImportPlan plan_;
    std::unordered_map<std::string, Wanted> wanted_;
    std::vector<std::string> order_;
};

}  // namespace

ImportPlan plan_import(const Kind& kind, const Catalogue& known, const std::vector<ImportRow>& rows,
                       const PlaceNames& names, const std::function<void()>& checked) {
    return Planner(kind, known, names).plan(rows, checked);
}

}  // namespace vigie::assets
