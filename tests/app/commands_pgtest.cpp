// Commands through the whole server: REST on one side, a device of either version over TCP on the
// other, with its restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/modules.hpp"
#include "app/start_steps.hpp"
#include "tests/api/ask.hpp"
#include "tests/api/contract.hpp"
#include "tests/app/door_run.hpp"

namespace vigie::app {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;
using namespace std::chrono_literals;

constexpr store::Query quarantined{
    "test_quarantine", "select reason || ' ' || topic as line from quarantine order by id"};
constexpr store::Query entries{"test_entries",
                               "select entry_type as line from logbook_entry order by number"};
constexpr store::Query audited{"test_audit", "select action as line from audit order by number"};

struct Heard {
    std::string topic;
    json payload;
    std::optional<std::uint32_t> expiry_s;
};

// One run of the server's device door with its services.
struct CityRun {
    CityRun(const config::Settings& settings, const base::Clock& clock,
            const test::Database& database)
        : door(settings, clock, database, [this, &clock](Foundation& f, Pipeline& p) {
              control = std::make_unique<api::Router>(f.pool, clock, test::role_authenticator());
              open = std::make_unique<api::Router>(f.pool, clock, test::role_authenticator());
              admin = std::make_unique<api::Router>(f.pool, clock, test::role_authenticator());
              modules = std::make_unique<Modules>(f, p, Routers{*control, *open, *admin});
              StartSteps steps;
              modules->start(steps);
          }) {}
    ~CityRun() {
        door.close();
        modules->stop();
    }
    std::unique_ptr<api::Router> control;
    std::unique_ptr<api::Router> open;
    std::unique_ptr<api::Router> admin;
    std::unique_ptr<Modules> modules;
    DoorRun door;
};

class Commands : public DoorTest, public testing::WithParamInterface<Version> {
protected:
    Commands() {
        start();
        plant({"AS-1", "AS-2"});  // of the first kind, air stations
        run_.reset();
        begin();
        password_ = make({"gateway", {"AS-1"}, "", false, false}).secret;
    }
    ~Commands() override { end(); }
    void begin() { city_ = std::make_unique<CityRun>(settings_, clock_, database_); }
    // A client that nobody drives would not answer the goodbye.
    void end() {
        client_.reset();
        city_.reset();
    }
    ingest::CredentialSecret make(const ingest::CredentialWish& wish) {
        auto& f = city_->door.foundation;
        const auto catalogue = f.registry.current();
        return f.pool
            .write_now([&](store::Transaction& tx) {
                return f.credentials.create(tx, *catalogue, {wish}, false);
            })
            ->at(0);
    }
    net::MqttConnected join(const std::string& client_id = "device") {
        client_ = std::make_unique<net::MqttClient>(io_.get_executor());
        client_->on_message([this](const wire::mqtt::Publish& message) {
            heard_.push_back(
                {std::string(message.topic), json::parse(message.payload),
                 message.properties.number(wire::mqtt::PropertyId::message_expiry_interval)});
        });
        net::MqttClientSettings settings;
        settings.port = city_->door.pipeline.mqtt().ports().at(0);
        settings.version = GetParam();
        settings.client_id = client_id;
        settings.user_name = "gateway";
        settings.password = password_;
        settings.clean_start = false;
        settings.session_expiry_s = 3'600;
        auto answer = wait_for(client_->connect(settings));
        EXPECT_TRUE(answer.ok());
        return answer.ok() ? *std::move(answer) : net::MqttConnected{};
    }
    void subscribe(const std::string& filter = "vigie/v1/+/commands") {
        wait_for(client_->subscribe({{filter, Qos::at_least_once}}));
    }
    // Its end is known to the server.
    void leave() {
        client_->abort();
        while (city_->door.pipeline.mqtt().counters().connections.load() != 0)
            std::this_thread::yield();
        while (city_->door.pipeline.sessions().unwritten() != 0)
            std::this_thread::yield();
    }
    json ask(const std::string& method, const std::string& target, const json& body = nullptr) {
        auto request = test::request_to(method, target, body.is_null() ? "" : body.dump());
        request.headers.set("X-Test-Role", "operator");
        return json::parse(test::ask(*city_->control, std::move(request)).body);
    }
    std::string order(int expires_s = 60, const std::string& asset = "AS-1") {
        const auto made = ask("POST", "/api/v1/assets/" + asset + "/commands",
                              {{"name", "report"}, {"expires_s", expires_s}});
        EXPECT_TRUE(made.contains("id")) << made.dump();
        return made.value("id", "");
    }
    std::string state(const std::string& id) {
        return ask("GET", "/api/v1/commands/" + id).value("state", "");
    }
    // Asked again until it is so: the server's own threads work on it.
    void wait_until(const std::string& id, const std::string& wanted) {
        while (state(id) != wanted)
            io_.poll();
    }
    void hear(std::size_t count) {
        run_until([&] { return heard_.size() >= count; });
    }
    net::MqttAcknowledgement result(const std::string& asset, const std::string& id,
                                    const std::string& payload, Qos qos = Qos::at_least_once) {
        return wait_for(
            client_->publish("vigie/v1/" + asset + "/commands/" + id + "/result", payload, qos));
    }
    std::vector<std::string> rows(const store::Query& query) {
        return city_->door.foundation.pool.read_now([&](store::Transaction& tx) {
            std::vector<std::string> found;
            for (const auto& row : tx.rows(query))
                found.push_back(row.get<std::string>("line"));
            return found;
        });
    }

