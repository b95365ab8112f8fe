// What the whole server answers, and what it is sent, against the schemas of docs/openapi.yaml: a
// day of the control room by real sign-ins, every operation with a JSON answer at least once.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <condition_variable>
#include <future>
#include <limits>
#include <mutex>

#include "tests/api/ask.hpp"
#include "tests/api/contract.hpp"
#include "tests/app/whole_server.hpp"
#include "tests/support/json_schema.hpp"

namespace vigie::app {
namespace {

using nlohmann::json;

struct Operation {
    std::string name;  // "GET /api/v1/alarms/{id}"
    const json* contract{};
};

// The newest row of each asset's alarm. The stream outlives the test's own members.
struct Board {
    std::mutex mutex;
    std::condition_variable came;
    std::map<std::string, json> alarms;
};

class Answers : public WholeServerBench {
protected:
    Answers()
        : WholeServerBench([](Foundation& f) { return api::session_authenticator(f.sessions); },
                           [](Foundation&) { return api::admin_authenticator(); }) {
        pipeline_.start_writers();
        foundation_.stream.subscribe(
            "alarms", [board = board_](const std::shared_ptr<const live::StreamEvent>& event) {
                const std::lock_guard lock(board->mutex);
                for (const auto& row : event->rows)
                    board->alarms[row.asset] = row.removed ? json() : json::parse(*row.json);
                board->came.notify_all();
                return true;
            });
        set_up();
    }
    ~Answers() override { pipeline_.stop_writers(std::chrono::seconds{30}); }

    // --- asking, with both sides held against the contract --------------------------------------
    json told(const std::string& who, const std::string& method, const std::string& target,
              unsigned status, const json& body = nullptr) {
        auto request = test::request_to(method, target, body.is_null() ? "" : body.dump());
        if (const auto found = cookies_.find(who); found != cookies_.end()) {
            request.headers.set("Cookie", "vigie_session=" + found->second.first);
            request.headers.set("X-CSRF-Token", found->second.second);
        }
        auto& router = target.starts_with("/open/") ? open_ : control_;
        const auto answer = test::ask(router, std::move(request));
        const auto& text = answer.shared_body ? *answer.shared_body : answer.body;
        EXPECT_EQ(answer.status, status) << method << " " << target << ": " << text;
        last_headers_ = answer.headers;
        const auto operation = operation_of(method, target);
        SCOPED_TRACE(method + " " + target + " " + std::to_string(answer.status));
        if (answer.status < 400) {
            check_request(operation, body);
            asked_.insert(operation.name);
        }
        return check_answer(operation, answer, text);
    }
    json get(const std::string& who, const std::string& target) {
        return told(who, "GET", target, 200);
    }

    Operation operation_of(const std::string& method, const std::string& target) {
        std::string word = method;
        std::ranges::transform(word, word.begin(), [](char c) {
            return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        });
        const auto path = target.substr(0, target.find('?'));
        for (const auto& [pattern, operations] : contract_["paths"].items()) {
            if (fits(pattern, path) && operations.contains(word))
                return {method + " " + pattern, &operations.at(word)};
        }
        throw std::logic_error("not in the contract: " + method + " " + target);
    }
    static bool fits(std::string_view pattern, std::string_view path) {
        while (!pattern.empty() && !path.empty()) {
            if (pattern.front() == '{') {
                pattern.remove_prefix(std::min(pattern.find('/'), pattern.size()));
                path.remove_prefix(std::min(path.find('/'), path.size()));
            } else if (pattern.front() == path.front()) {
                pattern.remove_prefix(1);
                path.remove_prefix(1);
            } else {
                return false;
            }
        }
        return pattern.empty() && path.empty();
    }

    void check_request(const Operation& operation, const json& body) {
        if (body.is_null()) return;
        const auto described = operation.contract->find("requestBody");
        ASSERT_NE(described, operation.contract->end()) << "takes no body by the contract";
        const auto& schema = described->at("content").at("application/json").at("schema");
        EXPECT_THAT(schemas_.faults(schema, body), testing::IsEmpty()) << "sent " << body.dump();
    }

