#include "control/store_commands.hpp"

namespace vigie::control::command_store {

namespace {

std::string text_of(const store::Row& row, const char* column) {
    return std::string(row.text(column));
}

Command command_of(const store::Row& row) {
    Command found{.id = row.get<std::int64_t>("id"),
                  .asset = row.get<std::int32_t>("asset_id"),
                  .name = text_of(row, "name"),
                  .parameters = text_of(row, "parameters"),
                  .state = *state_from(row.text("state")),
                  .state_since = row.get<base::Instant>("state_since"),
                  .requested_at = row.get<base::Instant>("requested_at"),
                  .requested_by = text_of(row, "requested_by"),
                  .requested_by_name = text_of(row, "requested_by_name"),
                  .expires_at = row.get<base::Instant>("expires_at"),
                  .cause = text_of(row, "cause"),
                  .detail = text_of(row, "detail"),
                  .late = {},
                  .version = row.get<std::int64_t>("version")};
    if (!row.is_null("late_status")) {
        found.late = LateResult{*ingest::result_status_from(row.text("late_status")),
                                text_of(row, "late_detail"), row.get<base::Instant>("late_at")};
    }
    return found;
}

std::vector<Command> commands_of(const store::Rows& rows) {
    std::vector<Command> found;
    found.reserve(rows.size());
    for (const store::Row& row : rows)
        found.push_back(command_of(row));
    return found;
}

}  // namespace

std::size_t count_queued_locked(store::Transaction& tx, assets::AssetId asset) {
    static constexpr store::Query lock{"command_asset_lock",
                                       "select id from asset where id = $1::int for no key update"};
    static constexpr store::Query count{
        "command_queue_length",
        "select count(*) as waiting from command where asset_id = $1::int and state = 'queued'"};
    tx.rows(lock, asset);
    return static_cast<std::size_t>(tx.row(count, asset)->get<std::int64_t>("waiting"));
}

std::int64_t insert(store::Transaction& tx, const Command& command) {
    static constexpr store::Query query{"command_insert", R"sql(
        insert into command (asset_id, name, parameters, state_since, requested_at, requested_by, requested_by_name,
                             expires_at)
        values ($1::int, $2, $3::jsonb, $4::timestamptz, $5::timestamptz, $6, $7, $8::timestamptz)
     returning id)sql"};
    return tx
        .row(query, command.asset, command.name, command.parameters, command.state_since,
             command.requested_at, command.requested_by, command.requested_by_name,
             command.expires_at)
        ->get<std::int64_t>("id");
}

std::optional<Command> find(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"command_find",
                                        "select * from command where id = $1::bigint"};
    const auto row = tx.optional_row(query, id);
    return row ? std::optional(command_of(*row)) : std::nullopt;
}

std::vector<Command> find_locked(store::Transaction& tx, const std::vector<std::int64_t>& ids) {
    static constexpr store::Query query{"command_lock", R"sql(
        select * from command where id = any($1::bigint[]) order by id for no key update)sql"};
    if (ids.empty()) return {};
    return commands_of(tx.rows(query, ids));
}

std::vector<Command> page(store::Transaction& tx, assets::AssetId asset, std::optional<bool> open,
                          std::optional<std::int64_t> before, std::size_t rows_max) {
    static constexpr store::Query query{"command_page", R"sql(
        select * from command
         where asset_id = $1::int
           and ($2::boolean is null
                or (state in ('queued', 'sent', 'delivered', 'accepted')) = $2::boolean)
           and ($3::bigint is null or id < $3::bigint)
         order by id desc limit $4::bigint)sql"};
    return commands_of(tx.rows(query, asset, open, before, rows_max));
}

std::vector<Command> recent(store::Transaction& tx, base::Instant ended_since,
                            std::size_t rows_max) {
    static constexpr store::Query query{"command_recent", R"sql(
        select * from (select * from command where state in ('queued', 'sent', 'delivered', 'accepted')
                       union all
                       select * from command
                        where state in ('done', 'failed', 'expired', 'cancelled') and state_since > $1::timestamptz) c
         order by id desc limit $2::bigint)sql"};
    return commands_of(tx.rows(query, ended_since, rows_max));
}

std::vector<Lines::Open> open(store::Transaction& tx) {
    static constexpr store::Query query{"command_open", R"sql(
        select id, asset_id, state, expires_at, version from command
         where state in ('queued', 'sent', 'delivered', 'accepted') order by id)sql"};
    std::vector<Lines::Open> found;
    for (const store::Row& row : tx.rows(query)) {
        found.push_back({row.get<std::int64_t>("id"), row.get<std::int32_t>("asset_id"),
                         *state_from(row.text("state")), row.get<base::Instant>("expires_at"),
                         row.get<std::int64_t>("version")});
    }
    return found;
}

void write(store::Transaction& tx, const Command& command) {
    static constexpr store::Query query{"command_write", R"sql(
        update command
           set state = $2, state_since = $3::timestamptz, detail = $4, late_status = $5, late_detail = $6,
               late_at = $7::timestamptz, cause = $8, version = version + 1
         where id = $1::bigint)sql"};
    std::optional<std::string> late_status;
    std::optional<base::Instant> late_at;
    if (command.late) {
        late_status = std::string(to_string(command.late->status));
        late_at = command.late->at;
    }
    tx.execute(query, command.id, to_string(command.state), command.state_since, command.detail,
               late_status, command.late ? command.late->detail : std::string{}, late_at,
               command.cause);
}

void record(store::Transaction& tx, std::span<const Transition> transitions) {
    static constexpr store::Query query{"command_transition_insert", R"sql(
        insert into command_transition (command, step, from_state, to_state, author, author_name, at, recorded_at,
                                        cause, detail)
        select $1::bigint, coalesce(max(step), 0) + 1, $2::text, $3::text, $4::text, $5::text, $6::timestamptz,
               $7::timestamptz, $8::text, $9::text
          from command_transition where command = $1::bigint)sql"};
    for (const Transition& step : transitions) {
        std::optional<std::string> from;
        if (step.from) from = std::string(to_string(*step.from));
        tx.execute(query, step.command, from, to_string(step.to), step.author, step.author_name,
                   step.at, step.recorded_at, step.cause, step.detail);
    }
}

std::vector<Transition> transitions(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"command_transitions", R"sql(
        select * from command_transition where command = $1::bigint order by step)sql"};
    std::vector<Transition> found;
    for (const store::Row& row : tx.rows(query, id)) {
        found.push_back({.command = id,
                         .from = state_from(row.text("from_state")),
                         .to = *state_from(row.text("to_state")),
                         .author = text_of(row, "author"),
                         .author_name = text_of(row, "author_name"),
                         .at = row.get<base::Instant>("at"),
                         .recorded_at = row.get<base::Instant>("recorded_at"),
                         .cause = text_of(row, "cause"),
                         .detail = text_of(row, "detail")});
    }
    return found;
}

}  // namespace vigie::control::command_store
