#include "vigie/access/audit.hpp"
#include "vigie/access/people.hpp"
#include "vigie/access/sessions.hpp"
#include "vigie/base/text.hpp"

namespace vigie::access {

namespace {

Person to_person(const store::Row& row) {
    Person person;
    person.id = row.get<std::int64_t>("id");
    person.login = row.get<std::string>("login");
    person.name = row.get<std::string>("name");
    person.role = role_from(row.text("role")).value_or(Role::operator_);
    person.employer = row.get<std::string>("employer");
    person.crew = row.get<std::string>("crew");
    person.disabled = row.get<bool>("disabled");
    person.version = row.get<std::int64_t>("version");
    return person;
}

base::Error no_such_person() {
    return base::fail(base::Errc::not_found, "no such person", "personne inconnue");
}

base::Error crew_missing() {
    return base::fail_at(base::Errc::invalid, "/crew", "a crew member needs a crew",
                         "un agent d'équipe doit avoir une équipe");
}

// Who could still administer if this person could not?
bool another_administrator(store::Transaction& tx, std::int64_t id) {
    static constexpr store::Query query{"person_administrators", R"sql(
        select id from person
         where role = 'administrator' and not disabled and id <> $1 limit 1)sql"};
    return tx.optional_row(query, id) != nullptr;
}

void apply_change(Person& person, const PersonChange& change) {
    if (change.name) person.name = *change.name;
    if (change.role) person.role = *change.role;
    if (change.employer) person.employer = *change.employer;
    if (change.crew) person.crew = *change.crew;
    if (change.disabled) person.disabled = *change.disabled;
}

bool administers(const Person& person) {
    return person.role == Role::administrator && !person.disabled;
}

std::shared_ptr<const store::Row> locked_person(store::Transaction& tx, std::string_view login) {
    static constexpr store::Query query{
        "person_lock",
        "select id, login, name, role, employer, crew, disabled, version from person "
        "where login = $1 for update"};
    return tx.optional_row(query, login);
}

Person store_person(store::Transaction& tx, const Person& person,
                    const std::optional<std::string>& password_hash, base::Instant now) {
    static constexpr store::Query query{"person_change", R"sql(
        update person
           set name = $2, role = $3, employer = $4, crew = $5, disabled = $6,
               password_hash = coalesce($7, password_hash), version = version + 1,
               changed_at = $8::timestamptz
         where id = $1
     returning id, login, name, role, employer, crew, disabled, version)sql"};
    return to_person(*tx.row(query, person.id, person.name, to_string(person.role), person.employer,
                             person.crew, person.disabled, password_hash, now));
}

}  // namespace

bool is_login(std::string_view text) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (text.empty() || text.size() > 64 || !plain(text.front())) return false;
    for (const char c : text)
        if (!plain(c) && c != '.' && c != '_' && c != '-') return false;
    return true;
}

std::string as_login(std::string_view typed) {
    std::string login(base::trimmed(typed));
    for (char& c : login)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return login;
}

base::Result<Person> add_person(store::Transaction& tx, const NewPerson& person, base::Instant now,
                                const PasswordCost& cost) {
    static constexpr store::Query query{"person_add", R"sql(
        insert into person (login, name, role, employer, crew, password_hash, created_at, changed_at)
        values ($1, $2, $3, $4, $5, $6, $7::timestamptz, $7::timestamptz)
            on conflict (login) do nothing
     returning id, login, name, role, employer, crew, disabled, version)sql"};
    const auto login = as_login(person.login);
    if (!is_login(login))
        return base::fail_at(base::Errc::invalid, "/login",
                             "must be 1 to 64 of a-z 0-9 . _ - beginning with a letter or digit",
                             "doit avoir 1 à 64 caractères parmi a-z 0-9 . _ - et commencer par "
                             "une lettre ou un chiffre");
    if (person.role == Role::crew_member && person.crew.empty()) return crew_missing();
    if (auto good = check_password(person.password); !good) return std::move(good).error();
    const auto row =
        tx.optional_row(query, login, person.name, to_string(person.role), person.employer,
                        person.crew, hash_password(person.password, cost), now);
    if (!row)
        return base::fail_at(base::Errc::conflict, "/login", "somebody has this login already",
                             "quelqu'un a déjà cet identifiant");
    return to_person(*row);
}

base::Result<Person> change_person(store::Transaction& tx, std::string_view login,
                                   const PersonChange& change, std::optional<std::int64_t> version,
                                   base::Instant now, const PasswordCost& cost) {
    const auto row = locked_person(tx, login);
    if (!row) return no_such_person();
    const Person before = to_person(*row);
    if (version && *version != before.version)
        return base::fail(base::Errc::precondition_failed, "somebody changed this person meanwhile",
                          "quelqu'un a modifié cette personne entre-temps");
    Person after = before;
    apply_change(after, change);
    if (after.role == Role::crew_member && after.crew.empty()) return crew_missing();
    if (administers(before) && !administers(after) && !another_administrator(tx, before.id))
        return base::fail(base::Errc::conflict, "this is the last administrator",
                          "c'est le dernier administrateur");
    std::optional<std::string> hash;
    if (change.password) {
        if (auto good = check_password(*change.password); !good) return std::move(good).error();
        hash = hash_password(*change.password, cost);
    }
    if (hash || (after.disabled && !before.disabled)) end_sessions(tx, before.id);
    return store_person(tx, after, hash, now);
}

base::Result<Person> find_person(store::Transaction& tx, std::string_view login) {
    static constexpr store::Query query{
        "person_find",
        "select id, login, name, role, employer, crew, disabled, version from person "
        "where login = $1"};
    const auto row = tx.optional_row(query, login);
    if (!row) return no_such_person();
    return to_person(*row);
}

std::vector<Person> list_people(store::Transaction& tx, std::string_view after, std::size_t rows) {
    static constexpr store::Query query{"person_list", R"sql(
        select id, login, name, role, employer, crew, disabled, version from person
         where login collate "C" > $1 order by login collate "C" limit $2)sql"};
    std::vector<Person> people;
    for (const auto& row : tx.rows(query, after, rows))
        people.push_back(to_person(row));
    return people;
}

std::optional<FirstSignIn> make_first_administrator(store::Transaction& tx, base::Instant now,
                                                    const PasswordCost& cost) {
    static constexpr store::Query anybody{"person_any", "select id from person limit 1"};
    // The head of the audit is locked first: of two servers one waits, and then sees the other's.
    (void)lock_chain(tx, "audit");
    if (tx.optional_row(anybody)) return std::nullopt;
    FirstSignIn first{"admin", random_password()};
    const NewPerson person{first.login, "Administration", Role::administrator, "Vigie",
                           "",          first.password};
    if (!add_person(tx, person, now, cost)) return std::nullopt;
    auto entry = audit_entry(system_principal("installation"), now, "first_administrator",
                             "/api/v1/people/" + first.login);
    entry.status = 201;
    append_audit(tx, entry);
    return first;
}

}  // namespace vigie::access
