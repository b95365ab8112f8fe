// One client's connection: the protocol's state machine, its socket, and the handler between them.
// Everything happens on its worker's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/mqtt_buffer.hpp"
#include "net/mqtt_hub.hpp"
#include "net/mqtt_stream.hpp"
#include "net/mqtt_worker.hpp"

namespace vigie::net {

// Of topic and payload, the same in every run.
[[nodiscard]] std::uint64_t mqtt_digest(const wire::mqtt::Publish& publish);

class MqttConnection : public std::enable_shared_from_this<MqttConnection> {
public:
    MqttConnection(MqttWorker& worker, std::shared_ptr<MqttHub> hub,
                   std::shared_ptr<MqttStream> stream, MqttConnectionName name);

    // The life of the connection.
    boost::asio::awaitable<void> run();

    // An acknowledgement became due; flush() later. False: it waits no longer.
    bool complete(const MqttCompletion& completion);
    void flush();
    // Room: what waits for it tries again.
    void wake() { wake_.cancel(); }
    void deliver(std::shared_ptr<const MqttDelivery> delivery, wire::mqtt::Qos granted);
    // Says goodbye and ends.
    void leave(wire::mqtt::Reason reason, std::string_view text = {});
    // Ends without a word.
    void cut(wire::mqtt::Reason reason);
    // Says goodbye once every message that waits is acknowledged.
    void leave_when_done();
    void on_tick(base::SteadyInstant now);

    // Of the worker, while it applies a batch.
    bool touched{false};
    // Of the worker: it is in the list of those that resume() wakes.
    bool paused{false};

private:
    enum class Step : std::uint8_t {
        read,
        wait,
        connect,
        subscribe,
        unsubscribe,
        remember,
        release,
        over
    };
    struct Outgoing {
        std::shared_ptr<const MqttDelivery> delivery;
        wire::mqtt::Qos qos{};
    };
    // Messages in, counted once per read.
    struct Heard {
        std::uint64_t qos[3]{};
        std::uint64_t dropped{0};
        std::uint64_t dropped_above_rate{0};
        std::uint64_t retained{0};
    };

    // mqtt_connection.cpp: what comes in
    boost::asio::awaitable<bool> shake_hands();
    boost::asio::awaitable<void> converse();
    boost::asio::awaitable<bool> read();
    boost::asio::awaitable<void> linger();
    boost::asio::awaitable<void> wait_for_room();
    Step advance();
    Step take_event();
    [[nodiscard]] std::optional<base::Instant> instant_of(const wire::mqtt::Publish& publish) const;
    bool offer();
    bool must_pause() const;
    void count_heard();

    // mqtt_connection_session.cpp: whose connection it is
    boost::asio::awaitable<void> on_connect();
    boost::asio::awaitable<MqttConnectDecision> decide(MqttConnectRequest request);
    boost::asio::awaitable<void> displace(MqttConnectionName previous);
    [[nodiscard]] std::optional<MqttRegistry::Kept> earlier_session(
        const MqttStoredSession& row) const;
    [[nodiscard]] bool owner_has_enough() const;
    boost::asio::awaitable<void> take_session(bool clean_start, bool assigned);
    void welcome(const std::optional<MqttRegistry::Kept>& earlier, bool assigned);
    boost::asio::awaitable<void> refuse(MqttConnectDecision decision);
    // False: the connection is over.
    boost::asio::awaitable<bool> may_change_subscriptions();
    boost::asio::awaitable<void> on_subscribe();
    boost::asio::awaitable<void> on_unsubscribe();
    void end_if_refused();
    wire::mqtt::Reason grant(const wire::mqtt::Subscription& asked,
                             std::vector<MqttSubscription>& granted);
    MqttConnectRequest request_of(const wire::mqtt::Connect& connect);
    void remember_will(const wire::mqtt::Connect& connect);

    // mqtt_connection_row.cpp: what outlives it
    boost::asio::awaitable<MqttStoredSession> row_before();
    boost::asio::awaitable<void> write_row(MqttStoredSession row);
    boost::asio::awaitable<void> on_remember();
    boost::asio::awaitable<void> on_release();
    void let_go(wire::mqtt::Reason reason);
    // Without waiting for it; then `will` is published, if any.
    void update_row(MqttStoredSession row, std::optional<MqttPendingWill> will = std::nullopt);
    std::optional<MqttPendingWill> give_will_away(MqttStoredSession& row, base::SteadyInstant now);
    [[nodiscard]] MqttStoredSession stored();

    // mqtt_connection_write.cpp: what goes out, and when it ends
    void encode_deliveries(base::Instant now);
    bool begin_write();
    void write_plain();
    void write_tls();
    // False: the connection is over.
    bool after_write(boost::system::error_code failed, std::size_t count);
    void written();
    [[nodiscard]] bool is_write_late(base::Instant now) const;
    void drop_expired(base::Instant now);
    void lose_deliveries();
    void finish(wire::mqtt::Reason reason, bool with_goodbye);
    void hang_up();

    MqttWorker& worker_;
    std::shared_ptr<MqttHub> hub_;
    std::shared_ptr<MqttStream> stream_;
    MqttConnectionName name_;
    wire::mqtt::ServerConnection machine_;
    MqttReadBuffer input_;
    std::size_t consumed_{0};  // of the unread input, by events so far
    wire::mqtt::ServerEvent event_;
    boost::asio::steady_timer wake_;
    Heard heard_;

    std::string owner_;
    std::string owner_tag_;
    std::string client_id_;
    std::shared_ptr<MqttPrincipal> principal_;
    std::uint32_t packet_bytes_max_{0};  // of this client; 0: the server's
    MqttSessionId session_{0};
    MqttRememberedMessages remembered_;
    // Of the message that is offered, before it is remembered and from then on.
    std::optional<base::Instant> to_remember_;
    std::optional<base::Instant> instant_;
    std::shared_ptr<const MqttWill> will_;  // null without one, or once it is given away
    bool announced_{false};                 // the handler was told `connected`

    bool waiting_{false};        // for room
    base::Duration slow_for_{};  // above its rate: nothing is read for as long
    bool reading_{false};        // otherwise keep-alive is suspended
    bool peer_gone_{false};
    bool row_written_{false};
    bool stop_asked_{false};
    bool over_{false};
    base::SteadyInstant began_at_;
    base::SteadyInstant heard_at_;
    base::Instant received_at_;  // the same by the other clock, for what was heard
    std::optional<base::SteadyInstant> answer_at_;  // a refusal, no sooner
    std::optional<base::SteadyInstant> close_at_;

    std::string writing_;
    std::size_t written_{0};
    bool write_pending_{false};
    base::SteadyInstant progress_at_;
    std::optional<base::Instant> write_before_;  // the earliest expiry in what is being written
    std::vector<std::uint64_t> written_tags_;    // of QoS 0, in what is being written
    std::deque<Outgoing> outgoing_;
};

}  // namespace vigie::net
