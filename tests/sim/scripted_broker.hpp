// The other side of the wire, told what to answer: enough MQTT to hold a gateway to its part.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "vigie/base/limits.hpp"
#include "vigie/wire/mqtt/packets.hpp"

namespace vigie::sim {

class ScriptedBroker {
public:
    struct Arrival {
        std::string topic;
        std::string payload;
        wire::mqtt::Version version{};
    };
    // What to answer to a publication; nothing: no answer at all.
    using Answer = std::function<std::optional<wire::mqtt::Reason>(const Arrival&)>;

    explicit ScriptedBroker(boost::asio::io_context& io, Answer answer = {})
        : acceptor_(io, {boost::asio::ip::make_address("127.0.0.1"), 0}),
          answer_(std::move(answer)) {
        boost::asio::co_spawn(io, accept(), boost::asio::detached);
    }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    // Closes every connection without a word.
    void cut() {
        for (auto& socket : sockets_) {
            boost::system::error_code ignored;
            socket.close(ignored);
        }
    }
    std::vector<Arrival> arrivals;
    std::vector<std::string> users;  // of each CONNECT
    bool refuses_all{};              // CONNACK: not authorised

private:
    static constexpr auto quiet = boost::asio::as_tuple(boost::asio::use_awaitable);

    boost::asio::awaitable<void> accept() {
        for (;;) {
            auto [refused, socket] = co_await acceptor_.async_accept(quiet);
            if (refused) co_return;
            sockets_.push_back(std::move(socket));
            boost::asio::co_spawn(acceptor_.get_executor(), serve(sockets_.back()),
                                  boost::asio::detached);
        }
    }
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket& socket) {
        std::string in;
        auto version = wire::mqtt::Version::v5;
        for (;;) {
            char chunk[4096];
            const auto [ended, size] =
                co_await socket.async_read_some(boost::asio::buffer(chunk), quiet);
            if (ended) co_return;
            in.append(chunk, size);
            std::string out;
            for (;;) {
                const auto frame = wire::mqtt::next_frame(in, base::limits::mqtt_packet_bytes_max);
                if (!frame || !*frame) break;
                const auto packet = wire::mqtt::decode(**frame, version);
                if (packet) out += reply(*packet, version);
                in.erase(0, (*frame)->bytes);
            }
            if (out.empty()) continue;
            const auto [unsent, _] =
                co_await boost::asio::async_write(socket, boost::asio::buffer(out), quiet);
            if (unsent) co_return;
        }
    }
    std::string reply(const wire::mqtt::Packet& packet, wire::mqtt::Version& version) {
        std::string out;
        if (const auto* connect = std::get_if<wire::mqtt::Connect>(&packet)) {
            version = connect->version;
            users.emplace_back(connect->user_name.value_or(""));
            wire::mqtt::Connack connack;
            if (refuses_all) connack.reason = wire::mqtt::Reason::not_authorized;
            wire::mqtt::encode(connack, version, out);
        } else if (const auto* publish = std::get_if<wire::mqtt::Publish>(&packet)) {
            arrivals.push_back(
                {std::string(publish->topic), std::string(publish->payload), version});
            const auto reason = answer_ ? answer_(arrivals.back()) : wire::mqtt::Reason::success;
            if (!reason) return out;
            wire::mqtt::Ack ack;
            ack.packet_id = publish->packet_id;
            ack.reason = *reason;
            wire::mqtt::encode(ack, version, out);
        }
        return out;
    }
    boost::asio::ip::tcp::acceptor acceptor_;
    Answer answer_;
    std::list<boost::asio::ip::tcp::socket> sockets_;
};

}  // namespace vigie::sim
