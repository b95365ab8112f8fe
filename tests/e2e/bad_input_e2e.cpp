// Law 9 on the real wire: what is wrong is answered in each protocol's own words, kept with its
// reason, and stores nothing; what is right makes the same row whichever way it came.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/support/device.hpp"
#include "vigie/base/time.hpp"

namespace vigie::e2e {
namespace {

using nlohmann::json;
using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

std::string from_now(std::chrono::minutes offset) {
    return base::to_rfc3339(base::SystemClock{}.now() + offset);
}

struct Mistake {
    const char* why;
    std::string asset;
    std::string payload;  // as MQTT carries it
    const char* reason;
    std::string pointer;  // into that payload
    Reason code;          // MQTT 5.0
    unsigned status;      // HTTP
};

std::vector<Mistake> mistakes() {
    const auto said = [](const std::string& t, const std::string& values) {
        return R"({"t":")" + t + R"(","values":{)" + values + "}}";
    };
    const std::string now = from_now(std::chrono::minutes{0});
    const std::string ahead = from_now(std::chrono::minutes{10});
    const std::string old = from_now(-std::chrono::days{30} - std::chrono::minutes{1});
    const Reason payload_wrong = Reason::payload_format_invalid;
    const Reason time_wrong = Reason::implementation_specific_error;
    return {
        {"broken JSON", "LP-1", R"({"t":")" + now + R"(","values":{"power_w":1)", "not_json", "",
         payload_wrong, 400},
        {"wrong type", "LP-1", said(now, R"("power_w":"bright")"), "wrong_type", "/values/power_w",
         payload_wrong, 422},
        {"out of range", "LP-1", said(now, R"("power_w":2000.1)"), "out_of_range",
         "/values/power_w", payload_wrong, 422},
        {"not a code", "LP-1", said(now, R"("fault":"tired")"), "unknown_code", "/values/fault",
         payload_wrong, 422},
        {"unknown asset", "NOBODY", said(now, R"("power_w":1)"), "unknown_asset", "",
         Reason::topic_name_invalid, 422},
        {"someone else's asset", "OTHER", said(now, R"("power_w":1)"), "not_yours", "",
         Reason::not_authorized, 403},
        {"10 minutes ahead", "LP-1", said(ahead, R"("power_w":1)"), "time_ahead", "/t", time_wrong,
         422},
        {"more than 30 days back", "LP-1", said(old, R"("power_w":1)"), "too_old", "/t", time_wrong,
         422},
        {"no zone", "LP-1", said("2026-01-01T00:00:00", R"("power_w":1)"), "bad_time", "/t",
         payload_wrong, 422},
    };
}

// The same message where the body names the asset; what cannot be read cannot be added to either.
std::string as_http_body(const std::string& asset, const std::string& payload) {
    return R"({"asset":")" + asset + R"(",)" + payload.substr(1);
}

class BadInput : public testing::Test {
protected:
    static void SetUpTestSuite() {
        city_ = std::make_unique<Installation>();
        city_->start();
        city_->plant("light_point", {"LP-1", "LP-2", "LP-3", "LP-4", "LP-5", "OTHER"});
        gateway_ = city_->credential(
            {{"name", "gateway"}, {"assets", {"LP-1", "LP-2", "LP-3", "LP-4", "LP-5"}}});
        historian_ = city_->credential(
            {{"name", "historian"}, {"all_assets", true}, {"may_backfill", true}});
    }
    static void TearDownTestSuite() {
        EXPECT_EQ(city_->stop(), 0);
        EXPECT_FALSE(city_->database_runs());
        city_.reset();
    }

