#include "operations/store_interventions.hpp"

namespace vigie::operations::intervention_store {

namespace {

#define VIGIE_INTERVENTION_COLUMNS           \
    "select v.*, i.title as incident_title " \
    "from intervention v join incident i on i.number = v.incident "

State state_of(const store::Row& row, const char* column) {
    return *state_from(row.text(column));
}

Intervention intervention_of(const store::Row& row) {
    Intervention found{.id = row.get<std::int64_t>("id"),
                       .incident = row.get<std::int64_t>("incident"),
                       .incident_title = text_of(row, "incident_title"),
                       .crew = text_of(row, "crew"),
                       .standing = {state_of(row, "state"), {}},
                       .priority = row.get<std::int32_t>("priority"),
                       .asset = text_of(row, "asset"),
                       .place = place_of(row),
                       .description = text_of(row, "description"),
                       .response = {text_of(row, "response_en"), text_of(row, "response_fr")},
                       .created_at = row.get<base::Instant>("created_at"),
                       .created_by = text_of(row, "created_by"),
                       .state_since = row.get<base::Instant>("state_since"),
                       .restored_at = row.maybe<base::Instant>("restored_at"),
                       .verified_by = text_of(row, "verified_by"),
                       .version = row.get<std::int64_t>("version")};
    if (!row.is_null("paused_from")) found.standing.paused_from = state_of(row, "paused_from");
    return found;
}

std::vector<Intervention> interventions_of(const store::Rows& rows) {
    std::vector<Intervention> found;
    found.reserve(rows.size());
    for (const store::Row& row : rows)
        found.push_back(intervention_of(row));
    return found;
}

std::optional<std::string> name_of(const std::optional<State>& state) {
    return state ? std::optional(std::string(to_string(*state))) : std::nullopt;
}

}  // namespace

std::int64_t insert(store::Transaction& tx, const Intervention& intervention) {
    static constexpr store::Query query{"intervention_insert", R"sql(
        insert into intervention (incident, crew, priority, asset, lon, lat, commune, address, description, response_en,
                                  response_fr, created_at, created_by, state_since)
        values ($1::bigint, $2, $3::int, $4, $5::float8, $6::float8, $7, $8, $9, $10, $11, $12::timestamptz, $13,
                $12::timestamptz)
     returning id)sql"};
    return tx
        .row(query, intervention.incident, intervention.crew, intervention.priority,
             intervention.asset, lon_of(intervention.place.position),
             lat_of(intervention.place.position), intervention.place.commune,
             intervention.place.address, intervention.description, intervention.response.en,
             intervention.response.fr, intervention.created_at, intervention.created_by)
        ->get<std::int64_t>("id");
}

std::optional<Intervention> find(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"intervention_find",
                                        VIGIE_INTERVENTION_COLUMNS "where v.id = $1::bigint"};
    const auto row = tx.optional_row(query, id);
    return row ? std::optional(intervention_of(*row)) : std::nullopt;
}

std::optional<Intervention> find_locked(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query lock{"intervention_lock", R"sql(
        select id from intervention where id = $1::bigint for no key update)sql"};
    if (!tx.optional_row(lock, id)) return std::nullopt;
    return find(tx, id);
}

std::vector<Intervention> of_incident(store::Transaction& tx, std::int64_t incident) {
    static constexpr store::Query query{"intervention_of_incident", VIGIE_INTERVENTION_COLUMNS
                                        "where v.incident = $1::bigint order by v.id"};
    return interventions_of(tx.rows(query, incident));
}

std::vector<Intervention> page(store::Transaction& tx, const Filter& filter,
                               const std::optional<Key>& after, std::size_t rows_max) {
    static constexpr store::Query query{
        "intervention_page", VIGIE_INTERVENTION_COLUMNS
        "where ($1::text is null or v.crew = $1) "
        "  and ($2::boolean is null or "
        "       (v.state not in ('refused', 'closed', 'cancelled')) = $2::boolean) "
        "  and ($3::text[] is null or v.commune = any($3::text[])) "
        "  and ($4::int is null or (v.priority, v.created_at, v.id) > "
        "       ($4::int, $5::timestamptz, $6::bigint)) "
        "order by v.priority, v.created_at, v.id limit $7::bigint"};
    std::optional<std::int64_t> priority;
    std::optional<base::Instant> created_at;
    std::optional<std::int64_t> id;
    if (after) std::tie(priority, created_at, id) = *after;
    return interventions_of(
        tx.rows(query, filter.crew, filter.open, filter.reach, priority, created_at, id, rows_max));
}

void move(store::Transaction& tx, const Intervention& intervention) {
    static constexpr store::Query query{"intervention_move", R"sql(
        update intervention
           set state = $2, paused_from = $3, state_since = $4::timestamptz, restored_at = $5::timestamptz,
               verified_by = $6, version = version + 1
         where id = $1::bigint)sql"};
    tx.execute(query, intervention.id, to_string(intervention.standing.state),
               name_of(intervention.standing.paused_from), intervention.state_since,
               intervention.restored_at, intervention.verified_by);
}

void record(store::Transaction& tx, const Transition& transition) {
    static constexpr store::Query query{"intervention_transition_insert", R"sql(
        insert into intervention_transition (intervention, step, from_state, to_state, author, author_name, at,
                                             recorded_at, reason, note, lon, lat, clock_off_s)
        select $1::bigint, coalesce(max(step), 0) + 1, $2::text, $3::text, $4::text, $5::text, $6::timestamptz,
               $7::timestamptz, $8::text, $9::text, $10::float8, $11::float8, $12::int8
          from intervention_transition where intervention = $1::bigint)sql"};
    tx.execute(query, transition.intervention, name_of(transition.from), to_string(transition.to),
               transition.author.login, transition.author.name, transition.at,
               transition.recorded_at, transition.reason, transition.note,
               lon_of(transition.position), lat_of(transition.position),
               std::chrono::round<std::chrono::seconds>(transition.clock_off).count());
}

std::vector<Transition> transitions(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"intervention_transitions", R"sql(
        select * from intervention_transition where intervention = $1::bigint order by step)sql"};
    std::vector<Transition> found;
    for (const store::Row& row : tx.rows(query, id)) {
        Transition transition{
            .intervention = id,
            .from = {},
            .to = state_of(row, "to_state"),
            .author = {text_of(row, "author"), text_of(row, "author_name")},
            .at = row.get<base::Instant>("at"),
            .recorded_at = row.get<base::Instant>("recorded_at"),
            .clock_off = std::chrono::seconds{row.get<std::int64_t>("clock_off_s")},
            .reason = text_of(row, "reason"),
            .note = text_of(row, "note"),
            .position = position_of(row)};
        if (!row.is_null("from_state")) transition.from = state_of(row, "from_state");
        found.push_back(std::move(transition));
    }
    return found;
}

}  // namespace vigie::operations::intervention_store
