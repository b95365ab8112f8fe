#include "tests/control/command_bench.hpp"

namespace vigie::control {

namespace {

using boost::asio::awaitable;

access::Principal person(const std::string& login, access::Role role) {
    access::Principal principal;
    principal.id = static_cast<std::int64_t>(login[0]);
    principal.login = login;
    principal.name = login;
    principal.role = role;
    principal.grants = access::default_grants(role);
    return principal;
}

std::shared_ptr<const std::vector<assets::Kind>> lamps() {
    assets::Command report;
    report.code = "report";
    report.name = {"Report now", "Rapport immédiat"};
    report.expires_max = std::chrono::hours{1};
    assets::Command dim;
    dim.code = "set_level";
    dim.name = {"Set the level", "Régler le niveau"};
    dim.expires_max = std::chrono::minutes{10};
    const auto number = [](const char* code, double max) {
        assets::Parameter parameter;
        parameter.code = code;
        parameter.min = 0;
        parameter.max = max;
        return parameter;
    };
    assets::Parameter mode;
    mode.code = "mode";
    mode.type = assets::ParameterType::code;
    mode.codes = {"slow", "fast"};
    mode.required = false;
    assets::Parameter test;
    test.code = "test";
    test.type = assets::ParameterType::boolean;
    test.required = false;
    dim.parameters = {number("level_pct", 100), number("for_s", 3600), mode, test};
    assets::Kind kind;
    kind.id = 1;
    kind.code = "light_point";
    kind.desk = "video";
    kind.commands = {report, dim};
    return std::make_shared<const std::vector<assets::Kind>>(std::vector{kind});
}

constexpr store::Query one_kind{"test_kind", "insert into asset_kind (code) values ($1)"};
constexpr store::Query one_asset{"test_asset", R"sql(
    insert into asset (code, kind_id, lon, lat, commune, street, life_stage)
    values ($1, 1, 5.04, 47.32, '21231', '', 'in_service'))sql"};

}  // namespace

CommandBench::CommandBench() {
    for (const auto& someone :
         {person("lea", access::Role::operator_), person("sam", access::Role::supervisor),
          person("dan", access::Role::director), person("zoe", access::Role::crew_member),
          person("ada", access::Role::administrator), person("ivo", access::Role::integrator),
          person("far", access::Role::operator_)}) {
        people[someone.login] = someone;
    }
    for (auto& grant : people["far"].grants)
        grant.commune = "21166";
    auto kinds = lamps();
    std::vector<assets::Asset> planted;
    for (const char* code : {"LP-1", "LP-2"}) {
        assets::Asset asset;
        asset.id = static_cast<assets::AssetId>(planted.size() + 1);
        asset.code = code;
        asset.kind = &kinds->front();
        asset.commune = "21231";
        asset.attributes = "{}";
        planted.push_back(asset);
    }
    pool.write_now([&](store::Transaction& tx) {
        tx.execute(one_kind, "light_point");
        for (const auto& asset : planted)
            tx.execute(one_asset, asset.code);
    });
    registry.publish(std::make_shared<assets::Catalogue>(kinds, std::move(planted)));
    restart();
}

void CommandBench::restart() {
    control.reset();
    stream = std::make_unique<live::Stream>("epoch");
    router = std::make_unique<api::Router>(
        pool, clock, [this](wire::Request request) -> awaitable<base::Result<access::Principal>> {
            const auto found = people.find(std::string(request.headers.get("X-Who")));
            if (found == people.end())
                co_return base::fail(base::Errc::unauthenticated, "nobody", "personne");
            co_return found->second;
        });
    spool = std::make_unique<store::Spool>(
        store::disk_files(), store::SpoolSettings{.folder = folder.path() + "/spool"});
    spool->open();
    control = std::make_unique<Control>(Parts{
        .pool = pool,
        .clock = clock,
        .stream = *stream,
        .registry = registry,
        .carrier = {.hears = [this](const std::string& topic) { return heard.contains(topic); },
                    .send =
                        [this](net::MqttDelivery delivery) {
                            sent.push_back(std::move(delivery));
                            return connections;
                        },
                    .room = [this] { ++rooms; },
                    .quarantine =
                        [this](const ingest::CommandResult&, const ingest::Refusal& refusal) {
                            quarantined.emplace_back(to_string(refusal.reason));
                            return true;
                        }}});
    control->add_routes(*router);
    control->keep_in(*spool);
    control->load();
}

Told CommandBench::ask(const std::string& who, const std::string& method, const std::string& target,
                       const nlohmann::json& body) {
    auto request = test::request_to(method, target, body.is_null() ? "" : body.dump());
    request.headers.set("X-Who", who);
    const auto response = test::ask(*router, std::move(request));
    return {response.status,
            response.body.empty() ? nlohmann::json() : nlohmann::json::parse(response.body)};
}

std::int64_t CommandBench::order(const std::string& asset, int expires_s) {
    const auto told = ask("lea", "POST", "/api/v1/assets/" + asset + "/commands",
                          {{"name", "report"}, {"expires_s", expires_s}});
    EXPECT_EQ(told.status, 201U) << told.body.dump();
    return std::stoll(told.body.at("id").get<std::string>());
}

nlohmann::json CommandBench::command(std::int64_t id) {
    return ask("lea", "GET", "/api/v1/commands/" + std::to_string(id)).body;
}

std::string CommandBench::story(std::int64_t id) {
    std::string text;
    for (const auto& step : command(id).at("transitions"))
        text += (text.empty() ? "" : " ") + step.at("to").get<std::string>();
    return text;
}

void CommandBench::come(const std::string& asset) {
    const std::string topic = "vigie/v1/" + asset + "/commands";
    heard.insert(topic);
    control->taker().listening(topic);
}

std::string CommandBench::result(std::int64_t id, const std::string& status,
                                 const std::string& asset, const std::string& detail) {
    const auto answered = std::make_shared<std::string>("-");
    const bool taken = control->taker().take(
        {.asset = registry.current()->find(asset)->id,
         .command = id,
         .message = {*ingest::result_status_from(status), detail, clock.now()},
         .credential = "gateway",
         .received_at = clock.now(),
         .topic = "vigie/v1/" + asset + "/commands/" + std::to_string(id) + "/result",
         .payload = "{}"},
        [answered](const std::optional<ingest::Refusal>& refusal) {
            *answered = refusal ? std::string(to_string(refusal->reason)) : "ok";
            return true;
        });
    if (!taken) return "busy";
    (void)control->work_once();
    return *answered;
}

void CommandBench::sql(const std::string& url, const std::string& statement) {
    store::Pool other(url, 1);
    const store::Query query{"test_sql", statement.c_str()};
    other.write_now([&](store::Transaction& tx) { tx.rows(query); });
}

void CommandBench::take_database_away() {
    sql(database.superuser_url(), "alter role vigie_app nologin");
    sql(database.superuser_url(),
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'vigie_app'");
}

void CommandBench::give_database_back() {
    sql(database.superuser_url(), "alter role vigie_app login");
}

}  // namespace vigie::control