    json check_answer(const Operation& operation, const wire::Response& answer,
                      const std::string& text) {
        const auto& responses = operation.contract->at("responses");
        const auto status = std::to_string(answer.status);
        const auto named = responses.contains(status) ? status : "default";
        EXPECT_TRUE(named == status || answer.status >= 400) << "the contract says no " << status;
        const auto& response = schemas_.resolved(responses.at(named));
        if (!response.contains("content")) {
            EXPECT_TRUE(text.empty()) << text;
            return nullptr;
        }
        const std::string type(answer.headers.get("Content-Type"));
        const auto content = response["content"].find(type);
        EXPECT_NE(content, response["content"].end()) << "the contract says nothing of " << type;
        const auto body = json::parse(text, nullptr, false);
        EXPECT_FALSE(body.is_discarded()) << text;
        if (content != response["content"].end()) {
            EXPECT_THAT(schemas_.faults(content->at("schema"), body), testing::IsEmpty()) << text;
        }
        return body;
    }

    // --- a small city ---------------------------------------------------------------------------
    void as_city_it(const std::string& target, std::string body, const char* type) {
        auto request = test::request_to("POST", target, std::move(body));
        request.headers.set("Content-Type", type);
        request.peer_uid = geteuid();
        const auto answer = test::ask(admin_, std::move(request));
        ASSERT_LT(answer.status, 300U) << target << ": " << answer.body;
    }
    void sign_in(const std::string& login, const std::string& role, const std::string& crew = {}) {
        const std::string password = "password of " + login;
        json person{{"login", login},
                    {"name", "Name of " + login},
                    {"role", role},
                    {"employer", "metropole"},
                    {"password", password}};
        if (!crew.empty()) person["crew"] = crew;
        as_city_it("/admin/v1/people", person.dump(), "application/json");
        const auto session =
            told("", "POST", "/api/v1/session", 200, {{"login", login}, {"password", password}});
        const std::string set(last_headers_.get("Set-Cookie"));
        const auto start = set.find('=') + 1;
        cookies_[login] = {set.substr(start, set.find(';') - start),
                           session.value("csrf_token", "")};
    }
    void set_up() {
        as_city_it("/admin/v1/zones/import",
                   R"({"type":"FeatureCollection","features":[{"type":"Feature",
                       "properties":{"code":"21231","nom":"Dijon"},"geometry":{"type":"Polygon",
                       "coordinates":[[[5,47.3],[5.1,47.3],[5.1,47.4],[5,47.4],[5,47.3]]]}}]})",
                   "application/geo+json");
        const auto import_assets = [this](const std::string& kind, const std::string& rows) {
            as_city_it("/admin/v1/assets/import?kind=" + kind, rows, "text/csv");
        };
        import_assets("signal_junction",
                      "code,lon,lat,street\nSJ-1,5.04,47.32,Place Wilson\nSJ-2,5.05,47.33,Rue A\n");
        import_assets("vehicle", "code,lon,lat\nVH-1,5.01,47.31\n");
        import_assets("car_park", "code,lon,lat,capacity,name\nPK-1,5.03,47.32,400,Darcy\n");
        import_assets("lighting_cabinet", "code,lon,lat\nARM-1,5.02,47.32\n");
        import_assets("lighting_circuit", "code,lon,lat,power_parent\nCIR-1,5.02,47.32,ARM-1\n");
        import_assets("light_point", "code,lon,lat,power_parent\nLP-1,5.021,47.32,CIR-1\n");
        sign_in("lea", "operator");
        sign_in("sam", "supervisor");
        sign_in("ada", "administrator");
    }

    // One message of that asset, now: stored, then in the live city.
    void hear(const std::string& code, const std::map<std::string, std::vector<double>>& said) {
        const auto catalogue = foundation_.registry.current();
        const auto& asset = *catalogue->find(code);
        store::Frame frame;
        frame.asset_id = asset.id;
        frame.observed_at = clock_.now();
        frame.received_at = frame.observed_at;
        frame.layout = asset.kind->layout;
        frame.vals.assign(static_cast<std::size_t>(asset.kind->width),
                          std::numeric_limits<double>::quiet_NaN());
        for (const auto& [property, values] : said) {
            const auto at = static_cast<std::size_t>(asset.kind->property(property)->position);
            std::ranges::copy(values, frame.vals.begin() + static_cast<std::ptrdiff_t>(at));
        }
        const auto done = std::make_shared<std::promise<void>>();
        store::Submission submission;
        submission.frames.push_back(std::move(frame));
        submission.durable = [done] { done->set_value(); };
        ASSERT_TRUE(pipeline_.writer().submit(submission));
        done->get_future().wait();
        test::await(foundation_.city.ask([](live::CityState&) { return true; }));
    }
    double code_of(const std::string& kind, const std::string& property, const std::string& code) {
        const auto catalogue = foundation_.registry.current();
        const auto& codes = catalogue->kind(kind)->property(property)->codes;
        return static_cast<double>(std::ranges::find(codes, code) - codes.begin());
    }
    // The alarm of that asset, once it stands and its condition is (or is no longer) true.
    json alarm_of(const std::string& asset, bool active) {
        std::unique_lock lock(board_->mutex);
        const bool came = board_->came.wait_for(lock, std::chrono::seconds{30}, [&] {
            const auto found = board_->alarms.find(asset);
            return found != board_->alarms.end() && found->second.is_object() &&
                   found->second.at("active") == active;
        });
        EXPECT_TRUE(came) << asset;
        return came ? board_->alarms.at(asset) : json::object();
    }
    [[nodiscard]] std::string now() const { return base::to_rfc3339(clock_.now()); }

    void ask_about_the_city();
    std::int64_t work_on_an_incident(const std::string& alarm);
    void repair(std::int64_t incident);
    void run_the_room(std::int64_t incident);
    void command_a_lamp();
    void administer();

    json contract_ = test::contract_document();
    test::JsonSchemas schemas_{contract_};
    std::map<std::string, std::pair<std::string, std::string>> cookies_;
    wire::Headers last_headers_;
    std::set<std::string> asked_;
    std::shared_ptr<Board> board_ = std::make_shared<Board>();
};

