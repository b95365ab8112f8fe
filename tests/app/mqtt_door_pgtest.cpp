// Who comes in at the device door, and what it may hear: over TCP and TLS, as wired in the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/app/door_run.hpp"
#include "tests/net/certificate.hpp"
#include "vigie/assets/asset_store.hpp"

namespace vigie::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;

constexpr store::Query quarantine_details{"test_details",
                                          "select detail as line from quarantine order by id"};

class MqttDoorTest : public DoorTest, public testing::WithParamInterface<Version> {
protected:
    MqttDoorTest() {
        settings_.device.certificate = door_.certificate_file();
        settings_.device.private_key = door_.key_file();
        settings_.device.client_ca = device_.certificate_file();
        settings_.device.mqtt_tls_port = 0;
        start();
    }
    net::MqttClientSettings as(const std::string& user, const std::string& password) {
        net::MqttClientSettings settings;
        settings.port = run_->pipeline.mqtt().ports().at(0);
        settings.version = GetParam();
        settings.client_id = "device-1";
        settings.user_name = user;
        settings.password = password;
        return settings;
    }
    net::MqttClientSettings with(const net::TestCertificate& certificate, const std::string& user) {
        auto settings = as(user, "");
        settings.port = run_->pipeline.mqtt().ports().at(1);
        settings.ca_file = door_.certificate_file();
        settings.certificate_file = certificate.certificate_file();
        settings.private_key_file = certificate.key_file();
        return settings;
    }
    bool comes_in(const net::MqttClientSettings& settings) {
        net::MqttClient client{io_.get_executor()};
        return wait_for(client.connect(settings)).ok();
    }
    static std::string text_of(const std::string& file) {
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        return text.str();
    }

    net::TestCertificate door_{"vigie"};
    net::TestCertificate device_{"cabinet 7"};
};

TEST_P(MqttDoorTest, ATokenNeedsNoUserName) {
    const std::string token = make({"hub", {}, "", true, false}).secret;
    EXPECT_TRUE(comes_in(as("", token)));
    EXPECT_TRUE(comes_in(as("hub", token)));
    EXPECT_FALSE(comes_in(as("", "0" + token)));
    EXPECT_FALSE(comes_in(as("", "")));
    EXPECT_FALSE(comes_in(as("other", token)));
}

TEST_P(MqttDoorTest, ACertificateSignsIn) {
    ingest::CredentialWish wish{"cabinet", {}, "", true, false};
    wish.certificate_pem = text_of(device_.certificate_file());
    make(wish);
    EXPECT_TRUE(comes_in(with(device_, "")));
    EXPECT_TRUE(comes_in(with(device_, "cabinet")));
    EXPECT_FALSE(comes_in(with(device_, "another"))) << "the name must be its own";
    EXPECT_FALSE(comes_in(with(door_, ""))) << "not of our authorities";
    auto without = with(device_, "cabinet");
    without.certificate_file.clear();
    without.private_key_file.clear();
    EXPECT_FALSE(comes_in(without)) << "its name alone is nobody's";
    // Beside a certificate that is nobody's, a password counts as ever.
    wish = {"cabinet", {}, "", true, false};
    const std::string password = make(wish, true).secret;
    EXPECT_FALSE(comes_in(with(device_, "cabinet")));
    auto both = with(device_, "cabinet");
    both.password = password;
    EXPECT_TRUE(comes_in(both));
}

TEST_P(MqttDoorTest, ASubjectSignsInWhoeverOurAuthoritiesGaveIt) {
    ingest::CredentialWish wish{"fleet", {}, "", true, false};
    wish.certificate_subject = "CN=cabinet 7";
    make(wish);
    EXPECT_TRUE(comes_in(with(device_, "")));
}

TEST_P(MqttDoorTest, AWildcardHearsItsOwnAssetsOnly) {
    plant({"V1", "V2"});
    const auto made = make({"gateway", {"V1"}, "", false, false});
    net::MqttClient client{io_.get_executor()};
    ASSERT_TRUE(wait_for(client.connect(as("gateway", made.secret))).ok());
    std::vector<std::string> heard;
    client.on_message([&](const auto& message) { heard.emplace_back(message.topic); });
    const auto answers =
        wait_for(client.subscribe({{"vigie/v1/+/commands", Qos::at_least_once},
                                   {"#", Qos::at_least_once},
                                   {"vigie/v1/V1/observations", Qos::at_least_once},
                                   {"vigie/v1/V1/commands", Qos::at_most_once}}));
    const auto refused =
        GetParam() == Version::v5 ? Reason::not_authorized : Reason::unspecified_error;
    EXPECT_THAT(answers, ElementsAre(Reason::granted_qos_1, refused, refused, Reason::success));
    auto& mqtt = run_->pipeline.mqtt();
    EXPECT_EQ(mqtt.send({.topic = "vigie/v1/V2/commands", .payload = "not yours"}), 0U);
    EXPECT_EQ(mqtt.send({.topic = "vigie/v1/V1/commands", .payload = "dim"}), 1U);
    run_until([&] { return !heard.empty(); });
    EXPECT_THAT(heard, ElementsAre("vigie/v1/V1/commands"));
}

