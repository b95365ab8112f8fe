#include "operations/store_contacts.hpp"

namespace vigie::operations::contact_store {

namespace {

Contact contact_of(const store::Row& row) {
    return {.id = row.get<std::int64_t>("id"),
            .channel = text_of(row, "channel"),
            .summary = text_of(row, "summary"),
            .desk = text_of(row, "desk"),
            .received_at = row.get<base::Instant>("received_at"),
            .taken_by = text_of(row, "taken_by"),
            .place = place_of(row),
            .answered = row.get<bool>("answered"),
            .incident = row.maybe<std::int64_t>("incident"),
            .has_caller = row.get<bool>("has_caller")};
}

}  // namespace

std::int64_t insert(store::Transaction& tx, const Contact& contact) {
    static constexpr store::Query query{"contact_insert", R"sql(
        insert into contact (channel, summary, desk, received_at, taken_by, lon, lat, commune, address, answered,
                             incident, has_caller)
        values ($1, $2, $3, $4::timestamptz, $5, $6::float8, $7::float8, $8, $9, $10::boolean, $11::bigint,
                $12::boolean)
     returning id)sql"};
    return tx
        .row(query, contact.channel, contact.summary, contact.desk, contact.received_at,
             contact.taken_by, lon_of(contact.place.position), lat_of(contact.place.position),
             contact.place.commune, contact.place.address, contact.answered, contact.incident,
             contact.has_caller)
        ->get<std::int64_t>("id");
}

std::optional<Contact> find(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"contact_find",
                                        "select * from contact where id = $1::bigint"};
    const auto row = tx.optional_row(query, id);
    return row ? std::optional(contact_of(*row)) : std::nullopt;
}

std::optional<Contact> find_locked(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"contact_find_locked", R"sql(
        select * from contact where id = $1::bigint for no key update)sql"};
    const auto row = tx.optional_row(query, id);
    return row ? std::optional(contact_of(*row)) : std::nullopt;
}

std::vector<Contact> of_incident(store::Transaction& tx, std::int64_t incident) {
    static constexpr store::Query query{"contact_of_incident", R"sql(
        select * from contact where incident = $1::bigint order by received_at, id)sql"};
    std::vector<Contact> found;
    for (const store::Row& row : tx.rows(query, incident))
        found.push_back(contact_of(row));
    return found;
}

void attach(store::Transaction& tx, std::int64_t id, std::int64_t incident) {
    static constexpr store::Query query{"contact_attach", R"sql(
        update contact set incident = $2::bigint where id = $1::bigint)sql"};
    tx.execute(query, id, incident);
}

void insert_caller(store::Transaction& tx, std::int64_t contact, std::int64_t entry,
                   const Caller& caller, const std::string& salt) {
    static constexpr store::Query query{"contact_caller_insert", R"sql(
        insert into contact_caller (contact, entry, caller_name, callback_number, salt)
        values ($1::bigint, $2::bigint, $3, $4, $5))sql"};
    tx.execute(query, contact, entry, caller.name, caller.callback_number, salt);
}

std::optional<Caller> caller(store::Transaction& tx, std::int64_t contact) {
    static constexpr store::Query query{"contact_caller_find", R"sql(
        select caller_name, callback_number from contact_caller where contact = $1::bigint)sql"};
    const auto row = tx.optional_row(query, contact);
    if (!row) return std::nullopt;
    return Caller{text_of(*row, "caller_name"), text_of(*row, "callback_number")};
}

std::size_t erase_callers(store::Transaction& tx, base::Instant before) {
    static constexpr store::Query query{"contact_caller_erase", R"sql(
        delete from contact_caller p using contact c
         where c.id = p.contact and c.received_at < $1::timestamptz)sql"};
    return tx.execute(query, before);
}

}  // namespace vigie::operations::contact_store