void Answers::ask_about_the_city() {
    hear("VH-1", {{"position", {5.02, 47.31}}, {"speed_kmh", {12}}});
    hear("PK-1", {{"free", {42}}, {"open", {1}}});
    hear("LP-1", {{"lamp_on", {1}}});
    for (const char* kind : {"signal_junction", "vehicle", "car_park", "light_point"})
        get("lea", std::string("/api/v1/live?kind=") + kind);
    for (const char* asset : {"SJ-1", "SJ-2", "VH-1", "PK-1", "LP-1"})
        get("lea", std::string("/api/v1/assets/") + asset);
    const auto vehicle = get("lea", "/api/v1/assets/VH-1/observations?property=speed_kmh");
    EXPECT_FALSE(vehicle.at("series")[0].at("points").empty());
    get("lea", "/api/v1/assets/VH-1/observations?property=speed_kmh&bucket=15m");
    EXPECT_FALSE(get("lea", "/api/v1/assets/ARM-1/children?graph=power").at("rows").empty());
    get("lea", "/api/v1/assets?limit=1");
    get("lea", "/api/v1/kinds");
    get("lea", "/api/v1/map/points");
    EXPECT_FALSE(get("lea", "/api/v1/zones").at("rows").empty());
    EXPECT_FALSE(get("lea", "/api/v1/addresses?q=SJ-1").at("rows").empty());
    get("", "/api/v1/openapi.json");
    const auto parks = get("", "/open/v1/car-parks.geojson");
    EXPECT_EQ(parks.at("features")[0].at("properties").at("free"), 42);
    told("", "OPTIONS", "/open/v1/car-parks.geojson", 204);
    told("lea", "GET", "/api/v1/assets/NOWHERE", 404);
    told("lea", "GET", "/api/v1/alarms?state=none", 422);
    told("", "GET", "/api/v1/alarms", 401);
}

