#include <iostream>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

struct PersonOptions {
    std::string login;
    std::string name;
    std::string role{"operator"};
    std::string employer;
    std::string crew;
    bool password_from_input{};
};

std::string password_from_input() {
    std::string password;
    std::getline(std::cin, password);
    return password;
}

// A password that the server made is told here, once.
void show_person(const json& person) {
    std::cout << cell(person, "login") << " (" << cell(person, "role") << ", "
              << cell(person, "employer") << ")"
              << (person.value("disabled", false) ? " is disabled" : "") << "\n";
    const std::string password = cell(person, "password");
    if (!password.empty())
        std::cout << "password: " << password << "\nIt is shown only this once.\n";
}

int list_people(const Session& session) {
    const DoorReply reply = all_pages(session.door(), "/admin/v1/people", {}, 0);
    return finish(session, reply, [](const json& answer) {
        Table table({"login", "name", "role", "employer", "crew", ""});
        for (const json& person : answer["rows"])
            table.add({cell(person, "login"), cell(person, "name"), cell(person, "role"),
                       cell(person, "employer"), cell(person, "crew"),
                       person.value("disabled", false) ? "disabled" : ""});
        table.print(std::cout);
    });
}

int add_person(const Session& session, const PersonOptions& options) {
    json body{{"login", options.login},
              {"name", options.name.empty() ? options.login : options.name},
              {"role", options.role},
              {"employer", options.employer}};
    if (!options.crew.empty()) body["crew"] = options.crew;
    if (options.password_from_input) body["password"] = password_from_input();
    return finish(session, session.door().post("/admin/v1/people", body), show_person);
}

int set_password(const Session& session, const PersonOptions& options) {
    json body = json::object();
    if (options.password_from_input) body["password"] = password_from_input();
    const std::string path = "/admin/v1/people/" + segment(options.login) + "/password";
    return finish(session, session.door().post(path, body), show_person);
}

int switch_person(const Session& session, const PersonOptions& options, const char* word) {
    const std::string path = "/admin/v1/people/" + segment(options.login) + "/" + word;
    return finish(session, session.door().post(path, json()), show_person);
}

void add_user_changes(CLI::App& user, Session& session,
                      const std::shared_ptr<PersonOptions>& options) {
    auto* password = user.add_subcommand("set-password", "give a new password");
    password->add_option("login", options->login, "who")->required();
    password->add_flag("--password-stdin", options->password_from_input,
                       "read it from standard input; otherwise one is made and shown once");
    password->footer("Example: vigie user set-password lea");
    password->callback([&session, options] {
        session.run = [&session, options] { return set_password(session, *options); };
    });
    for (const char* word : {"disable", "enable"}) {
        const bool off = std::string(word) == "disable";
        auto* command = user.add_subcommand(
            word, off ? "end their sessions and refuse new ones" : "let them sign in again");
        command->add_option("login", options->login, "who")->required();
        command->footer(std::string("Example: vigie user ") + word + " lea");
        command->callback([&session, options, word] {
            session.run = [&session, options, word] {
                return switch_person(session, *options, word);
            };
        });
    }
}

struct CrewOptions {
    std::string code;
    std::string name;
    std::string employer;
    std::string vehicle;
    std::vector<std::string> skills;
};

int add_crew(const Session& session, const CrewOptions& options) {
    json body{{"code", options.code}, {"name", options.name.empty() ? options.code : options.name}};
    if (!options.employer.empty()) body["employer"] = options.employer;
    if (!options.vehicle.empty()) body["vehicle"] = options.vehicle;
    if (!options.skills.empty()) body["skills"] = options.skills;
    return finish(session, session.door().post("/admin/v1/crews", body), [](const json& crew) {
        std::cout << cell(crew, "code") << " " << cell(crew, "name") << "\n";
    });
}

int list_crews(const Session& session) {
    return finish(session, session.door().get("/admin/v1/crews"), [](const json& answer) {
        Table table({"code", "name", "employer", "vehicle", "free"});
        for (const json& crew : answer["rows"])
            table.add({cell(crew, "code"), cell(crew, "name"), cell(crew, "employer"),
                       cell(crew, "vehicle"), crew.value("free", false) ? "yes" : "no"});
        table.print(std::cout);
    });
}

void add_crew_commands(CLI::App& app, Session& session) {
    auto options = std::make_shared<CrewOptions>();
    auto* crew = app.add_subcommand("crew", "field crews");
    crew->require_subcommand(1);
    auto* list = crew->add_subcommand("list", "all of them");
    list->footer("Example: vigie crew list");
    list->callback([&session] { session.run = [&session] { return list_crews(session); }; });
    auto* add = crew->add_subcommand("add", "a new one");
    add->add_option("code", options->code, "its code")->required();
    add->add_option("--name", options->name, "what people call it");
    add->add_option("--employer", options->employer, "who employs it");
    add->add_option("--vehicle", options->vehicle, "asset whose position is the crew's");
    add->add_option("--skill", options->skills, "what it can do; may be repeated")
        ->allow_extra_args(false);
    add->footer(
        "Example: vigie crew add EQ1 --name \"Équipe 1\" --vehicle VEH-001 --skill lighting");
    add->callback([&session, options] {
        session.run = [&session, options] { return add_crew(session, *options); };
    });
}

}  // namespace

void add_people_commands(CLI::App& app, Session& session) {
    auto options = std::make_shared<PersonOptions>();
    auto* user = app.add_subcommand("user", "people with an account");
    user->require_subcommand(1);
    auto* list = user->add_subcommand("list", "all of them");
    list->footer("Example: vigie user list --json");
    list->callback([&session] { session.run = [&session] { return list_people(session); }; });
    auto* add = user->add_subcommand("add", "a new one");
    add->add_option("login", options->login, "what they sign in with")->required();
    add->add_option("--name", options->name, "their name");
    add->add_option("--role", options->role, "what they may do")
        ->check(CLI::IsMember(
            {"operator", "supervisor", "director", "crew_member", "administrator", "integrator"}));
    add->add_option("--employer", options->employer, "who employs them")->required();
    add->add_option("--crew", options->crew, "code of the crew of a crew member");
    add->add_flag("--password-stdin", options->password_from_input,
                  "read the password from standard input; otherwise one is made and shown once");
    add->footer(
        "Example: vigie user add lea --name \"Léa Morel\" --role operator --employer Métropole");
    add->callback([&session, options] {
        session.run = [&session, options] { return add_person(session, *options); };
    });
    add_user_changes(*user, session, options);
    add_crew_commands(app, session);
}

}  // namespace vigie::cli