    static Device device(Version version) {
        return Device(city_->mqtt_port(), gateway_, version,
                      version == Version::v5 ? "five" : "three");
    }
    static Answer post(const std::string& body, const char* type = "application/json",
                       const Secrets& secrets = gateway_) {
        return exchange(city_->device_http(),
                        {.method = "POST",
                         .target = "/ingest/v1/observations",
                         .body = body,
                         .headers = {{"Content-Type", type},
                                     {"Authorization", "Basic " + base64(secrets.user_name + ":" +
                                                                         secrets.password)}}});
    }
    // The newest row, once the answer was there: it was durable before.
    static json newest_in_quarantine() {
        return city_->admin_get("/admin/v1/quarantine?limit=1").at("rows").at(0);
    }
    static std::size_t quarantined() {
        return city_->sql("select count(*) from quarantine")[0][0].as<std::size_t>();
    }
    static std::size_t frames() {
        return city_->sql("select count(*) from frame")[0][0].as<std::size_t>();
    }
    static void expect_kept(const Mistake& mistake, const char* channel, const std::string& payload,
                            std::size_t already) {
        EXPECT_EQ(quarantined(), already + 1);
        const json row = newest_in_quarantine();
        EXPECT_EQ(row.at("reason"), mistake.reason);
        EXPECT_EQ(row.at("channel"), channel);
        EXPECT_EQ(row.at("credential"), "gateway");
        EXPECT_EQ(row.at("payload"), payload);
        EXPECT_THAT(row.at("detail").get<std::string>(), testing::HasSubstr(mistake.pointer));
    }

