#include "vigie/config/settings.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "vigie/base/limits.hpp"

namespace vigie::config {
namespace {

TEST(Settings, ReadsWhatIsThereAndKeepsDefaults) {
    const auto settings = parse("[control]\nport = 9000\n[city]\nname = \"Dijon\"\n", "x.toml");
    ASSERT_TRUE(settings.ok());
    EXPECT_EQ(settings->control.port, 9000);
    EXPECT_EQ(settings->city.name, "Dijon");
    EXPECT_EQ(settings->device.mqtt_port, 1883);
    EXPECT_TRUE(validate(defaults()).ok());
}

TEST(Settings, NamesEveryMistakeWithItsLine) {
    const auto settings = parse(
        "[control]\nport = 65536\ncolour = 1\n[nothing]\nx = 1\n[log]\nlevel = 3\n", "x.toml");
    ASSERT_FALSE(settings.ok());
    ASSERT_EQ(settings.error().fields.size(), 4U);
    std::string all;
    for (const auto& field : settings.error().fields)
        all += field.pointer + " " + field.message.en + "\n";
    EXPECT_NE(all.find("/control/port x.toml:2: control.port must lie between 0 and 65535"),
              std::string::npos)
        << all;
    EXPECT_NE(all.find("/control/colour x.toml:3: control.colour is not a setting"),
              std::string::npos)
        << all;
    EXPECT_NE(all.find("/nothing/x"), std::string::npos) << all;
    EXPECT_NE(all.find("/log/level x.toml:7: log.level must be a text"), std::string::npos) << all;
    EXPECT_TRUE(parse("[control]\nport = 65535\n", "x").ok());
    EXPECT_FALSE(parse("[control\n", "x").ok());
    EXPECT_FALSE(parse("control = 1\n", "x").ok());
}

TEST(Settings, WhatDoesNotGoTogetherHasItsLineToo) {
    const auto wrong = [](const char* toml) {
        const auto settings = parse(toml, "x.toml");
        return settings.ok() ? "" : settings.error().fields.at(0).message.en;
    };
    EXPECT_EQ(wrong("[city]\nname = \"Dijon\"\ntime_zone = \"Europe/Dijon\"\n"),
              "x.toml:3: \"Europe/Dijon\" is not a time zone that this machine knows");
    EXPECT_EQ(wrong("[city]\ntime_zone = \"\"\n"),
              "x.toml:2: \"\" is not a time zone that this machine knows");
    EXPECT_EQ(wrong("[city]\ntime_zone = \"Indian/Reunion\"\n"), "");
    EXPECT_EQ(wrong("[log]\nlevel = \"loud\"\n"), "x.toml:2: loud is not one of the words allowed");
    EXPECT_EQ(wrong("\n[database]\nurl = \"host=x\"\n"),
              "x.toml:2: database.url and database.owner_url go together")
        << "the table, for the key is not there";
}

TEST(Settings, TheLargestMessageAlwaysFindsRoom) {
    const auto with = [](std::size_t frames) {
        return parse("[device]\npending_frames_max = " + std::to_string(frames) + "\n", "x").ok();
    };
    EXPECT_TRUE(with(base::limits::senml_records_per_message_max));
    EXPECT_FALSE(with(base::limits::senml_records_per_message_max - 1));
}

TEST(Settings, ADoorBeyondLoopbackDemandsACertificateOrAProxy) {
    for (const std::string door : {"device", "control", "public"}) {
        const std::string open = "[" + door + "]\naddress = \"0.0.0.0\"\n";
        const auto refused = parse(open, "x");
        ASSERT_FALSE(refused.ok()) << door;
        EXPECT_EQ(refused.error().fields.front().pointer, "/" + door + "/address");
        EXPECT_TRUE(parse(open + "behind_proxy = true\n", "x").ok()) << door;
        EXPECT_TRUE(parse(open + "certificate = \"c\"\nprivate_key = \"k\"\n", "x").ok()) << door;
        EXPECT_FALSE(parse(open + "certificate = \"c\"\n", "x").ok()) << door;
    }
}

TEST(Settings, PlainMqttLeavesTheMachineBehindAProxyOnly) {
    const auto at = [](const std::string& device) {
        const auto settings = parse("[device]\n" + device, "x");
        return settings.ok() ? plain_mqtt_address(*settings).value_or("closed") : "refused";
    };
    const std::string exposed = "address = \"192.0.2.1\"\n";
    const std::string certificate = "certificate = \"c\"\nprivate_key = \"k\"\n";
    const std::string proxy = "behind_proxy = true\n";
    EXPECT_EQ(at(""), "127.0.0.1");
    EXPECT_EQ(at("address = \"::1\"\n"), "::1");
    EXPECT_EQ(at(exposed), "refused");
    EXPECT_EQ(at(exposed + "mqtt_plain = false\n"), "refused") << "HTTP is there, too";
    EXPECT_EQ(at(exposed + certificate), "127.0.0.1");
    EXPECT_EQ(at(exposed + proxy), "192.0.2.1");
    EXPECT_EQ(at(exposed + certificate + proxy), "192.0.2.1");
    EXPECT_EQ(at(exposed + certificate + proxy + "mqtt_plain = false\n"), "closed");
}

TEST(Settings, ClientCertificatesNeedTlsAndAuthorities) {
    const auto wrong = [](const char* toml) {
        const auto settings = parse(toml, "vigie.toml");
        return settings.ok() ? std::string() : settings.error().fields.at(0).pointer;
    };
    const std::string door = "[device]\ncertificate = \"c.pem\"\nprivate_key = \"k.pem\"\n";
    EXPECT_EQ(wrong((door + "client_ca = \"ca.pem\"\nclient_certificate_required = true").c_str()),
              "");
    EXPECT_EQ(wrong("[device]\nclient_ca = \"ca.pem\""), "/device/client_ca");
    EXPECT_EQ(wrong((door + "client_certificate_required = true").c_str()),
              "/device/client_certificate_required");
}

TEST(Settings, TheReferencePageIsUpToDate) {
    std::ifstream file(std::string(VIGIE_SOURCE_DIR) + "/docs/configuration.md");
    std::ostringstream page;
    page << file.rdbuf();
    EXPECT_EQ(page.str(), reference_page())
        << "vigied --print-config-reference > docs/configuration.md";
}

}  // namespace
}  // namespace vigie::config
