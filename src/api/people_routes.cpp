#include "api/people_json.hpp"
#include "vigie/api/access_routes.hpp"
#include "vigie/api/paging.hpp"

namespace vigie::api {

namespace {

constexpr std::initializer_list<std::string_view> role_words{
    "operator", "supervisor", "director", "crew_member", "administrator", "integrator"};

access::Role role_of(const std::string& word) {
    return access::role_from(word).value_or(access::Role::operator_);
}

Answer create_person(const Request& request, store::Transaction& tx,
                     const access::PasswordCost& cost) {
    Body body(request.json());
    auto person = read_person(body);
    person.password = body.text("password", password_limits);
    if (auto read = body.finish(); !read) return std::move(read).error();
    auto made = access::add_person(tx, person, request.now, cost);
    if (!made) return std::move(made).error();
    request.note("login", made->login);
    request.note("role", access::to_string(made->role));
    auto response = json_response(201, person_json(*made));
    set_version(response, made->version);
    return response;
}

access::PersonChange read_change(Body& body) {
    access::PersonChange change;
    change.name = body.optional_text("name", name_limits);
    if (const auto role = body.optional_choice("role", role_words)) change.role = role_of(*role);
    change.employer = body.optional_text("employer", name_limits);
    change.crew = body.optional_code("crew");
    if (body.given_null("crew")) change.crew = "";
    change.disabled = body.optional_boolean("disabled");
    change.password = body.optional_text("password", password_limits);
    return change;
}

// Which rights changed belongs into the audit; a name or a password does not.
void note_change(const Request& request, const access::PersonChange& change) {
    if (change.role) request.note("role", access::to_string(*change.role));
    if (change.employer) request.note("employer", *change.employer);
    if (change.crew) request.note("crew", *change.crew);
    if (change.disabled) request.note("disabled", *change.disabled);
    if (change.password) request.note("password", "changed");
    if (change.name) request.note("name", "changed");
}

Answer patch_person(const Request& request, store::Transaction& tx, access::Sessions& sessions) {
    Body body(request.json());
    const auto change = read_change(body);
    if (auto read = body.finish(); !read) return std::move(read).error();
    auto changed = access::change_person(tx, request.path_value("login"), change,
                                         request.if_match(), request.now, sessions.cost());
    if (!changed) return std::move(changed).error();
    sessions.forget_person(tx, changed->id);
    note_change(request, change);
    auto response = json_response(200, person_json(*changed));
    set_version(response, changed->version);
    return response;
}

}  // namespace

nlohmann::json person_json(const access::Person& person) {
    nlohmann::json json{{"login", person.login},
                        {"name", person.name},
                        {"role", access::to_string(person.role)},
                        {"employer", person.employer},
                        {"disabled", person.disabled},
                        {"version", person.version}};
    if (!person.crew.empty()) json["crew"] = person.crew;
    return json;
}

access::NewPerson read_person(Body& body) {
    access::NewPerson person;
    person.login = body.text("login", {1, 64});
    person.name = body.text("name", name_limits);
    person.role = role_of(body.choice("role", role_words));
    person.employer = body.text("employer", name_limits);
    person.crew = body.optional_code("crew").value_or(std::string{});
    return person;
}

Answer people_page(const Request& request, store::Transaction& tx) {
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto after = read_cursor<std::string>(request);
    if (!after) return after.error();
    const std::string first = *after ? std::get<0>(**after) : std::string{};
    Page page(*limit);
    for (const auto& person : access::list_people(tx, first, *limit + 1))
        if (!page.add(person_json(person), make_cursor(person.login))) break;
    return page.response();
}

void add_people_routes(Router& router, access::Sessions& sessions) {
    const auto cost = sessions.cost();
    router.get("/api/v1/people", view("access"), people_page);
    // Without Idempotency-Key: the digest of a body with a password would be kept for a day. A
    // second attempt is told that the login is taken.
    router.post(
        "/api/v1/people", manage("access"),
        [cost](const Request& request, store::Transaction& tx) {
            return create_person(request, tx, cost);
        },
        false);
    router.patch("/api/v1/people/{login}", manage("access"),
                 [&sessions](const Request& request, store::Transaction& tx) {
                     return patch_person(request, tx, sessions);
                 });
}

}  // namespace vigie::api
