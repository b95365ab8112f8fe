#include <iostream>

#include "cli/commands.hpp"
#include "cli/secret_file.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

struct CredentialOptions {
    std::string name;
    std::vector<std::string> assets;
    std::string kind;
    bool all{};
    bool backfill{};
    bool replace{};
    std::string from_file;
    std::string secrets_out;
    std::string messages_per_s;
    std::string messages_burst;
    std::string values_per_s;
    std::string message_bytes_max;
    std::string certificate;
    std::string certificate_subject;
};

// Those given; an empty object when none is. Throws for what is no number.
json limits_of(const CredentialOptions& options) {
    json limits = json::object();
    const auto add = [&limits](const char* name, const std::string& given) {
        if (given.empty()) return;
        const json number = json::parse(given, nullptr, false);
        if (!number.is_number())
            throw std::runtime_error(std::string(name) + ": " + given + " is no number");
        limits[name] = number;
    };
    add("messages_per_s", options.messages_per_s);
    add("messages_burst", options.messages_burst);
    add("values_per_s", options.values_per_s);
    add("message_bytes_max", options.message_bytes_max);
    return limits;
}

void add_limits(CLI::App& command, CredentialOptions& options) {
    command.add_option("--messages-per-s", options.messages_per_s,
                       "messages a second; 0: any number");
    command.add_option("--messages-burst", options.messages_burst, "and as many at once");
    command.add_option("--values-per-s", options.values_per_s, "values a second; 0: any number");
    command.add_option("--message-bytes", options.message_bytes_max,
                       "greatest MQTT packet and HTTP body; 0: what the door takes");
}

// The wishes of a file [{"name": ..., "assets": [...]}], or the one of the command line.
json wishes_of(const CredentialOptions& options) {
    json wishes = json::array();
    if (options.from_file.empty()) {
        json wish{{"name", options.name}, {"may_backfill", options.backfill}};
        if (!options.assets.empty()) wish["assets"] = options.assets;
        if (!options.kind.empty()) wish["kind"] = options.kind;
        if (options.all) wish["all_assets"] = true;
        if (!options.certificate.empty()) wish["certificate"] = read_file(options.certificate);
        if (!options.certificate_subject.empty())
            wish["certificate_subject"] = options.certificate_subject;
        if (json limits = limits_of(options); !limits.empty()) wish["limits"] = std::move(limits);
        wishes.push_back(std::move(wish));
        return wishes;
    }
    wishes = json::parse(read_file(options.from_file), nullptr, false);
    if (!wishes.is_array())
        throw std::runtime_error(options.from_file +
                                 R"( must be a list [{"name": ..., "assets": [...]}])");
    for (json& wish : wishes) {
        if (wish.is_object() && options.backfill) wish["may_backfill"] = true;
    }
    return wishes;
}

int create(const Session& session, const CredentialOptions& options) {
    if (options.name.empty() == options.from_file.empty())
        return fail(session, "give either NAME or --from-file", exit_usage);
    const json body{{"credentials", wishes_of(options)}, {"replace", options.replace}};
    const DoorReply reply = session.door().post("/admin/v1/credentials", body);
    if (!reply.ok()) return refuse(session, reply.body);
    const json& made = reply.body["rows"];
    if (!options.secrets_out.empty()) {
        write_secret_file(options.secrets_out, made.dump(1) + "\n");
        std::cout << (session.json
                          ? json{{"created", made.size()}, {"secrets", options.secrets_out}}.dump(2)
                          : std::to_string(made.size()) +
                                " credentials made; their secrets are in " + options.secrets_out +
                                ", and nowhere else")
                  << "\n";
        return exit_done;
    }
    return finish(session, reply, [](const json& answer) {
        for (const json& each : answer["rows"]) {
            std::cout << "username: " << cell(each, "username") << "\n";
            if (each.contains("certificate")) {
                std::cout << "signs in by its certificate, " << cell(each, "certificate") << "\n";
            } else {
                std::cout << "password: " << cell(each, "password")
                          << "\nShown only this once; kept only as a hash.\n";
            }
        }
    });
}

// With a star when it was set for this credential; "any" without a limit.
std::string limit_cell(const json& credential, const char* name) {
    const json& limit = credential.at("limits").at(name);
    const std::string text = limit.is_null() ? "any" : limit.dump();
    return credential.at("own_limits").contains(name) ? text + "*" : text;
}

