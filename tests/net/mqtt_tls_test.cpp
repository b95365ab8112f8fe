#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "tests/net/certificate.hpp"
#include "tests/net/mqtt_bench.hpp"
#include "tests/wire/mqtt_bytes.hpp"

namespace vigie::net {

using wire::mqtt::Qos;
namespace asio = boost::asio;

class MqttTlsTest : public MqttBench {
protected:
    void start_tls(bool client_certificate) {
        MqttTls tls{.certificate_chain_file = server_.certificate_file(),
                    .private_key_file = server_.key_file()};
        if (client_certificate) {
            tls.client_ca_file = device_.certificate_file();
            tls.client_certificate_required = true;
        }
        start({.listeners = {MqttListener{.port = 0, .tls = tls}, MqttListener{.port = 0}}});
    }
    MqttClientSettings with_tls(const std::string& client_id) {
        auto settings = as(client_id);
        settings.ca_file = server_.certificate_file();
        return settings;
    }
    TestCertificate server_{"vigie"};
    TestCertificate device_{"cabinet 7"};
};

TEST_F(MqttTlsTest, CarriesEverythingAndLargePackets) {
    start_tls(false);
    MqttClient client{io.get_executor()};
    ASSERT_TRUE(connect(client, with_tls("one")));
    EXPECT_EQ(handler.request().certificate_subject, "");
    EXPECT_TRUE(wait_for(client.publish("t", std::string(200'000, 'x'), Qos::at_least_once)).ok());
    std::size_t heard = 0;
    client.on_message([&heard](const wire::mqtt::Publish& one) { heard += one.payload.size(); });
    wait_for(client.subscribe({{"c", Qos::at_least_once}}));
    for (std::uint64_t tag = 0; tag < 20; ++tag) {
        server->send({.topic = "c", .payload = std::string(100'000, 'y'), .tag = tag});
    }
    run_until([&heard] { return heard == 2'000'000; });
    std::size_t acknowledged = 0;
    for (int i = 0; i < 2'000; ++i) {
        client.publish_soon({.topic = "t", .qos = Qos::exactly_once},
                            [&acknowledged](const MqttAcknowledgement& one) {
                                if (one.ok()) ++acknowledged;
                            });
    }
    run_until([&acknowledged] { return acknowledged == 2'000; });
    wait_for(client.disconnect());
    EXPECT_TRUE(handler.expect("disconnected one 0"));
    MqttClient plain{io.get_executor()};
    auto settings = as("two");
    settings.port = server->ports().back();
    EXPECT_TRUE(connect(plain, settings));  // the other listener
}

TEST_F(MqttTlsTest, KnowsAClientByItsCertificate) {
    start_tls(true);
    MqttClient client{io.get_executor()};
    EXPECT_FALSE(connect(client, with_tls("one")));  // none shown
    auto settings = with_tls("one");
    settings.certificate_file = device_.certificate_file();
    settings.private_key_file = device_.key_file();
    MqttClient known{io.get_executor()};
    ASSERT_TRUE(connect(known, settings));
    EXPECT_EQ(handler.request().certificate_subject, "CN=cabinet 7");
    settings.certificate_file = server_.certificate_file();  // not of that authority
    settings.private_key_file = server_.key_file();
    MqttClient stranger{io.get_executor()};
    EXPECT_FALSE(connect(stranger, settings));
}

TEST_F(MqttTlsTest, ResumesItsOwnSessionWithAClientCertificate) {
    start_tls(true);
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.use_certificate_chain_file(device_.certificate_file());
    context.use_private_key_file(device_.key_file(), asio::ssl::context::pem);
    SSL_SESSION* session = nullptr;
    for (const bool again : {false, true}) {
        asio::ssl::stream<asio::ip::tcp::socket> stream(io, context);
        stream.next_layer().connect({asio::ip::address_v4::loopback(), server->ports().front()});
        if (again) ASSERT_EQ(SSL_set_session(stream.native_handle(), session), 1);
        boost::system::error_code failed;
        stream.handshake(asio::ssl::stream_base::client, failed);
        ASSERT_FALSE(failed) << failed.message();
        const std::string hello =
            wire::mqtt::bytes("10 19 00 04 'MQTT' 05 c2 0000 00 0001 'a' 0005 'owner' 0002 'pw'");
        asio::write(stream, asio::buffer(hello));
        std::string answer(1, '\0');
        asio::read(stream, asio::buffer(answer), failed);
        ASSERT_EQ(answer, "\x20") << failed.message();
        EXPECT_EQ(SSL_session_reused(stream.native_handle()) == 1, again);
        EXPECT_EQ(handler.request().certificate_subject, "CN=cabinet 7") << again;
        if (!again) session = SSL_get1_session(stream.native_handle());
        // A session whose end was not said is not resumed.
        SSL_set_shutdown(stream.native_handle(), SSL_SENT_SHUTDOWN);
    }
    SSL_SESSION_free(session);
}

TEST_F(MqttTlsTest, TrustsNoOtherServer) {
    start_tls(false);
    MqttClient client{io.get_executor()};
    auto settings = with_tls("one");
    settings.ca_file = device_.certificate_file();
    EXPECT_FALSE(connect(client, settings));
    settings.ca_file = "/nowhere.pem";
    EXPECT_FALSE(connect(client, settings));
    EXPECT_FALSE(connect(client, as("one")));  // no TLS where TLS is spoken
}

TEST_F(MqttTlsTest, ACertificateThatCannotBeReadStopsTheStart) {
    const MqttTls tls{.certificate_chain_file = "/nowhere.pem", .private_key_file = "/nowhere.pem"};
    try {
        start({.listeners = {MqttListener{.port = 0, .tls = tls}}});
        ADD_FAILURE() << "it starts";
    } catch (const std::runtime_error& error) {
        EXPECT_TRUE(std::string_view(error.what()).starts_with("/nowhere.pem cannot be used (No "))
            << error.what();
    }
}

}  // namespace vigie::net