std::int64_t Answers::work_on_an_incident(const std::string& alarm) {
    get("lea", "/api/v1/alarms");
    get("lea", "/api/v1/alarms/" + alarm);
    told("lea", "POST", "/api/v1/alarms/" + alarm + "/acknowledge", 200, {{"reason", "seen"}});
    told("lea", "POST", "/api/v1/alarms/" + alarm + "/acknowledge", 409);
    const auto opened = told("lea", "POST", "/api/v1/incidents", 201,
                             {{"alarm", alarm}, {"note", "camera 7"}, {"claim", true}});
    const auto number = opened.at("number").get<std::int64_t>();
    const std::string path = "/api/v1/incidents/" + std::to_string(number);
    told("sam", "POST", path + "/claim", 409);
    told("lea", "POST", path + "/release", 200);
    told("lea", "POST", path + "/claim", 200);
    told("lea", "PATCH", path, 200, {{"title", "Both ways"}, {"priority", 1}, {"desk", "police"}});
    told("lea", "POST", path + "/notes", 201, {{"text", "police told"}});
    const auto contact = told("lea", "POST", "/api/v1/contacts", 201,
                              {{"channel", "phone"},
                               {"summary", "Lights are out"},
                               {"caller_name", "Jeanne Martin"},
                               {"callback_number", "+33 3 80 00 00 00"},
                               {"position", {5.04, 47.32}},
                               {"incident", number}});
    get("lea", "/api/v1/contacts/" + contact.at("id").get<std::string>());
    hear("SJ-2", {{"mode", {code_of("signal_junction", "mode", "extinguished")}}});
    const auto second = alarm_of("SJ-2", true).at("id").get<std::string>();
    told("lea", "POST", path + "/alarms", 200, {{"alarm", second}});
    told("lea", "POST", path + "/close", 409, {{"reason", "solved"}});
    return number;
}

void Answers::repair(std::int64_t incident) {
    const std::string path = "/api/v1/incidents/" + std::to_string(incident);
    told("sam", "POST", "/api/v1/crews", 201,
         {{"code", "EQ1"}, {"name", "Équipe 1"}, {"vehicle", "VH-1"}, {"skills", {"signals"}}});
    told("sam", "POST", "/api/v1/crews", 201, {{"code", "EQ2"}, {"name", "Équipe 2"}});
    sign_in("zoe", "crew_member", "EQ1");
    const auto proposals = get("lea", path + "/crew_proposals");
    EXPECT_EQ(proposals.at("proposed").size(), 1U);
    EXPECT_EQ(proposals.at("others").size(), 1U);
    told("zoe", "PUT", "/api/v1/crews/EQ1/position", 200,
         {{"at", now()}, {"position", {5.03, 47.32}}});
    const auto sent = told("lea", "POST", path + "/interventions", 201,
                           {{"crew", "EQ1"}, {"asset", "SJ-1"}, {"description", "reset it"}});
    const std::string intervention = "/api/v1/interventions/" + sent.at("id").get<std::string>();
    const auto move = [&](const char* who, const char* to, unsigned status, json more = {}) {
        json body{{"to", to}, {"at", now()}};
        if (!more.is_null()) body.update(more);
        return told(who, "POST", intervention + "/transitions", status, body);
    };
    move("zoe", "restored", 409);
    const auto fast = base::to_rfc3339(clock_.now() + std::chrono::hours{1});
    move("zoe", "accepted", 200, {{"at", fast}, {"position", {5.03, 47.32}}});
    move("zoe", "on_site", 200);
    move("zoe", "paused", 200, {{"reason", "parts"}, {"note", "back at noon"}});
    move("zoe", "on_site", 200);
    get("lea", "/api/v1/crews");
    get("lea", "/api/v1/interventions");
    move("zoe", "restored", 200);
    move("lea", "verified", 200, {{"reason", "override"}, {"note", "seen"}});
    get("lea", intervention);
    move("lea", "closed", 200);
}

