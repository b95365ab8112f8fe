#include "tests/operations/control_room.hpp"

namespace vigie::operations {

namespace {

using boost::asio::awaitable;

access::Principal person(const std::string& login, const std::string& name, access::Role role,
                         const std::string& crew = {}) {
    access::Principal principal;
    principal.id = static_cast<std::int64_t>(login[0]);
    principal.login = login;
    principal.name = name;
    principal.role = role;
    principal.employer = "metropole";
    principal.crew = crew;
    principal.grants = access::default_grants(role);
    return principal;
}

assets::Property property(const char* code, assets::PropertyType type) {
    assets::Property made;
    made.code = code;
    made.type = type;
    return made;
}

assets::Rule rule(const char* code, base::Text name, const char* on) {
    assets::Rule made;
    made.code = code;
    made.name = std::move(name);
    made.property = on;
    made.priority = 2;
    return made;
}

std::shared_ptr<const std::vector<assets::Kind>> two_kinds() {
    auto mode = property("mode", assets::PropertyType::code);
    mode.codes = {"plan", "flashing_amber"};
    mode.code_names = {{"running its plan", "plan de feux"},
                       {"flashing amber", "jaune clignotant"}};
    auto amber = rule("flashing_amber",
                      {"Junction at flashing amber", "Carrefour au jaune clignotant"}, "mode");
    amber.response = {"Send a crew", "Envoyer une équipe"};
    assets::Kind junction;
    junction.id = 1;
    junction.code = "signal_junction";
    junction.desk = "traffic";
    junction.properties = {mode, property("door_open", assets::PropertyType::boolean),
                           property("load", assets::PropertyType::number)};
    junction.rules = {amber, rule("door", {"Door open", "Porte ouverte"}, "door_open"),
                      rule("load", {"Overload", "Surcharge"}, "load")};
    assets::Kind vehicle;
    vehicle.id = 2;
    vehicle.code = "vehicle";
    vehicle.desk = "winter";
    return std::make_shared<const std::vector<assets::Kind>>(
        std::vector<assets::Kind>{junction, vehicle});
}

assets::Asset asset_of(const assets::Kind& kind, int id, const char* code, base::LonLat place) {
    assets::Asset asset;
    asset.id = id;
    asset.code = code;
    asset.kind = &kind;
    asset.place = place;
    asset.commune = "21231";
    asset.street = "Place Wilson";
    asset.attributes = "{}";
    return asset;
}

constexpr store::Query one_kind{"test_kind", "insert into asset_kind (code) values ($1)"};
constexpr store::Query one_asset{"test_asset", R"sql(
    insert into asset (code, kind_id, lon, lat, commune, street, life_stage)
    values ($1, $2::int, $3::float8, $4::float8, '21231', 'Place Wilson', 'in_service'))sql"};

}  // namespace

ControlRoom::ControlRoom()
    : router(pool, clock,
             [this](wire::Request request) -> awaitable<base::Result<access::Principal>> {
                 const std::string who(request.headers.get("X-Who"));
                 const auto found = people.find(who);
                 if (found == people.end()) {
                     co_return base::fail(base::Errc::unauthenticated, "nobody", "personne");
                 }
                 co_return found->second;
             }),
      admin(pool, clock, [](wire::Request) -> awaitable<base::Result<access::Principal>> {
          co_return access::admin_principal("root");
      }) {
    for (const auto& someone : {person("lea", "Léa", access::Role::operator_),
                                person("max", "Max", access::Role::operator_),
                                person("sam", "Sam", access::Role::supervisor),
                                person("zoe", "Zoé", access::Role::crew_member, "EQ1"),
                                person("tom", "Tom", access::Role::crew_member, "EQ2"),
                                person("ada", "Ada", access::Role::administrator),
                                person("ivo", "Ivo", access::Role::integrator)}) {
        people[someone.login] = someone;
    }
    auto kinds = two_kinds();
    std::vector<assets::Asset> assets{
        asset_of(kinds->at(0), 1, "SJ-1", {5.0415, 47.3220}),
        asset_of(kinds->at(0), 2, "SJ-2", {5.0500, 47.3300}),
        asset_of(kinds->at(1), 3, "VH-1", {5.0000, 47.3000}),
    };
    pool.write_now([&](store::Transaction& tx) {
        for (const auto& kind : *kinds)
            tx.execute(one_kind, kind.code);
        for (const auto& asset : assets) {
            tx.execute(one_asset, asset.code, asset.kind->id, asset.place.lon, asset.place.lat);
        }
    });
    registry.publish(std::make_shared<assets::Catalogue>(kinds, std::move(assets)));
    operations = std::make_unique<Operations>(Parts{
        .pool = pool,
        .clock = clock,
        .stream = stream,
        .registry = registry,
        .recorder = recorder,
        .commune_of = [](base::LonLat p) { return p.lon > 6 ? std::string("99999") : "21231"; },
        .vehicle_position = [this](const std::string& asset) -> std::optional<Located> {
            const auto found = vehicles.find(asset);
            return found == vehicles.end() ? std::nullopt : std::optional(found->second);
        }});
    operations->add_routes(router);
    operations->add_admin_routes(admin);
    post("sam", "/api/v1/crews", {{"code", "EQ1"}, {"name", "Équipe 1"}, {"vehicle", "VH-1"}});
    post("sam", "/api/v1/crews", {{"code", "EQ2"}, {"name", "Équipe 2"}});
}

Told ControlRoom::ask(const std::string& who, const std::string& method, const std::string& target,
                      const nlohmann::json& body, const std::string& key) {
    auto request = test::request_to(method, target, body.is_null() ? "" : body.dump());
    request.headers.set("X-Who", who);
    if (!key.empty()) request.headers.set("Idempotency-Key", key);
    api::Router& door = target.starts_with("/admin") ? admin : router;
    const auto response = test::ask(door, std::move(request));
    return {response.status,
            response.body.empty() ? nlohmann::json() : nlohmann::json::parse(response.body),
            response.headers};
}

void ControlRoom::record(const std::string& alarm, alarms::Event event, base::Instant at,
                         const std::string& suppressed_by) {
    alarms::Occurrence occurrence = occurrences.at(alarm);
    occurrence.event = event;
    occurrence.at = at;
    occurrence.learnt_at = clock.now();
    occurrence.suppressed_by = suppressed_by;
    recorder.submit({occurrence});
    ASSERT_TRUE(recorder.record_batch());
}

std::string ControlRoom::raise(const std::string& asset, base::Instant at,
                               const std::string& suppressed_by) {
    const auto catalogue = registry.current();
    const assets::Asset& subject = *catalogue->find(asset);
    alarms::Occurrence occurrence;
    // As many alarms as a test wants, of one rule on one asset.
    occurrence.alarm = alarms::alarm_id(asset, std::to_string(occurrences.size()), at);
    occurrence.asset = subject.id;
    occurrence.kind = subject.kind->code;
    occurrence.commune = subject.commune;
    occurrence.rule = "flashing_amber";
    occurrence.desk = subject.kind->desk;
    occurrence.priority = 2;
    occurrence.value = "flashing_amber";
    occurrences[occurrence.alarm] = occurrence;
    record(occurrence.alarm, alarms::Event::raise, at, suppressed_by);
    return occurrence.alarm;
}

void ControlRoom::give_back(const std::string& alarm, base::Instant at) {
    record(alarm, alarms::Event::come_back, at);
}

void ControlRoom::acknowledge(const std::string& who, const std::string& alarm,
                              const std::string& reason) {
    const alarms::Person person{who, people.at(who).name};
    pool.write_now([&](store::Transaction& tx) {
        EXPECT_TRUE(recorder.acknowledge(tx, alarm, person, reason, clock.now()).ok());
    });
}

void ControlRoom::rise_again(const std::string& alarm, base::Instant at) {
    record(alarm, alarms::Event::raise, at);
}

std::int64_t ControlRoom::open_incident() {
    const auto alarm = raise("SJ-1", clock.now());
    return post("lea", "/api/v1/incidents", {{"alarm", alarm}})
        .body.at("number")
        .get<std::int64_t>();
}

std::string ControlRoom::dispatch(std::int64_t incident, const std::string& crew) {
    const auto told =
        post("lea", "/api/v1/incidents/" + std::to_string(incident) + "/interventions",
             {{"crew", crew}});
    return told.body.at("id").get<std::string>();
}

Told ControlRoom::move(const std::string& who, const std::string& intervention,
                       const std::string& to, const nlohmann::json& more) {
    nlohmann::json body{{"to", to}, {"at", at()}};
    body.update(more);
    return post(who, "/api/v1/interventions/" + intervention + "/transitions", body);
}

void ControlRoom::work_up_to_restored(const std::string& intervention) {
    for (const char* to : {"accepted", "en_route", "on_site", "made_safe", "restored"}) {
        clock.advance(std::chrono::minutes{1});
        const auto told = move("zoe", intervention, to);
        ASSERT_EQ(told.status, 200U) << to << " " << told.body.dump();
    }
}

void ControlRoom::sql(const std::string& url, const std::string& statement) {
    store::Pool other(url, 1);
    const store::Query query{"test_sql", statement.c_str()};
    other.write_now([&](store::Transaction& tx) { tx.execute(query); });
}

std::string ControlRoom::one(const std::string& statement) {
    store::Pool other(database.superuser_url(), 1);
    const store::Query query{"test_one", statement.c_str()};
    return other.read_now(
        [&](store::Transaction& tx) { return std::string(tx.row(query)->text("one")); });
}

std::vector<std::string> ControlRoom::entry_types(const nlohmann::json& entries) const {
    std::vector<std::string> types;
    for (const auto& entry : entries)
        types.push_back(entry.at("entry_type"));
    return types;
}

}  // namespace vigie::operations