TEST_P(MqttDoorTest, AFilterThatNamesNoAssetOfItsOwnIsRefused) {
    plant({"V1", "V2"});
    std::map<std::string, std::string> secrets{
        {"gateway", make({"gateway", {"V1"}, "", false, false}).secret},
        {"hub", make({"hub", {}, "", true, false}).secret}};
    const auto refused =
        GetParam() == Version::v5 ? Reason::not_authorized : Reason::unspecified_error;
    const auto granted = Reason::granted_qos_1;
    const auto ask = [&](const std::string& user) {
        net::MqttClient client{io_.get_executor()};
        EXPECT_TRUE(wait_for(client.connect(as(user, secrets.at(user)))).ok());
        std::vector<std::pair<std::string, Qos>> filters;
        for (const char* asset : {"V1", "V2", "V3", "+", "v1", "", "V1/x", "+/+"})
            filters.emplace_back("vigie/v1/" + std::string(asset) + "/commands",
                                 Qos::at_least_once);
        return wait_for(client.subscribe(filters));
    };
    EXPECT_THAT(ask("gateway"), ElementsAre(granted, refused, refused, granted, refused, refused,
                                            refused, refused));
    EXPECT_THAT(ask("hub"), ElementsAre(granted, granted, refused, granted, refused, refused,
                                        refused, refused));
    plant({"V3"});
    EXPECT_THAT(ask("hub"), ElementsAre(granted, granted, granted, granted, refused, refused,
                                        refused, refused));
    EXPECT_EQ(ask("gateway").at(2), refused);
}

// 3.1.1 has none.
class MqttDoorV5Test : public MqttDoorTest {};

TEST_P(MqttDoorV5Test, UserPropertiesGoToQuarantine) {
    const auto made = make({"gateway", {}, "", true, false});
    net::MqttClient client{io_.get_executor()};
    ASSERT_TRUE(wait_for(client.connect(as("gateway", made.secret))).ok());
    wire::mqtt::Properties properties;
    properties.user("firmware", "2.1").user("firmware", "2.0").user("line", "7");
    std::optional<net::MqttAcknowledgement> answer;
    client.publish_soon({.topic = "vigie/v1/nobody/observations",
                         .payload = "{}",
                         .qos = Qos::at_least_once,
                         .properties = properties.view()},
                        [&](const net::MqttAcknowledgement& told) { answer = told; });
    run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->reason, Reason::topic_name_invalid);
    EXPECT_THAT(lines(quarantine_details),
                ElementsAre(HasSubstr("(user properties: firmware=2.1, firmware=2.0, line=7)")));
}

TEST_P(MqttDoorV5Test, UserPropertiesOfARefusedWillGoToQuarantineToo) {
    const auto made = make({"gateway", {}, "", true, false});
    wire::mqtt::Properties properties;
    properties.user("line", "7");
    std::string connect;
    encode(wire::mqtt::Connect{.client_id = "device-1",
                               .will = wire::mqtt::Will{.topic = "vigie/v1/nobody/observations",
                                                        .payload = "{}",
                                                        .properties = properties.view()},
                               .user_name = "gateway",
                               .password = made.secret},
           connect);
    boost::asio::ip::tcp::socket raw(io_);
    raw.connect({boost::asio::ip::address_v4::loopback(), run_->pipeline.mqtt().ports().at(0)});
    boost::asio::write(raw, boost::asio::buffer(connect));
    std::array<char, 1> answer{};
    boost::asio::read(raw, boost::asio::buffer(answer));
    raw.close();
    while (lines(quarantine_details).empty()) {
    }
    EXPECT_THAT(lines(quarantine_details), ElementsAre(HasSubstr("(user properties: line=7)")));
}

INSTANTIATE_TEST_SUITE_P(InItsVersion, MqttDoorV5Test, testing::Values(Version::v5));
INSTANTIATE_TEST_SUITE_P(InBothVersions, MqttDoorTest,
                         testing::Values(Version::v3_1_1, Version::v5), [](const auto& one) {
                             return one.param == Version::v5 ? "v5" : "v3_1_1";
                         });

}  // namespace
}  // namespace vigie::app
