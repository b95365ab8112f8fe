#include <pwd.h>
#include <unistd.h>

#include <array>

#include "api/people_json.hpp"
#include "vigie/access/audit.hpp"
#include "vigie/api/access_routes.hpp"

namespace vigie::api {

namespace {

using boost::asio::awaitable;
using nlohmann::json;

std::string user_name(unsigned uid) {
    std::array<char, 4'096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return found->pw_name;
    return std::to_string(uid);
}

struct GivenPassword {
    std::string password;
    bool random{};
};

GivenPassword read_password(Body& body) {
    const auto given = body.optional_text("password", password_limits);
    return given ? GivenPassword{*given, false} : GivenPassword{access::random_password(), true};
}

// What was made here is told here, once.
Answer person_answer(unsigned status, const access::Person& person, const GivenPassword& given) {
    auto out = person_json(person);
    if (given.random) out["password"] = given.password;
    return json_response(status, out);
}

Answer admin_add(const Request& request, store::Transaction& tx, const access::PasswordCost& cost) {
    Body body(request.json());
    auto person = read_person(body);
    const auto given = read_password(body);
    if (auto read = body.finish(); !read) return std::move(read).error();
    person.password = given.password;
    auto made = access::add_person(tx, person, request.now, cost);
    if (!made) return std::move(made).error();
    request.note("login", made->login);
    request.note("role", access::to_string(made->role));
    return person_answer(201, *made, given);
}

Answer admin_set_disabled(const Request& request, store::Transaction& tx,
                          access::Sessions& sessions, bool disabled) {
    access::PersonChange change;
    change.disabled = disabled;
    auto changed =
        access::change_person(tx, request.path_value("login"), change, std::nullopt, request.now);
    if (!changed) return std::move(changed).error();
    sessions.forget_person(tx, changed->id);
    return json_response(200, person_json(*changed));
}

Answer admin_password(const Request& request, store::Transaction& tx, access::Sessions& sessions) {
    Body body(request.json());
    const auto given = read_password(body);
    if (auto read = body.finish(); !read) return std::move(read).error();
    access::PersonChange change;
    change.password = given.password;
    auto changed = access::change_person(tx, request.path_value("login"), change, std::nullopt,
                                         request.now, sessions.cost());
    if (!changed) return std::move(changed).error();
    sessions.forget_person(tx, changed->id);
    return person_answer(200, *changed, given);
}

Answer audit_verification(const Request& request, store::Transaction& tx) {
    return json_response(200, chain_report_json(request, access::verify_audit(tx)));
}

}  // namespace

nlohmann::json chain_report_json(const Request& request, const access::ChainReport& report) {
    json out{{"entries", report.entries}, {"digest", report.digest}};
    if (report.fault)
        out["fault"] = {{"number", report.fault->number},
                        {"reason", request.say(report.fault->reason)}};
    return out;
}

Authenticator admin_authenticator() {
    return [](const wire::Request& request) -> awaitable<base::Result<access::Principal>> {
        if (!request.peer_uid)
            co_return base::fail(base::Errc::unauthenticated,
                                 "this door opens by its unix socket only",
                                 "cette porte ne s'ouvre que par sa socket unix");
        if (*request.peer_uid != 0 && *request.peer_uid != geteuid())
            co_return base::fail(base::Errc::forbidden,
                                 "only root and the server's own user enter here",
                                 "seuls root et l'utilisateur du serveur entrent ici");
        co_return access::admin_principal(user_name(*request.peer_uid));
    };
}

void add_admin_people_routes(Router& router, access::Sessions& sessions) {
    const auto cost = sessions.cost();
    router.get("/admin/v1/people", view("access"), people_page);
    router.post(
        "/admin/v1/people", manage("access"),
        [cost](const Request& request, store::Transaction& tx) {
            return admin_add(request, tx, cost);
        },
        false);
    router.post("/admin/v1/people/{login}/disable", manage("access"),
                [&sessions](const Request& request, store::Transaction& tx) {
                    return admin_set_disabled(request, tx, sessions, true);
                });
    router.post("/admin/v1/people/{login}/enable", manage("access"),
                [&sessions](const Request& request, store::Transaction& tx) {
                    return admin_set_disabled(request, tx, sessions, false);
                });
    router.post(
        "/admin/v1/people/{login}/password", manage("access"),
        [&sessions](const Request& request, store::Transaction& tx) {
            return admin_password(request, tx, sessions);
        },
        false);
    router.get("/admin/v1/audit/verify", view("access"), audit_verification);
}

}  // namespace vigie::api
