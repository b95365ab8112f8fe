#include "operations/store_crews.hpp"

#include <nlohmann/json.hpp>

namespace vigie::operations::crew_store {

namespace {

// What is restored, verified or final holds no crew: see holds_crew.
#define VIGIE_CREW_COLUMNS                                                               \
    "select c.*, to_json(c.skills)::text as skill_list, "                                \
    "(select min(v.id) from intervention v where v.crew = c.code and v.state in "        \
    "  ('assigned', 'accepted', 'en_route', 'on_site', 'made_safe', 'paused')) as held " \
    "from crew c "

Crew crew_of(const store::Row& row) {
    return {.code = text_of(row, "code"),
            .name = text_of(row, "name"),
            .employer = text_of(row, "employer"),
            .skills = nlohmann::json::parse(row.text("skill_list")).get<std::vector<std::string>>(),
            .vehicle = text_of(row, "vehicle"),
            .position = position_of(row),
            .position_at = row.maybe<base::Instant>("position_at"),
            .intervention = row.maybe<std::int64_t>("held")};
}

}  // namespace

bool insert(store::Transaction& tx, const Crew& crew, const std::string& created_by,
            base::Instant now) {
    static constexpr store::Query query{"crew_insert", R"sql(
        insert into crew (code, name, employer, skills, vehicle, created_at, created_by)
        values ($1, $2, $3, $4::text[], $5, $6::timestamptz, $7) on conflict do nothing)sql"};
    return tx.execute(query, crew.code, crew.name, crew.employer, crew.skills, crew.vehicle, now,
                      created_by) == 1;
}

std::vector<Crew> all(store::Transaction& tx) {
    static constexpr store::Query query{"crew_all", VIGIE_CREW_COLUMNS "order by c.code"};
    std::vector<Crew> found;
    for (const store::Row& row : tx.rows(query))
        found.push_back(crew_of(row));
    return found;
}

std::optional<Crew> find(store::Transaction& tx, const std::string& code) {
    static constexpr store::Query query{"crew_find", VIGIE_CREW_COLUMNS "where c.code = $1"};
    const auto row = tx.optional_row(query, code);
    return row ? std::optional(crew_of(*row)) : std::nullopt;
}

bool place(store::Transaction& tx, const std::string& code, base::LonLat position,
           base::Instant at) {
    static constexpr store::Query query{"crew_place", R"sql(
        update crew set lon = $2::float8, lat = $3::float8, position_at = $4::timestamptz
         where code = $1 and (position_at is null or position_at < $4::timestamptz))sql"};
    return tx.execute(query, code, position.lon, position.lat, at) == 1;
}

}  // namespace vigie::operations::crew_store
