// The doors as a city opens them to the world: over TLS, with clients that are not ours. What was
// acknowledged at the device door survives a kill there as well.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "tests/e2e/support/device.hpp"
#include "tests/e2e/support/installation.hpp"
#include "tests/e2e/support/program.hpp"
#include "tests/e2e/support/settings_file.hpp"
#include "tests/e2e/support/socket.hpp"
#include "tests/net/certificate.hpp"
#include "vigie/base/time.hpp"

namespace vigie::e2e {
namespace {

using std::chrono::seconds;

constexpr int messages = 300;

class OverTls : public testing::Test {
protected:
    void SetUp() override {
        // The server gives up root, where it has it.
        const auto folder = std::filesystem::path(certificate_.key_file()).parent_path();
        std::filesystem::permissions(folder, std::filesystem::perms(0755));
        for (const char* table : {"[control]\n", "[public]\n"})
            replace_in_settings(city_, table, table + tls_);
        city_.start();
        city_.plant("light_point", {"LP-1"});
        gateway_ = city_.credential({{"name", "gateway"}, {"assets", {"LP-1"}}});
    }

    // As `version` says, with QoS 1; one message a line of `input`. Its exit status.
    std::optional<int> publish(const char* version, const std::string& password,
                               const std::string& input) {
        Program client({"mosquitto_pub",
                        "--cafile",
                        certificate_.certificate_file(),
                        "-h",
                        "127.0.0.1",
                        "-p",
                        std::to_string(city_.mqtt_tls_port()),
                        "-V",
                        version,
                        "-q",
                        "1",
                        "-i",
                        "gateway",
                        "-u",
                        gateway_.user_name,
                        "-P",
                        password,
                        "-t",
                        Device::topic_of("LP-1"),
                        "-l"},
                       {}, input);
        return client.wait(seconds{60});
    }
    // What curl says of an https:// address, its last argument.
    std::vector<std::string> curl(const std::vector<std::string>& arguments) {
        std::vector<std::string> all{"curl", "-sS", "--cacert", certificate_.certificate_file()};
        all.insert(all.end(), arguments.begin(), arguments.end());
        Program client(all);
        EXPECT_EQ(client.wait(seconds{60}), 0);
        return client.lines();
    }
    // Whoever speaks plainly there hears nothing that a browser could show, and is put out.
    static void expect_no_page(std::uint16_t port) {
        Socket plain(port);
        plain.send("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        EXPECT_THAT(plain.receive(4096, seconds{20}), testing::Not(testing::HasSubstr("HTTP")));
        EXPECT_TRUE(plain.ends_within(seconds{20}));
    }
    // Of the hour that began so many hours ago, a second each.
    [[nodiscard]] std::string reports(int hours_ago) const {
        const auto hour = std::chrono::floor<std::chrono::hours>(base::SystemClock{}.now()) -
                          std::chrono::hours{hours_ago};
        const std::string path = city_.folder() / fmt::format("reports-{}.ndjson", hours_ago);
        std::ofstream file(path);
        for (int i = 0; i < messages; ++i)
            file << fmt::format(R"({{"t":"{}","values":{{"power_w":{}.5}}}})",
                                base::to_rfc3339(hour + seconds{i}), i)
                 << "\n";
        return path;
    }
    [[nodiscard]] int rows() const {
        return city_.sql("select count(*) from frame")[0][0].as<int>();
    }

    net::TestCertificate certificate_{"vigie"};
    const std::string tls_ = fmt::format("certificate = \"{}\"\nprivate_key = \"{}\"\n",
                                         certificate_.certificate_file(), certificate_.key_file());
    Installation city_{"/tmp", tls_};
    Secrets gateway_;
};

TEST_F(OverTls, WhatMosquittosClientWasAcknowledgedOutlivesAKill) {
    int expected = 0;
    for (const char* version : {"mqttv311", "mqttv5"}) {
        SCOPED_TRACE(version);
        const auto input = reports(2 + expected / messages);
        EXPECT_NE(publish(version, "wrong", input), 0);
        EXPECT_EQ(rows(), expected);
        EXPECT_EQ(publish(version, gateway_.password, input), 0);
        ASSERT_EQ(kill(city_.server_pid(), SIGKILL), 0);
        ASSERT_TRUE(city_.wait_until_dead(seconds{20}));
        city_.start();
        expected += messages;
        EXPECT_EQ(rows(), expected);
    }
}

TEST_F(OverTls, HttpTakesAndAnswersAfterTheCommit) {
    const auto post = [this](const std::string& password, const std::string& input) {
        return curl(
            {"-o", "/dev/null", "-w", "%{http_code}\n", "-u", gateway_.user_name + ":" + password,
             "-H", "Content-Type: application/x-ndjson", "--data-binary", "@" + input,
             fmt::format("https://127.0.0.1:{}/ingest/v1/observations", city_.device_http().port)});
    };
    const std::string input = city_.folder() / "one.ndjson";
    std::ofstream(input) << R"({"asset":"LP-1","values":{"power_w":40.5}})" << "\n";
    EXPECT_THAT(post("wrong", input), testing::ElementsAre("401"));
    EXPECT_EQ(rows(), 0);
    EXPECT_THAT(post(gateway_.password, input), testing::ElementsAre("200"));
    EXPECT_EQ(rows(), 1);
}

// Who speaks plainly at the port of TLS is no client, and costs the others nothing.
TEST_F(OverTls, HalfAHandshakeHoldsNobodyUp) {
    std::vector<Socket> halves;
    for (int i = 0; i < 200; ++i) {
        halves.emplace_back(city_.mqtt_tls_port(), fmt::format("127.0.1.{}", 1 + i % 16));
        halves.back().send(std::string("\x16\x03\x01\x02\x00\x01", 6));
    }
    EXPECT_EQ(publish("mqttv5", gateway_.password, reports(2)), 0);
    EXPECT_EQ(rows(), messages);
    for (auto& half : halves)
        EXPECT_TRUE(half.ends_within(seconds{30}));
}

TEST_F(OverTls, TheRoomSignsInWithACookieForTlsOnlyAndFollowsTheStream) {
    const nlohmann::json person = {{"login", "camille"},
                                   {"name", "Camille Martin"},
                                   {"role", "operator"},
                                   {"employer", "Métropole"},
                                   {"password", "a long enough password"}};
    ASSERT_EQ(city_
                  .admin({.method = "POST",
                          .target = "/admin/v1/people",
                          .body = person.dump(),
                          .headers = {{"Content-Type", "application/json"}}})
                  .status,
              201U);
    const auto door = fmt::format("https://127.0.0.1:{}", city_.control().port);
    const std::string cookies = city_.folder() / "cookies";
    const nlohmann::json secret = {{"login", "camille"}, {"password", person["password"]}};
    const auto opened =
        curl({"-i", "-w", "\n", "-c", cookies, "-H", "Content-Type: application/json", "-H",
              "Origin: " + door, "--data", secret.dump(), door + "/api/v1/session"});
    EXPECT_THAT(opened, testing::Contains(testing::StartsWith("HTTP/1.1 200")));
    EXPECT_THAT(opened, testing::Contains(testing::AllOf(
                            testing::StartsWith("Set-Cookie: vigie_session="),
                            testing::HasSubstr("; HttpOnly"), testing::HasSubstr("; Secure"))));
    const std::vector<std::string> status{"-o", "/dev/null", "-w", "%{http_code}\n"};
    const auto asked = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), status.begin(), status.end());
        arguments.push_back(door + "/api/v1/session");
        return curl(arguments);
    };
    EXPECT_THAT(asked({}), testing::ElementsAre("401"));
    EXPECT_THAT(asked({"-b", cookies}), testing::ElementsAre("200"));
    // A stream has no end: what curl tells of the head must do, and it tells that at once.
    const auto is_answered = [&](const std::string& who, const std::string& head) {
        Program listener({"curl",
                          "-sv",
                          "--http1.1",
                          "--cacert",
                          certificate_.certificate_file(),
                          "-o",
                          "/dev/null",
                          "-b",
                          who,
                          "-H",
                          "Origin: " + door,
                          "-H",
                          "Connection: Upgrade",
                          "-H",
                          "Upgrade: websocket",
                          "-H",
                          "Sec-WebSocket-Version: 13",
                          "-H",
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                          door + "/api/v1/stream"});
        return listener.wait_for_line("< HTTP/1.1 " + head, seconds{20});
    };
    EXPECT_TRUE(is_answered(cookies, "101"));
    EXPECT_TRUE(is_answered("vigie_session=nobody", "401"));
    expect_no_page(city_.control().port);
}

TEST_F(OverTls, ThePublicDoorAnswersAnybody) {
    const auto doors = city_.admin_get("/admin/v1/status").at("doors");
    for (const char* name : {"control", "public", "device_http"})
        EXPECT_EQ(doors.at(name).at("tls"), true) << name;
    const auto port = doors.at("public").at("port").get<std::uint16_t>();
    EXPECT_THAT(curl({"-o", "/dev/null", "-w", "%{http_code} %{content_type}\n",
                      fmt::format("https://127.0.0.1:{}/open/v1/car-parks.geojson", port)}),
                testing::ElementsAre("200 application/geo+json"));
    expect_no_page(port);
}

}  // namespace
}  // namespace vigie::e2e
