// Which doors a device finds open from where: beyond this machine none without TLS, but behind a
// proxy.
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "tests/app/door_run.hpp"
#include "tests/net/certificate.hpp"

namespace vigie::app {
namespace {

namespace asio = boost::asio;

class PlainMqtt : public DoorTest {
protected:
    // 127.0.0.2 stands for another machine: who listens on 127.0.0.1 alone is not found there, who
    // listens on every address is.
    static bool answers(const char* address, std::uint16_t port) {
        asio::io_context io;
        asio::ip::tcp::socket socket(io);
        boost::system::error_code failed;
        socket.connect({asio::ip::make_address(address), port}, failed);
        return !failed;
    }
    void expose() {
        settings_.device.address = "0.0.0.0";
        settings_.device.mqtt_tls_port = 0;
    }
    void certify() {
        settings_.device.certificate = certificate_.certificate_file();
        settings_.device.private_key = certificate_.key_file();
    }

    net::TestCertificate certificate_{"vigie"};
};

TEST_F(PlainMqtt, StaysOnThisMachineWhenTheDoorIsExposedWithACertificate) {
    expose();
    certify();
    start();
    const auto ports = run_->pipeline.mqtt_ports();
    EXPECT_TRUE(answers("127.0.0.1", ports.plain));
    EXPECT_FALSE(answers("127.0.0.2", ports.plain));
    EXPECT_TRUE(answers("127.0.0.2", ports.tls));
}

TEST_F(PlainMqtt, IsExposedBehindAProxyOnly) {
    expose();
    settings_.device.behind_proxy = true;
    start();
    EXPECT_TRUE(answers("127.0.0.2", run_->pipeline.mqtt_ports().plain));
    EXPECT_EQ(run_->pipeline.mqtt_ports().tls, 0);
}

TEST_F(PlainMqtt, IsClosedWhenTheSettingsSaySo) {
    expose();
    certify();
    settings_.device.mqtt_plain = false;
    start();
    EXPECT_EQ(run_->pipeline.mqtt_ports().plain, 0);
    EXPECT_EQ(run_->pipeline.mqtt().ports().size(), 1U);
    EXPECT_TRUE(answers("127.0.0.2", run_->pipeline.mqtt_ports().tls));
}

TEST_F(PlainMqtt, ThereMayBeNoMqttAtAll) {
    settings_.device.mqtt_plain = false;
    start();
    EXPECT_TRUE(run_->pipeline.mqtt().ports().empty());
    EXPECT_TRUE(answers("127.0.0.1", run_->pipeline.http().ports().at(0)));
}

}  // namespace
}  // namespace vigie::app