int list_credentials(const Session& session, std::size_t limit) {
    const DoorReply reply = all_pages(session.door(), "/admin/v1/credentials", {}, limit);
    return finish(session, reply, [](const json& answer) {
        Table table({"name", "covers", "backfill", "messages/s", "burst", "values/s", "bytes",
                     "created", "revoked"});
        for (const json& each : answer["rows"])
            table.add(
                {cell(each, "name"),
                 each.value("all_assets", false) ? "every asset" : cell(each, "assets") + " assets",
                 each.value("may_backfill", false) ? "yes" : "no",
                 limit_cell(each, "messages_per_s"), limit_cell(each, "messages_burst"),
                 limit_cell(each, "values_per_s"), limit_cell(each, "message_bytes_max"),
                 cell(each, "created_at"), cell(each, "revoked_at")});
        table.print(std::cout);
        if (answer.value("more", false)) std::cout << "... and more: --limit 0 lists all\n";
    });
}

void add_create(CLI::App& credential, Session& session,
                const std::shared_ptr<CredentialOptions>& options) {
    auto* make = credential.add_subcommand("create", "let a device, gateway or platform in");
    make->add_option("name", options->name, "its name, which is its user name");
    make->add_option("--asset", options->assets, "an asset it speaks for; may be repeated")
        ->allow_extra_args(false);
    make->add_option("--kind", options->kind,
                     "it speaks for every asset of that kind there is now");
    make->add_flag("--all", options->all, "it speaks for every asset, also later ones");
    make->add_flag("--backfill", options->backfill,
                   "it may fill in history, however old; what it fills in raises no alarm");
    make->add_flag("--replace", options->replace,
                   "a name in use gets a new secret and these assets, and is cut off");
    auto* certificate =
        make->add_option("--certificate", options->certificate,
                         "PEM file: this client certificate signs it in, instead of a password");
    make->add_option("--certificate-subject", options->certificate_subject,
                     "so does any of our authorities' with this subject (RFC 2253)")
        ->excludes(certificate);
    add_limits(*make, *options);
    auto* from = make->add_option("--from-file", options->from_file,
                                  R"(many at once: JSON [{"name": ..., "assets": [...]}])");
    auto* out = make->add_option("--secrets-out", options->secrets_out,
                                 "write the secrets there (mode 0600) instead of showing them");
    from->needs(out);
    make->footer(
        "Examples: vigie credential create gateway-12 --asset CAB-0012 --asset LP-00431\n"
        "          vigie credential create --from-file credentials.json --secrets-out "
        "secrets.json");
    make->callback([&session, options] {
        session.run = [&session, options] { return create(session, *options); };
    });
}

void add_set_limits(CLI::App& credential, Session& session,
                    const std::shared_ptr<CredentialOptions>& options) {
    auto* set = credential.add_subcommand(
        "set-limits", "what it may send; what is not given is as the settings say");
    set->add_option("name", options->name, "its name")->required();
    add_limits(*set, *options);
    set->footer(
        "Example: vigie credential set-limits gateway-12 --messages-per-s 50 "
        "--values-per-s 500");
    set->callback([&session, options] {
        session.run = [&session, options] {
            const std::string path = "/admin/v1/credentials/" + segment(options->name) + "/limits";
            return finish(session, session.door().post(path, limits_of(*options)),
                          [](const json& each) {
                              std::cout << cell(each, "name") << ": messages/s "
                                        << limit_cell(each, "messages_per_s") << ", burst "
                                        << limit_cell(each, "messages_burst") << ", values/s "
                                        << limit_cell(each, "values_per_s") << ", bytes "
                                        << limit_cell(each, "message_bytes_max") << "\n";
                          });
        };
    });
}

}  // namespace

void add_credential_commands(CLI::App& app, Session& session) {
    auto options = std::make_shared<CredentialOptions>();
    auto* credential = app.add_subcommand("credential", "credentials of devices and gateways");
    credential->require_subcommand(1);
    add_create(*credential, session, options);
    auto limit = std::make_shared<std::size_t>(100);
    auto* list = credential->add_subcommand("list", "those there are (never their secrets)");
    list->add_option("--limit", *limit, "at most that many; 0: all");
    list->footer("Example: vigie credential list --limit 0 --json");
    list->callback([&session, limit] {
        session.run = [&session, limit] { return list_credentials(session, *limit); };
    });
    add_set_limits(*credential, session, options);
    auto* revoke =
        credential->add_subcommand("revoke", "refuse it from now on, and cut its connections");
    revoke->add_option("name", options->name, "its name")->required();
    revoke->footer("Example: vigie credential revoke gateway-12");
    revoke->callback([&session, options] {
        session.run = [&session, options] {
            const std::string path = "/admin/v1/credentials/" + segment(options->name) + "/revoke";
            return finish(session, session.door().post(path, json()), [](const json& each) {
                std::cout << cell(each, "name") << " is revoked\n";
            });
        };
    });
}

}  // namespace vigie::cli
