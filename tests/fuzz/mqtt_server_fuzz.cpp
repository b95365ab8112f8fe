// A client that may send anything, in pieces, against the server's side of a connection: no crash,
// and every byte that comes back is a well-formed packet of a server.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/wire/mqtt/server_connection.hpp"

namespace mqtt = vigie::wire::mqtt;

namespace {

constexpr std::string_view greeting_3{"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1a", 15};
constexpr std::string_view greeting_5{"\x10\x0e\0\4MQTT\5\2\0\x3c\0\0\1a", 16};

// Answers as a handler might: some at once, some late and out of order.
class Answers {
public:
    explicit Answers(mqtt::ServerConnection& connection) : connection_(connection) {}

    // False: the connection is over.
    bool operator()(const mqtt::ServerEvent& event) {
        if (std::holds_alternative<mqtt::ConnectEvent>(event)) {
            connection_.accept({.assigned_client_id = "id"});
        } else if (const auto* publish = std::get_if<mqtt::PublishEvent>(&event)) {
            if (publish->publish.topic.empty()) std::abort();
            if (publish->handle != 0) late_.push_back(publish->handle);
            if (late_.size() >= 3) complete_late();
        } else if (const auto* subscribe = std::get_if<mqtt::SubscribeEvent>(&event)) {
            connection_.suback(subscribe->subscribe.packet_id,
                               std::vector(subscribe->subscribe.subscriptions.size(),
                                           mqtt::Reason::granted_qos_1));
            connection_.deliver({.topic = "t", .payload = "p", .qos = mqtt::Qos::at_least_once}, 7);
        } else if (const auto* unsubscribe = std::get_if<mqtt::UnsubscribeEvent>(&event)) {
            connection_.unsuback(
                unsubscribe->unsubscribe.packet_id,
                std::vector(unsubscribe->unsubscribe.filters.size(), mqtt::Reason::success));
        } else if (const auto* release = std::get_if<mqtt::ReleaseEvent>(&event)) {
            connection_.pubcomp(release->packet_id, release->reason);
        } else if (std::holds_alternative<mqtt::DisconnectEvent>(event) ||
                   std::holds_alternative<mqtt::FaultEvent>(event)) {
            return false;
        }
        return true;
    }
    void complete_late() {
        for (auto one = late_.rbegin(); one != late_.rend(); ++one) {
            connection_.complete(*one, mqtt::Reason::success, *one % 2 == 0 ? "why" : "");
        }
        late_.clear();
    }

private:
    mqtt::ServerConnection& connection_;
    std::vector<mqtt::PacketHandle> late_;
};

void converse(mqtt::ServerConnection& connection, std::string_view stream, std::size_t step) {
    Answers answers{connection};
    std::string unread;
    for (std::size_t at = 0; at < stream.size(); at += step) {
        unread += stream.substr(at, step);
        std::size_t consumed = 0;
        for (;;) {
            const auto event = connection.next(unread, consumed);
            if (consumed > unread.size()) std::abort();
            if (std::holds_alternative<std::monostate>(event)) break;
            if (!answers(event)) return;
        }
        unread.erase(0, consumed);
    }
    answers.complete_late();
}

void check_output(const mqtt::ServerConnection& connection) {
    std::string_view out = connection.output();
    while (!out.empty()) {
        const auto frame = mqtt::next_frame(out, mqtt::remaining_length_max);
        if (!frame || !*frame) std::abort();
        if (!mqtt::decode(**frame, connection.version())) std::abort();
        out.remove_prefix((*frame)->bytes);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t step = 1 + data[0] % 64;
    std::string stream;
    if (data[1] % 3 == 1) stream = greeting_3;
    if (data[1] % 3 == 2) stream = greeting_5;
    stream.append(reinterpret_cast<const char*>(data) + 2, size - 2);
    mqtt::ServerConnection connection{{.receive_max = 4, .topic_alias_max = 3}};
    converse(connection, stream, step);
    check_output(connection);
    return 0;
}
