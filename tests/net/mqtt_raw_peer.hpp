// A peer that speaks bytes, for what no honest client does.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <string_view>

#include "tests/net/mqtt_bench.hpp"
#include "tests/wire/mqtt_bytes.hpp"

namespace vigie::net {

class MqttRawPeer {
public:
    using Socket = boost::asio::ip::tcp::socket;

    MqttRawPeer(boost::asio::io_context& io, std::uint16_t port) : socket(io) {
        socket.connect({boost::asio::ip::address_v4::loopback(), port});
    }
    void send(std::string_view text) {
        const std::string raw = wire::mqtt::bytes(text);
        boost::asio::write(socket, boost::asio::buffer(raw));
    }
    // CONNECT of 5.0 as "owner" with the password "pw", with a clean start.
    void greet(std::string_view client_id, std::string_view keep_alive = "0000",
               std::string_view properties = "00", std::string_view flags = "c2") {
        const std::string body = wire::mqtt::bytes("00 04 'MQTT' 05") + wire::mqtt::bytes(flags) +
                                 wire::mqtt::bytes(keep_alive) + wire::mqtt::bytes(properties) +
                                 field(client_id) + field("owner") + field("pw");
        std::string packet = wire::mqtt::bytes("10");
        packet.push_back(static_cast<char>(body.size()));
        packet += body;
        boost::asio::write(socket, boost::asio::buffer(packet));
    }

    Socket socket;
    std::string received;

private:
    static std::string field(std::string_view text) {
        std::string raw{'\0', static_cast<char>(text.size())};
        return raw.append(text);
    }
};

// What the peer gets: `count` bytes, or everything until the connection ends.
class MqttRawTest : public MqttBench {
protected:
    std::string read(MqttRawPeer& peer, std::size_t count) {
        std::string got(count, '\0');
        bool done = false;
        boost::asio::async_read(peer.socket, boost::asio::buffer(got),
                                [&](boost::system::error_code, std::size_t size) {
                                    got.resize(size);
                                    done = true;
                                });
        run_until([&done] { return done; });
        return wire::mqtt::shown(got);
    }
    std::string read_until_closed(MqttRawPeer& peer) {
        std::string got;
        bool done = false;
        boost::asio::async_read(peer.socket, boost::asio::dynamic_buffer(got),
                                [&](boost::system::error_code, std::size_t) { done = true; });
        run_until([&done] { return done; });
        return wire::mqtt::shown(got);
    }
    // Takes the CONNACK off.
    void welcome(MqttRawPeer& peer) {
        const std::string head = read(peer, 2);
        ASSERT_TRUE(head.starts_with("20 "));
        const auto length = std::stoul(head.substr(3, 2), nullptr, 16);
        ASSERT_EQ(read(peer, length).substr(3, 2), "00");
    }
};

}  // namespace vigie::net
