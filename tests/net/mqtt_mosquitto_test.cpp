// The endpoint and a client that others wrote: Mosquitto's, in both versions.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <thread>

#include "tests/net/mqtt_bench.hpp"

namespace vigie::net {

namespace {

struct Ran {
    int status{-1};
    std::string output;
};

Ran run_command(const std::string& command) {
    Ran ran;
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return ran;
    std::array<char, 256> piece{};
    while (std::fgets(piece.data(), piece.size(), pipe) != nullptr)
        ran.output += piece.data();
    const int status = ::pclose(pipe);
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
}

}  // namespace

class MqttMosquittoTest : public MqttBench {
protected:
    std::string to_server(const std::string& program, const std::string& version) {
        return program + " -V " + version + " -h 127.0.0.1 -p " +
               std::to_string(server->ports().front()) + " -u owner -P pw ";
    }
};

TEST_F(MqttMosquittoTest, Publishes) {
    start();
    for (const std::string version : {"311", "5"}) {
        for (const std::string qos : {"0", "1", "2"}) {
            const std::string topic = "v" + version + "/q" + qos;
            const Ran ran = run_command(to_server("mosquitto_pub", version) + "-q " + qos +
                                        " -i m -t " + topic + " -m hello");
            EXPECT_EQ(ran.status, 0) << ran.output;
            EXPECT_TRUE(handler.expect("publish " + topic + "=hello"));
            EXPECT_TRUE(handler.expect("disconnected m 0"));
        }
    }
    EXPECT_EQ(server->counters().protocol_errors, 0U);
}

TEST_F(MqttMosquittoTest, PublishesManyLines) {
    start();
    const Ran ran =
        run_command("seq 1 5000 | " + to_server("mosquitto_pub", "5") + "-q 2 -t many -l");
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_TRUE(handler.expect("publish many=1"));
    EXPECT_TRUE(handler.expect("publish many=5000"));
    EXPECT_EQ(handler.messages, 5'000U);
}

TEST_F(MqttMosquittoTest, IsRefused) {
    start();
    const std::string port = std::to_string(server->ports().front());
    for (const std::string version : {"311", "5"}) {
        const Ran ran = run_command("mosquitto_pub -V " + version + " -h 127.0.0.1 -p " + port +
                                    " -u owner -P wrong -t t -m x");
        EXPECT_NE(ran.status, 0);
        EXPECT_NE(ran.output.find("assword"), std::string::npos) << ran.output;
    }
    const Ran ran = run_command(to_server("mosquitto_pub", "5") + "-q 1 -t forbidden/x -m x");
    EXPECT_NE(ran.output.find("Not authorized"), std::string::npos) << ran.output;
}

TEST_F(MqttMosquittoTest, Subscribes) {
    start();
    for (const std::string version : {"311", "5"}) {
        Ran ran;
        std::thread subscriber{[&] {
            ran = run_command(to_server("mosquitto_sub", version) + "-i s" + version +
                              " -q 1 -t 'vigie/v1/+/commands' -C 2 -W 20");
        }};
        EXPECT_TRUE(handler.expect("subscribed s" + version + " vigie/v1/+/commands"));
        for (std::uint64_t tag = 1; tag <= 2; ++tag) {
            server->send({.topic = "vigie/v1/LP-1/commands",
                          .payload = "dim " + std::to_string(tag),
                          .expires_at = clock.now() + std::chrono::seconds{60},
                          .tag = tag});
        }
        subscriber.join();
        EXPECT_EQ(ran.status, 0);
        EXPECT_EQ(ran.output, "dim 1\ndim 2\n");
        EXPECT_TRUE(handler.expect("delivered 1 acknowledged"));
    }
}

TEST_F(MqttMosquittoTest, ResumesAPersistentSession) {
    start();
    for (const std::string extra : {"-V 311 -c", "-V 5 -c -x 60"}) {
        const std::string who = to_server("mosquitto_sub", "5") + extra + " -i keep -q 1 -t c ";
        const Ran first = run_command(who + "-E");
        EXPECT_EQ(first.status, 0) << first.output;
        EXPECT_TRUE(handler.expect("subscribed keep c"));
        const Ran second = run_command(who + "-E");
        EXPECT_EQ(second.status, 0) << second.output;
        EXPECT_TRUE(handler.expect("connected owner/keep resumed c"));
        EXPECT_TRUE(handler.expect("subscribed keep c"));
        run_command(to_server("mosquitto_sub", "5") + " -i keep -t c -E");  // forget
        EXPECT_TRUE(handler.expect("subscribed keep c"));
    }
}

}  // namespace vigie::net