    std::unique_ptr<CityRun> city_;
    std::unique_ptr<net::MqttClient> client_;
    std::vector<Heard> heard_;
    std::string password_;
};

TEST_P(Commands, GoFromThePersonToTheDeviceAndBack) {
    join();
    subscribe();
    const auto id = order(60);
    hear(1);
    EXPECT_EQ(heard_[0].topic, "vigie/v1/AS-1/commands");
    EXPECT_EQ(heard_[0].payload, json({{"id", id},
                                       {"name", "report"},
                                       {"params", json::object()},
                                       {"expires_at", "2026-11-22T18:01:00Z"}}));
    if (GetParam() == Version::v5) EXPECT_EQ(heard_[0].expiry_s, 60U);
    wait_until(id, "delivered");
    EXPECT_TRUE(result("AS-1", id, R"({"status":"accepted"})").ok());
    EXPECT_EQ(state(id), "accepted") << "durable before it was acknowledged";
    EXPECT_TRUE(result("AS-1", id, R"({"status":"done","detail":"said"})", Qos::exactly_once).ok());
    EXPECT_EQ(state(id), "done");
    EXPECT_THAT(rows(entries), ElementsAre("command_requested", "command_done"));
    EXPECT_THAT(rows(audited), ElementsAre("POST /api/v1/assets/{code}/commands"));
}

TEST_P(Commands, WaitForTheSessionThatIsResumedAlsoAcrossARestart) {
    join();
    subscribe();
    leave();
    const auto waits = order(600);
    const auto over = order(30);
    EXPECT_EQ(state(waits), "queued");
    end();
    clock_.advance(30s);
    begin();
    wait_until(over, "expired");
    EXPECT_TRUE(join().session_present);
    hear(1);
    EXPECT_EQ(heard_[0].payload.at("id"), waits);
    if (GetParam() == Version::v5) EXPECT_EQ(heard_[0].expiry_s, 570U) << "what is left of it";
    wait_until(waits, "delivered");
    EXPECT_THAT(heard_, SizeIs(1));
}

TEST_P(Commands, AreNotSentASecondTimeWhateverEnds) {
    join();
    subscribe();
    const auto id = order(600);
    hear(1);
    wait_until(id, "delivered");
    leave();
    join();
    const auto next = order(600);
    leave();
    end();
    begin();
    EXPECT_TRUE(join().session_present);
    EXPECT_TRUE(result("AS-1", id, R"({"status":"done"})").ok());
    hear(2);
    EXPECT_EQ(heard_[1].payload.at("id"), next) << "the one behind it, and nothing twice";
    EXPECT_THAT(heard_, SizeIs(2));
}

TEST_P(Commands, GoOneByOneToADevice) {
    join();
    subscribe("vigie/v1/AS-1/commands");
    const auto first = order();
    const auto second = order();
    hear(1);
    wait_until(first, "delivered");
    EXPECT_EQ(state(second), "queued");
    EXPECT_TRUE(result("AS-1", first, R"({"status":"failed","detail":"no"})").ok());
    hear(2);
    EXPECT_EQ(heard_[1].payload.at("id"), second);
}

TEST_P(Commands, AreNobodyElses) {
    join();
    subscribe();
    const auto other = order(60, "AS-2");
    const auto mine = order(60);
    hear(1);
    EXPECT_EQ(heard_[0].payload.at("id"), mine);
    EXPECT_EQ(state(other), "queued");
    EXPECT_THAT(heard_, SizeIs(1));
}

TEST_P(Commands, ResultsThatAreWrongAreRefusedAndKept) {
    join();
    subscribe();
    const auto id = order();
    hear(1);
    struct Case {
        std::string asset;
        std::string id;
        std::string payload;
        Reason reason;
        std::string kept;
    };
    const std::string done = R"({"status":"done"})";
    const Case cases[] = {
        {"AS-2", id, done, Reason::not_authorized, "not_yours"},
        {"AS-9", id, done, Reason::topic_name_invalid, "unknown_asset"},
        {"AS-1", "999999", done, Reason::topic_name_invalid, "unknown_command"},
        {"AS-1", "first", done, Reason::topic_name_invalid, "unknown_command"},
        {"AS-1", id, "done", Reason::payload_format_invalid, "not_json"},
        {"AS-1", id, R"({"status":"well"})", Reason::payload_format_invalid, "wrong_shape"},
        {"AS-1", order(), done, Reason::implementation_specific_error, "not_sent"},
    };
    std::vector<std::string> kept;
    for (const Case& each : cases) {
        SCOPED_TRACE(each.kept);
        const auto answer = result(each.asset, each.id, each.payload);
        if (GetParam() == Version::v5) {
            EXPECT_EQ(answer.reason, each.reason);
            EXPECT_THAT(answer.text, HasSubstr(each.kept));
        } else {
            EXPECT_TRUE(answer.ok()) << "3.1.1 cannot refuse: it would repeat for ever";
        }
        kept.push_back(each.kept + " vigie/v1/" + each.asset + "/commands/" + each.id + "/result");
    }
    EXPECT_EQ(rows(quarantined), kept);
    EXPECT_TRUE(result("AS-1", id, done).ok());
    EXPECT_EQ(state(id), "done");
}

TEST_P(Commands, UserPropertiesOfARefusedResultGoToQuarantine) {
    static constexpr store::Query details{"test_details",
                                          "select detail as line from quarantine order by id"};
    if (GetParam() != Version::v5) return;  // 3.1.1 has none
    join();
    wire::mqtt::Properties properties;
    properties.user("attempt", "2");
    for (const std::string id : {"first", "999999"}) {
        std::optional<net::MqttAcknowledgement> answer;
        const std::string topic = "vigie/v1/AS-1/commands/" + id + "/result";
        client_->publish_soon({.topic = topic,
                               .payload = R"({"status":"done"})",
                               .qos = Qos::at_least_once,
                               .properties = properties.view()},
                              [&](const net::MqttAcknowledgement& told) { answer = told; });
        run_until([&] { return answer.has_value(); });
    }
    EXPECT_THAT(rows(details), ElementsAre(HasSubstr("(user properties: attempt=2)"),
                                           HasSubstr("(user properties: attempt=2)")))
        << "judged at the door, and by whoever sends commands";
}

TEST_P(Commands, ResultsAreKeptWhileTheDatabaseIsAwayAndHoldUpNobody) {
    static constexpr store::Query out{"test_out", "alter role vigie_app nologin"};
    static constexpr store::Query in{"test_in", "alter role vigie_app login"};
    static constexpr store::Query cut{
        "test_cut",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'vigie_app'"};
    join();
    subscribe();
    const auto id = order(600);
    hear(1);
    wait_until(id, "delivered");
    store::Pool root(database_.superuser_url(), 1);
    root.write_now([&](store::Transaction& tx) { tx.execute(out); });
    root.write_now([&](store::Transaction& tx) { tx.rows(cut); });
    EXPECT_TRUE(result("AS-1", id, R"({"status":"done"})").ok());
    EXPECT_TRUE(wait_for(client_->publish("vigie/v1/AS-1/observations",
                                          R"({"values":{"temperature_c":4}})", Qos::at_least_once))
                    .ok());
    root.write_now([&](store::Transaction& tx) { tx.execute(in); });
    wait_until(id, "done");
}

INSTANTIATE_TEST_SUITE_P(InBothVersions, Commands, testing::Values(Version::v3_1_1, Version::v5),
                         [](const auto& one) {
                             return one.param == Version::v5 ? "v5" : "v3_1_1";
                         });

}  // namespace
}  // namespace vigie::app
