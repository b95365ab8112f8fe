// The device door over MQTT: credentials, topic rights, observations and results of commands in.
#pragma once

#include <functional>
#include <vector>

#include "vigie/ingest/command_taker.hpp"
#include "vigie/ingest/door_throttle.hpp"
#include "vigie/ingest/inbox.hpp"
#include "vigie/ingest/sessions.hpp"
#include "vigie/net/mqtt_server.hpp"

namespace vigie::ingest {

class MqttDoor final : public net::MqttHandler {
public:
    // All outlive the door.
    MqttDoor(Inbox& inbox, Authority authority, CertificateAuthority certified, SenderByName named,
             DoorThrottle& throttle, SessionBook& sessions, const base::Clock& clock);

    // Before the door opens: whoever sends commands, and how what they took is acknowledged.
    // Without, no topic of results is known.
    using Complete = std::function<void(std::vector<net::MqttCompletion>)>;
    void serve_commands(CommandTaker& taker, Complete complete);

    boost::asio::awaitable<net::MqttConnectDecision> authenticate(
        net::MqttConnectRequest request) override;
    void connected(net::MqttPrincipal& principal, const std::string& client_id, bool resumed,
                   const std::vector<net::MqttSubscription>& subscriptions) override;
    net::MqttAdmission publish(net::MqttPrincipal& principal,
                               const net::MqttMessage& message) override;
    net::MqttAdmission change_subscriptions(net::MqttPrincipal& principal) override;
    wire::mqtt::Reason subscribe(net::MqttPrincipal& principal, std::string_view filter,
                                 wire::mqtt::Qos qos) override;
    void subscribed(net::MqttPrincipal& principal, const std::string& client_id,
                    const std::vector<net::MqttSubscription>& granted) override;
    bool may_receive(net::MqttPrincipal& principal, std::string_view topic) override;
    void delivered(std::uint64_t tag, net::MqttOutcome outcome) override;
    // An observation of the moment at which the will was due: again after a crash, it is the same.
    bool will(net::MqttPrincipal& principal, const wire::mqtt::Will& will,
              const net::MqttWillOrigin& origin) override;
    void disconnected(net::MqttPrincipal& principal, const std::string& client_id,
                      wire::mqtt::Reason reason) override;
    boost::asio::awaitable<std::optional<net::MqttStoredSession>> load_session(
        std::string owner, std::string client_id) override;
    boost::asio::awaitable<void> save_session(net::MqttStoredSession session) override;
    boost::asio::awaitable<void> erase_session(std::string owner, std::string client_id,
                                               std::uint64_t revision) override;

    [[nodiscard]] std::uint64_t last_session_revision() const override;
    [[nodiscard]] std::size_t sessions_beside(const std::string& owner,
                                              const std::string& client_id) const override;
    // Of whoever is still in force; the others are forgotten.
    std::vector<net::MqttLeftWill> left_wills() override;
    void forget_will(const net::MqttWillOrigin& origin) override;
    [[nodiscard]] bool holds_will(const net::MqttWillOrigin& origin) const override;

    // What a durable submission answers to who waits for it; appended to `completions`.
    static void complete(const store::Submission& submission,
                         std::vector<net::MqttCompletion>& completions);

private:
    net::MqttAdmission take_in(const Sender& sender, const net::MqttMessage& message,
                               Sorted sorted);
    std::expected<CommandResult, Refusal> read_result(const Sender& sender,
                                                      const ResultTopic& topic,
                                                      const net::MqttMessage& message) const;
    net::MqttAdmission take_result(const std::shared_ptr<const Sender>& sender,
                                   const ResultTopic& topic, const net::MqttMessage& message);
    static net::MqttConnectDecision put_off(base::Duration wait);
    net::MqttConnectDecision turn_away(const net::MqttConnectRequest& request,
                                       const base::Error& error);
    net::MqttConnectDecision welcome(std::shared_ptr<const Sender> sender) const;
    std::shared_ptr<const Sender> certified_sender(const net::MqttConnectRequest& request) const;

    Inbox& inbox_;
    CommandTaker* commands_{};
    Complete complete_{};
    Authority authority_;
    CertificateAuthority certified_;
    SenderByName named_;
    DoorThrottle& throttle_;
    SessionBook& sessions_;
    const base::Clock& clock_;
};

}  // namespace vigie::ingest