    static std::unique_ptr<Installation> city_;
    static Secrets gateway_;
    static Secrets historian_;
};

std::unique_ptr<Installation> BadInput::city_;
Secrets BadInput::gateway_;
Secrets BadInput::historian_;

TEST_F(BadInput, Mqtt5NamesReasonAndPlace) {
    auto five = device(Version::v5);
    const auto stored = frames();
    for (const auto& mistake : mistakes()) {
        SCOPED_TRACE(mistake.why);
        const auto already = quarantined();
        const auto answer = five.publish({Device::topic_of(mistake.asset), mistake.payload});
        EXPECT_FALSE(answer.lost);
        EXPECT_EQ(answer.reason, mistake.code);
        EXPECT_THAT(answer.text, testing::StartsWith(mistake.reason));
        EXPECT_THAT(answer.text, testing::HasSubstr(mistake.pointer));
        expect_kept(mistake, "mqtt", mistake.payload, already);
    }
    EXPECT_EQ(frames(), stored);
}

TEST_F(BadInput, Mqtt5NamesTheReasonAtQos2AsWell) {
    auto five = device(Version::v5);
    const auto answer =
        five.publish({Device::topic_of("LP-1"), mistakes()[1].payload}, Qos::exactly_once);
    EXPECT_FALSE(answer.lost);
    EXPECT_EQ(answer.reason, Reason::payload_format_invalid);
    EXPECT_THAT(answer.text, testing::StartsWith("wrong_type at /values/power_w"));
}

TEST_F(BadInput, Mqtt3IsAcknowledgedSoThatItDoesNotRepeatForEver) {
    auto three = device(Version::v3_1_1);
    const auto stored = frames();
    for (const auto& mistake : mistakes()) {
        SCOPED_TRACE(mistake.why);
        const auto already = quarantined();
        EXPECT_TRUE(three.publish({Device::topic_of(mistake.asset), mistake.payload}).ok());
        expect_kept(mistake, "mqtt", mistake.payload, already);
    }
    EXPECT_EQ(frames(), stored);
}

TEST_F(BadInput, HttpAnswersAProblemThatPoints) {
    const auto stored = frames();
    for (const auto& mistake : mistakes()) {
        SCOPED_TRACE(mistake.why);
        const auto already = quarantined();
        const std::string body = as_http_body(mistake.asset, mistake.payload);
        const auto answer = post(body);
        EXPECT_EQ(answer.status, mistake.status);
        EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
        const json problem = answer.json();
        EXPECT_EQ(problem.at("status"), mistake.status);
        EXPECT_EQ(problem.at("reason"), mistake.reason);
        // Over HTTP the asset stands in the body.
        const bool of_asset = std::string(mistake.reason) == "unknown_asset" ||
                              std::string(mistake.reason) == "not_yours";
        EXPECT_EQ(problem.at("errors").at(0).at("pointer"), of_asset ? "/asset" : mistake.pointer);
        expect_kept(mistake, "http", body, already);
    }
    EXPECT_EQ(frames(), stored);
}

// The word of a client we did not write.
TEST_F(BadInput, MosquittoIsToldTheReasonCode) {
    Program publisher({"mosquitto_pub", "-d", "-V", "mqttv5", "-h", "127.0.0.1", "-p",
                       std::to_string(city_->mqtt_port()), "-u", gateway_.user_name, "-P",
                       gateway_.password, "-q", "1", "-t", Device::topic_of("LP-1"), "-m",
                       R"({"values":{"power_w":"bright"}})"});
    ASSERT_TRUE(publisher.wait(std::chrono::seconds{30}));
    EXPECT_THAT(publisher.lines(),
                testing::Contains(testing::HasSubstr("PUBACK (Mid: 1, RC:153)")));
    EXPECT_EQ(newest_in_quarantine().at("reason"), "wrong_type");
}

TEST_F(BadInput, AnArrayWithOneMistakeIsRefusedAsAWhole) {
    const auto stored = frames();
    const std::string now = from_now(std::chrono::minutes{0});
    const auto answer = post(R"([{"asset":"LP-1","t":")" + now + R"(","values":{"power_w":1}},)" +
                             R"({"asset":"LP-2","t":")" + now + R"(","values":{"power_w":-1}}])");
    EXPECT_EQ(answer.status, 422U);
    EXPECT_EQ(answer.json().at("errors").at(0).at("pointer"), "/1/values/power_w");
    EXPECT_EQ(frames(), stored);
}

TEST_F(BadInput, TheRightToBackfillOpensThePast) {
    const std::string body = as_http_body("OTHER", mistakes()[7].payload);
    EXPECT_EQ(post(body, "application/json", historian_).status, 200U);
    EXPECT_EQ(city_
                  ->sql("select count(*) from frame join asset on asset.id = asset_id where code "
                        "= 'OTHER'")[0][0]
                  .as<int>(),
              1);
}

TEST_F(BadInput, UnknownPropertiesAreCountedAndTheKnownOnesStored) {
    const auto before = city_->figure("vigie_ingest_unknown_properties_total");
    const auto stored = frames();
    const auto answer = post(R"({"asset":"LP-5","values":{"power_w":7,"colour":"amber"}})");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.json(), (json{{"stored", 1}, {"unknown_properties", 1}}));
    EXPECT_EQ(frames(), stored + 1);
    EXPECT_EQ(city_->figure("vigie_ingest_unknown_properties_total"), before + 1);
}

TEST_F(BadInput, EveryWayInMakesTheSameRow) {
    const auto instant = std::chrono::floor<std::chrono::milliseconds>(base::SystemClock{}.now()) -
                         std::chrono::minutes{5};
    const std::string values = R"("values":{"power_w":41.2,"lamp_on":true,"fault":"cycling"}})";
    const std::string by_text = R"({"t":")" + base::to_rfc3339(instant) + R"(",)" + values;
    const std::string by_number =
        R"({"t":)" + std::to_string(base::epoch_ms(instant)) + "," + values;
    EXPECT_TRUE(device(Version::v5).publish({Device::topic_of("LP-1"), by_text}).ok());
    EXPECT_TRUE(device(Version::v3_1_1)
                    .publish({Device::topic_of("LP-2"), "[" + by_number + "]"}, Qos::exactly_once)
                    .ok());
    EXPECT_EQ(post(as_http_body("LP-3", by_text)).status, 200U);
    EXPECT_EQ(post("[" + as_http_body("LP-4", by_number) + "]").status, 200U);
    EXPECT_EQ(post(as_http_body("LP-5", by_text) + "\n", "application/x-ndjson").status, 200U);
    const auto rows = city_->sql(
        fmt::format("select distinct layout, vals::text from frame where observed_at = '{}'",
                    base::to_rfc3339(instant)));
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_EQ(city_
                  ->sql(fmt::format("select count(*) from frame where observed_at = '{}'",
                                    base::to_rfc3339(instant)))[0][0]
                  .as<int>(),
              5);
}

TEST_F(BadInput, AMessageSentTwiceIsStoredOnce) {
    const auto stored = frames();
    const std::string payload =
        R"({"t":")" + from_now(-std::chrono::minutes{7}) + R"(","values":{"power_w":12.5}})";
    for (const auto version : {Version::v5, Version::v3_1_1}) {
        auto one = device(version);
        EXPECT_TRUE(one.publish({Device::topic_of("LP-1"), payload}).ok());
        EXPECT_TRUE(one.publish({Device::topic_of("LP-1"), payload}, Qos::exactly_once).ok());
    }
    EXPECT_EQ(post(as_http_body("LP-1", payload)).status, 200U);
    EXPECT_EQ(frames(), stored + 1);
}

}  // namespace
}  // namespace vigie::e2e
