#include "operations/store_alarms.hpp"

#include <algorithm>

namespace vigie::operations::alarm_store {

namespace {

Facts facts_of(const store::Row& row, const assets::Catalogue& catalogue) {
    const std::string rule_code = text_of(row, "rule");
    Facts facts{.id = text_of(row, "id"),
                .asset = text_of(row, "asset"),
                .name = {rule_code, rule_code},
                .response = {},
                .desk = text_of(row, "desk"),
                .priority = row.get<std::int32_t>("priority"),
                .place = place_of(row)};
    const assets::Asset* asset = catalogue.find(facts.asset);
    if (!asset || !asset->kind) return facts;
    const auto rule = std::ranges::find(asset->kind->rules, rule_code, &assets::Rule::code);
    if (rule == asset->kind->rules.end()) return facts;
    facts.name = rule->name;
    facts.response = rule->response;
    return facts;
}

}  // namespace

std::optional<Facts> find(store::Transaction& tx, const assets::Catalogue& catalogue,
                          const std::string& id) {
    static constexpr store::Query query{"operations_alarm", R"sql(
        select a.id, a.rule, a.desk, a.priority, s.code as asset, s.lon, s.lat, s.commune, s.street as address
          from alarm a join asset s on s.id = a.asset_id
         where a.id = $1)sql"};
    const auto row = tx.optional_row(query, id);
    return row ? std::optional(facts_of(*row, catalogue)) : std::nullopt;
}

std::optional<Facts> first_of(store::Transaction& tx, const assets::Catalogue& catalogue,
                              std::int64_t incident) {
    static constexpr store::Query query{"operations_first_alarm", R"sql(
        select a.id, a.rule, a.desk, a.priority, s.code as asset, s.lon, s.lat, s.commune, s.street as address
          from incident_alarm ia join alarm a on a.id = ia.alarm join asset s on s.id = a.asset_id
         where ia.incident = $1::bigint order by ia.attached_at, a.id limit 1)sql"};
    const auto row = tx.optional_row(query, incident);
    return row ? std::optional(facts_of(*row, catalogue)) : std::nullopt;
}

}  // namespace vigie::operations::alarm_store