void Answers::run_the_room(std::int64_t incident) {
    const std::string path = "/api/v1/incidents/" + std::to_string(incident);
    get("lea", path);
    get("lea", "/api/v1/incidents");
    get("lea", "/api/v1/desks");
    told("lea", "POST", path + "/close", 200,
         {{"reason", "false_alarm"}, {"text", "the sensor is wrong"}});
    get("lea", "/api/v1/incidents?status=closed");
    get("lea", path);
    const auto entry = told("lea", "POST", "/api/v1/logbook", 201, {{"text", "quiet"}});
    told("lea", "POST", "/api/v1/logbook", 201,
         {{"text", "not so quiet"}, {"corrects", entry.at("number")}});
    EXPECT_GT(get("lea", "/api/v1/logbook").at("rows").size(), 10U);
    get("lea", "/api/v1/alarms?state=normal,unacknowledged,acknowledged,returned,suppressed");
}

void Answers::command_a_lamp() {
    const std::string commands = "/api/v1/assets/LP-1/commands";
    const auto made = told("lea", "POST", commands, 201,
                           {{"name", "set_level"},
                            {"params", {{"level_pct", 50}, {"for_s", 600}}},
                            {"expires_s", 300}});
    const std::string command = "/api/v1/commands/" + made.at("id").get<std::string>();
    told("lea", "POST", commands, 422, {{"name", "set_level"}});
    EXPECT_EQ(get("lea", commands + "?open=true").at("rows").size(), 1U);
    told("lea", "POST", command + "/cancel", 200, {{"reason", "not needed"}});
    told("lea", "POST", command + "/cancel", 409);
    EXPECT_EQ(get("lea", command).at("transitions").size(), 2U);
}

void Answers::administer() {
    told("ada", "POST", "/api/v1/people", 201,
         {{"login", "max"},
          {"name", "Max"},
          {"role", "operator"},
          {"employer", "metropole"},
          {"password", "a long password"}});
    told("ada", "PATCH", "/api/v1/people/max", 200, {{"disabled", true}});
    get("ada", "/api/v1/people?limit=2");
    const auto token = told("lea", "POST", "/api/v1/tokens", 201,
                            {{"name", "board"}, {"expires_at", "2100-01-01T00:00:00Z"}});
    get("lea", "/api/v1/tokens");
    told("lea", "DELETE", "/api/v1/tokens/" + token.at("id").get<std::string>(), 204);
    get("lea", "/api/v1/session");
    told("lea", "DELETE", "/api/v1/session", 204);
}

TEST_F(Answers, AreWhatTheContractSays) {
    hear("SJ-1", {{"mode", {code_of("signal_junction", "mode", "flashing_amber")}}});
    const auto alarm = alarm_of("SJ-1", true).at("id").get<std::string>();
    ask_about_the_city();
    const auto incident = work_on_an_incident(alarm);
    repair(incident);
    hear("SJ-1", {{"mode", {code_of("signal_junction", "mode", "plan")}}});
    run_the_room(incident);
    command_a_lamp();
    administer();

    std::set<std::string> unasked;
    for (const auto& [pattern, operations] : contract_["paths"].items()) {
        for (const auto& [method, operation] : operations.items()) {
            std::string name = method + " " + pattern;
            std::ranges::transform(method, name.begin(),
                                   [](char c) { return static_cast<char>(c - 32); });
            if (!asked_.contains(name)) unasked.insert(name);
        }
    }
    // Not of these routers, or an answer that is no JSON of a schema.
    EXPECT_THAT(unasked,
                testing::ElementsAre("GET /api/v1/map/layers/{layer}", "GET /api/v1/stream",
                                     "POST /ingest/v1/observations"));
}

}  // namespace
}  // namespace vigie::app
