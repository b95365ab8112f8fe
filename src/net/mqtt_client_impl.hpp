// The client behind its face: one socket, one read loop, one write at a time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/mqtt_buffer.hpp"
#include "net/mqtt_stream.hpp"
#include "vigie/net/mqtt_client.hpp"
#include "vigie/wire/mqtt/client_connection.hpp"

namespace vigie::net {

class MqttClient::Impl : public std::enable_shared_from_this<MqttClient::Impl> {
public:
    using Machine = wire::mqtt::ClientConnection;

    explicit Impl(boost::asio::any_io_executor executor);

    boost::asio::awaitable<base::Result<MqttConnected>> connect(MqttClientSettings settings);
    bool publish(const wire::mqtt::Publish& message, OnAcknowledged callback);
    boost::asio::awaitable<MqttAcknowledgement> publish_and_wait(std::string topic,
                                                                 std::string payload,
                                                                 wire::mqtt::Qos qos, bool retain);
    using Filters = std::vector<std::pair<std::string, wire::mqtt::Qos>>;
    boost::asio::awaitable<std::vector<wire::mqtt::Reason>> subscribe(Filters filters);
    boost::asio::awaitable<std::vector<wire::mqtt::Reason>> unsubscribe(
        std::vector<std::string> filters);
    boost::asio::awaitable<void> disconnect(wire::mqtt::Reason reason);
    // Ends the connection, if there is one. Tells everybody who waits.
    void end(std::optional<wire::mqtt::Reason> by_server);
    // The owner is gone: nobody is told that the connection closed.
    void release();

    [[nodiscard]] bool is_connected() const { return machine_ && machine_->is_connected(); }
    [[nodiscard]] std::size_t open() const { return open_; }
    [[nodiscard]] std::size_t on_the_wire() const { return on_the_wire_; }

    OnMessage on_message;
    OnClosed on_closed;
    std::optional<wire::mqtt::Reason> refused_with;

private:
    // A publication of QoS 1 or 2; its tag is its place in the queue plus first_tag_.
    struct Waiting {
        OnAcknowledged callback;
        bool answered{false};
    };
    struct Queued {
        std::string topic;
        std::string payload;
        std::string properties;
        wire::mqtt::Qos qos{};
        bool retain{false};
        std::uint64_t tag{0};
    };
    // Somebody who waits for SUBACK or UNSUBACK.
    struct Question {
        explicit Question(const boost::asio::any_io_executor& executor) : answered(executor) {}
        boost::asio::steady_timer answered;
        std::vector<wire::mqtt::Reason> reasons;
    };

    boost::asio::awaitable<base::Result<void>> open_stream(const MqttClientSettings& settings);
    boost::asio::awaitable<base::Result<void>> shake_hands(const MqttClientSettings& settings);
    void begin(const MqttClientSettings& settings);
    boost::asio::awaitable<base::Result<MqttConnected>> await_connack(std::string client_id);
    base::Result<MqttConnected> welcomed(const wire::mqtt::Connack& connack, std::string client_id);
    boost::asio::awaitable<void> read_loop();
    // False: the connection is over.
    bool handle_input();
    bool handle(const wire::mqtt::ClientEvent& event);
    void handle_message(const wire::mqtt::MessageEvent& event);
    void answer(std::uint64_t tag, const MqttAcknowledgement& acknowledgement);
    bool send(const wire::mqtt::Publish& message, std::uint64_t tag);
    bool send_queued();
    void schedule_flush();
    void flush();
    void write_some();
    void after_write(boost::system::error_code failed, std::size_t count);
    void note_written();
    void watch_keep_alive();
    boost::asio::awaitable<std::vector<wire::mqtt::Reason>> await_answer(std::uint64_t tag);

    boost::asio::any_io_executor executor_;
    boost::asio::ip::tcp::resolver resolver_;
    boost::asio::steady_timer keep_alive_;
    boost::asio::steady_timer drained_;   // cancelled whenever nothing is left to write
    std::shared_ptr<MqttStream> stream_;  // whoever waits for it keeps it alive
    std::unique_ptr<boost::asio::ssl::context> tls_;
    std::unique_ptr<Machine> machine_;
    MqttReadBuffer input_;
    std::string writing_;
    std::size_t written_{0};
    bool write_pending_{false};
    bool flush_scheduled_{false};
    bool connecting_{false};
    bool established_{false};  // connect() succeeded and end() has not come
    bool released_{false};
    bool wrote_since_ping_{false};
    bool pong_due_{false};
    std::deque<Waiting> waiting_;
    std::uint64_t first_tag_{0};
    std::size_t open_{0};
    std::size_t on_the_wire_{0};
    // Publications with tags below: made bytes, being written, written.
    std::uint64_t encoded_below_{0};
    std::uint64_t writing_below_{0};
    std::uint64_t written_below_{0};
    std::deque<Queued> queue_;
    std::size_t queued_max_{0};
    std::uint64_t next_question_{0};
    std::unordered_map<std::uint64_t, std::shared_ptr<Question>> questions_;
};

}  // namespace vigie::net
