// The device door as a city opens it to the world: over TLS, with clients that are not ours. What
// was acknowledged there survives a kill as well.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "tests/e2e/support/device.hpp"
#include "tests/e2e/support/installation.hpp"
#include "tests/e2e/support/program.hpp"
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
    Installation city_{"/tmp",
                       fmt::format("certificate = \"{}\"\nprivate_key = \"{}\"\n",
                                   certificate_.certificate_file(), certificate_.key_file())};
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
        Program client(
            {"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}\n", "--cacert",
             certificate_.certificate_file(), "-u", gateway_.user_name + ":" + password, "-H",
             "Content-Type: application/x-ndjson", "--data-binary", "@" + input,
             fmt::format("https://127.0.0.1:{}/ingest/v1/observations", city_.device_http().port)});
        EXPECT_EQ(client.wait(seconds{60}), 0);
        return client.lines();
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

}  // namespace
}  // namespace vigie::e2e
