#include "vigie/ingest/mqtt_door.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {

using MqttReason = wire::mqtt::Reason;

struct DoorPrincipal final : net::MqttPrincipal {
    explicit DoorPrincipal(std::shared_ptr<const Sender> s) : sender(std::move(s)) {}
    std::shared_ptr<const Sender> sender;
};

const std::shared_ptr<const Sender>& sender_kept_by(const net::MqttPrincipal& principal) {
    return static_cast<const DoorPrincipal&>(principal).sender;
}

const Sender& sender_of(const net::MqttPrincipal& principal) {
    return *static_cast<const DoorPrincipal&>(principal).sender;
}

// What a 5.0 client is told; a 3.1.1 client is acknowledged all the same, so that it does not
// repeat for ever.
MqttReason reason_code(Reason reason) {
    switch (reason) {
        case Reason::unknown_topic:
        case Reason::unknown_asset:
        case Reason::unknown_command:
            return MqttReason::topic_name_invalid;
        case Reason::not_yours:
            return MqttReason::not_authorized;
        case Reason::too_many:
            return MqttReason::quota_exceeded;
        case Reason::time_ahead:
        case Reason::too_old:
        case Reason::not_sent:
        case Reason::contradiction:
            return MqttReason::implementation_specific_error;
        default:
            return MqttReason::payload_format_invalid;
    }
}

std::string reason_string(const Refusal& refusal) {
    std::string text(to_string(refusal.reason));
    if (!refusal.pointer.empty()) text += " at " + refusal.pointer;
    return text + ": " + refusal.detail.en;
}

void let_wait(Sorted& sorted, const net::MqttTicket& ticket) {
    sorted.submission.waiter = ticket.connection;
    sorted.submission.ticket = ticket.packet;
    if (!sorted.refusal) return;
    sorted.submission.outcome = static_cast<std::uint8_t>(reason_code(sorted.refusal->reason));
    sorted.submission.outcome_text = reason_string(*sorted.refusal);
}

constexpr std::size_t user_properties_bytes_max = 1'000;

// What the sender wrote beside the message helps whoever looks at it in quarantine:
// " (user properties: firmware=2.1, line=7)"; in their order, cut off between two.
std::string user_properties_text(const wire::mqtt::PropertyView& properties) {
    std::string text;
    std::string_view rest = properties.bytes();
    while (const auto one = wire::mqtt::PropertyView::take(rest)) {
        if (one->id != wire::mqtt::PropertyId::user_property) continue;
        if (text.size() + one->name.size() + one->text.size() > user_properties_bytes_max) {
            text += text.empty() ? "..." : ", ...";
            break;
        }
        if (!text.empty()) text += ", ";
        text.append(one->name).append("=").append(one->text);
    }
    return text.empty() ? text : " (user properties: " + text + ")";
}

void keep_beside(Sorted& sorted, const std::string& user_properties) {
    if (sorted.refusal) sorted.submission.quarantined.back().detail += user_properties;
}

// What a 5.0 client says it is; what it does not say, and 3.1.1 cannot, is seen by its shape.
Format format_of(const wire::mqtt::PropertyView& properties) {
    const auto type = properties.text(wire::mqtt::PropertyId::content_type);
    return type ? ingest::format_of(*type).value_or(Format::by_shape) : Format::by_shape;
}

MqttReason above(Exceeded exceeded) {
    return exceeded == Exceeded::values ? MqttReason::quota_exceeded
                                        : MqttReason::message_rate_too_high;
}

// What a message above its credential's rate is answered; nothing: it may come in.
std::optional<net::MqttAdmission> held_back(Allowance& allowance, wire::mqtt::Qos qos,
                                            base::SteadyInstant now) {
    const Admission admission = allowance.admit(now);
    if (admission.kind == Admission::Kind::go) return std::nullopt;
    if (admission.kind == Admission::Kind::refuse) {
        return net::MqttAdmission::ended(above(admission.exceeded),
                                         "above the rate of this credential for too long");
    }
    const bool may_be_lost = qos == wire::mqtt::Qos::at_most_once;
    return net::MqttAdmission::slowed(may_be_lost ? allowance.drop(now) : admission.wait);
}

}  // namespace

MqttDoor::MqttDoor(Inbox& inbox, Authority authority, CertificateAuthority certified,
                   SenderByName named, DoorThrottle& throttle, SessionBook& sessions,
                   const base::Clock& clock)
    : inbox_(inbox),
      authority_(std::move(authority)),
      certified_(std::move(certified)),
      named_(std::move(named)),
      throttle_(throttle),
      sessions_(sessions),
      clock_(clock) {}

// A certificate bound to a credential signs it in; a user name beside it must be that credential's.
// Any other certificate only opened the door.
std::shared_ptr<const Sender> MqttDoor::certified_sender(
    const net::MqttConnectRequest& request) const {
    if (request.certificate_fingerprint.empty()) return nullptr;
    const std::string user_name = request.user_name.value_or("");
    auto bound = certified_({request.certificate_fingerprint, request.certificate_subject});
    if (!bound || (!user_name.empty() && user_name != bound->name())) return nullptr;
    return bound;
}

net::MqttConnectDecision MqttDoor::put_off(base::Duration wait) {
    net::MqttConnectDecision decision;
    decision.answer_after = wait;
    decision.reason = MqttReason::quota_exceeded;
    decision.reason_string = "too many wrong sign-ins from this address: try again in " +
                             std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()) +
                             " s";
    return decision;
}

net::MqttConnectDecision MqttDoor::turn_away(const net::MqttConnectRequest& request,
                                             const base::Error& error) {
    const std::string name = request.user_name.value_or("");
    if (const auto wait = throttle_.failed(name, request.peer_address)) return put_off(*wait);
    net::MqttConnectDecision decision;
    decision.reason = MqttReason::bad_user_name_or_password;
    decision.reason_string = error.detail.en;
    spdlog::info("mqtt: {} from {} refused: {}", shown_name(name), request.peer_address,
                 error.detail.en);
    return decision;
}

boost::asio::awaitable<net::MqttConnectDecision> MqttDoor::authenticate(
    net::MqttConnectRequest request) {
    auto sender = certified_sender(request);
    if (!sender) {
        const std::string name = request.user_name.value_or("");
        const auto place = throttle_.guesses().take(name, request.peer_address);
        if (!place) co_return put_off(place.wait());
        auto found = authority_(name, request.password.value_or(""));
        if (!found) co_return turn_away(request, found.error());
        throttle_.guesses().right(place);
        sender = *std::move(found);
    }
    co_return welcome(std::move(sender));
}

// Within what the credential may do.
net::MqttConnectDecision MqttDoor::welcome(std::shared_ptr<const Sender> sender) const {
    net::MqttConnectDecision decision;
    if (Allowance* allowance = sender->allowance()) {
        const base::SteadyInstant now = clock_.steady();
        if (allowance->refused_for(now)) {
            decision.reason = MqttReason::quota_exceeded;
            decision.reason_string = "above the rate of this credential for too long";
            return decision;
        }
        if (allowance->connect_in(now)) {
            decision.reason = MqttReason::connection_rate_exceeded;
            decision.reason_string = "too many connections of this credential at once";
            return decision;
        }
        decision.packet_bytes_max = static_cast<std::uint32_t>(
            std::min<std::size_t>(allowance->message_bytes_max(), 0xFFFF'FFFF));
    }
    decision.owner = sender->name();
    decision.owner_tag = sender->tag();
    decision.principal = std::make_shared<DoorPrincipal>(std::move(sender));
    return decision;
}

void MqttDoor::serve_commands(CommandTaker& taker, Complete complete) {
    commands_ = &taker;
    complete_ = std::move(complete);
}

void MqttDoor::connected(net::MqttPrincipal& principal, const std::string& client_id, bool resumed,
                         const std::vector<net::MqttSubscription>& subscriptions) {
    subscribed(principal, client_id, subscriptions);
    spdlog::debug("mqtt: {} connected as {}{}", sender_of(principal).name(), client_id,
                  resumed ? ", resumed" : "");
}

net::MqttAdmission MqttDoor::publish(net::MqttPrincipal& principal,
                                     const net::MqttMessage& message) {
    const Sender& sender = sender_of(principal);
    if (!sender.in_force()) {
        return net::MqttAdmission::ended(MqttReason::not_authorized,
                                         "this credential is no longer in force");
    }
    Allowance* allowance = sender.allowance();
    if (allowance != nullptr) {
        if (auto held = held_back(*allowance, message.qos, clock_.steady()))
            return *std::move(held);
    }
    if (const auto topic = commands_ ? result_topic(message.topic) : std::nullopt)
        return take_result(sender_kept_by(principal), *topic, message);
    auto sorted =
        inbox_.sort_topic({&sender, "mqtt", message.topic, message.payload, message.received_at,
                           format_of(message.properties), message.instant});
    // What says of when it is, is stored once however often it comes.
    if (sorted.without_time != 0 && message.resumable && !message.instant) {
        if (allowance != nullptr) allowance->give_back(0);
        return net::MqttAdmission::remember(sorted.stamped);
    }
    return take_in(sender, message, std::move(sorted));
}

net::MqttAdmission MqttDoor::take_in(const Sender& sender, const net::MqttMessage& message,
                                     Sorted sorted) {
    Allowance* allowance = sender.allowance();
    if (allowance != nullptr) allowance->charge_values(sorted.values);
    if (sorted.refusal) keep_beside(sorted, user_properties_text(message.properties));
    if (message.qos != wire::mqtt::Qos::at_most_once) let_wait(sorted, message.ticket);
    const std::size_t values = sorted.values;
    if (inbox_.submit(sorted)) return net::MqttAdmission::accepted();
    if (allowance != nullptr) allowance->give_back(values);
    return net::MqttAdmission::busy();
}

std::expected<CommandResult, Refusal> MqttDoor::read_result(const Sender& sender,
                                                            const ResultTopic& topic,
                                                            const net::MqttMessage& message) const {
    const auto asset = inbox_.addressee(sender, topic.asset);
    if (!asset) return std::unexpected(asset.error());
    auto read = decode_result(message.payload, message.received_at);
    if (!read) return std::unexpected(std::move(read).error());
    // What is no number is no command's: nobody has to be asked.
    const auto command = base::parse_int(topic.command);
    if (!command || *command <= 0) return std::unexpected(unknown_command());
    return CommandResult{.asset = *asset,
                         .command = *command,
                         .message = *std::move(read),
                         .credential = sender.name(),
                         .received_at = message.received_at,
                         .topic = std::string(message.topic),
                         .payload = std::string(message.payload)};
}

// Judged by whoever sends commands, when the database is asked: the answer comes from there.
net::MqttAdmission MqttDoor::take_result(const std::shared_ptr<const Sender>& sender,
                                         const ResultTopic& topic,
                                         const net::MqttMessage& message) {
    const Parcel parcel{sender.get(),        "mqtt",          message.topic, message.payload,
                        message.received_at, Format::by_shape};
    auto result = read_result(*sender, topic, message);
    if (!result) return take_in(*sender, message, Inbox::refused(parcel, result.error()));
    auto answer = [this, ticket = message.ticket, kept = *result,
                   beside = user_properties_text(message.properties)](const auto& refusal) {
        if (refusal) {
            auto sorted = Inbox::refused(
                kept.credential,
                {nullptr, "mqtt", kept.topic, kept.payload, kept.received_at, Format::by_shape},
                *refusal);
            keep_beside(sorted, beside);
            if (ticket.packet != 0) let_wait(sorted, ticket);
            return inbox_.submit(sorted);
        }
        if (ticket.packet != 0) complete_({{ticket, MqttReason::success, {}}});
        return true;
    };
    return commands_->take(*std::move(result), std::move(answer)) ? net::MqttAdmission::accepted()
                                                                  : net::MqttAdmission::busy();
}

void MqttDoor::complete(const store::Submission& submission,
                        std::vector<net::MqttCompletion>& completions) {
    if (submission.waiter == 0) return;
    completions.push_back({{submission.waiter, submission.ticket},
                           static_cast<MqttReason>(submission.outcome),
                           submission.outcome_text});
}

net::MqttAdmission MqttDoor::change_subscriptions(net::MqttPrincipal& principal) {
    // Each may be a transaction: it counts as a message.
    Allowance* allowance = sender_of(principal).allowance();
    if (allowance == nullptr) return net::MqttAdmission::accepted();
    auto held = held_back(*allowance, wire::mqtt::Qos::at_least_once, clock_.steady());
    return held ? *std::move(held) : net::MqttAdmission::accepted();
}

// A device may listen to the commands of its own assets, named one by one or by the filter for all
// of them, which may_receive narrows. What could never be heard is not kept: else memory would be
// anybody's who invents names.
wire::mqtt::Reason MqttDoor::subscribe(net::MqttPrincipal& principal, std::string_view filter,
                                       wire::mqtt::Qos qos) {
    const auto code = asset_of_topic(filter, "commands");
    if (code != "+" && !inbox_.covers(sender_of(principal), code))
        return MqttReason::not_authorized;
    return qos == wire::mqtt::Qos::at_most_once ? MqttReason::success : MqttReason::granted_qos_1;
}

void MqttDoor::subscribed(net::MqttPrincipal&, const std::string&,
                          const std::vector<net::MqttSubscription>& granted) {
    if (commands_ == nullptr) return;
    for (const auto& one : granted)
        commands_->listening(one.filter);
}

bool MqttDoor::may_receive(net::MqttPrincipal& principal, std::string_view topic) {
    const auto code = asset_of_topic(topic, "commands");
    return !code.empty() && inbox_.covers(sender_of(principal), code);
}

void MqttDoor::delivered(std::uint64_t tag, net::MqttOutcome outcome) {
    if (commands_ != nullptr) commands_->delivered(tag, outcome);
}

bool MqttDoor::will(net::MqttPrincipal& principal, const wire::mqtt::Will& will,
                    const net::MqttWillOrigin& origin) {
    const Sender& sender = sender_of(principal);
    if (!sender.in_force()) {
        spdlog::info("mqtt: {} is no longer in force: its will is not taken", sender.name());
        forget_will(origin);
        return true;
    }
    auto sorted = inbox_.sort_topic({&sender, "mqtt", will.topic, will.payload, clock_.now(),
                                     format_of(will.properties), origin.due_at});
    if (sorted.refusal) keep_beside(sorted, user_properties_text(will.properties));
    if (origin.revision != 0) sorted.submission.durable = [this, origin] { forget_will(origin); };
    return inbox_.submit(sorted);
}

void MqttDoor::forget_will(const net::MqttWillOrigin& origin) {
    sessions_.forget_will(origin.owner, origin.client_id, origin.revision, origin.due_at);
}

bool MqttDoor::holds_will(const net::MqttWillOrigin& origin) const {
    return sessions_.holds_will(origin.owner, origin.client_id, origin.revision, origin.due_at);
}

std::vector<net::MqttLeftWill> MqttDoor::left_wills() {
    std::vector<net::MqttLeftWill> left;
    for (auto& session : sessions_.with_wills()) {
        auto sender = named_(session.owner);
        // Versions that wrote no tag asked the name alone.
        const std::string& tag = session.will->owner_tag;
        if (!sender || (!tag.empty() && tag != sender->tag())) {
            spdlog::info("mqtt: {} is no longer in force: the will of {} is not taken",
                         session.owner, session.client_id);
            sessions_.forget_will(session.owner, session.client_id, session.revision);
            continue;
        }
        left.push_back({std::move(session), std::make_shared<DoorPrincipal>(std::move(sender))});
    }
    return left;
}

void MqttDoor::disconnected(net::MqttPrincipal& principal, const std::string& client_id,
                            MqttReason reason) {
    spdlog::debug("mqtt: {} as {} gone, reason {:#04x}", sender_of(principal).name(), client_id,
                  static_cast<unsigned>(reason));
}

boost::asio::awaitable<std::optional<net::MqttStoredSession>> MqttDoor::load_session(
    std::string owner, std::string client_id) {
    co_return sessions_.find(owner, client_id);
}

std::uint64_t MqttDoor::last_session_revision() const {
    return sessions_.last_revision();
}

std::size_t MqttDoor::sessions_beside(const std::string& owner,
                                      const std::string& client_id) const {
    return sessions_.kept_beside(owner, client_id);
}

boost::asio::awaitable<void> MqttDoor::save_session(net::MqttStoredSession session) {
    return sessions_.save(std::move(session));
}

boost::asio::awaitable<void> MqttDoor::erase_session(std::string owner, std::string client_id,
                                                     std::uint64_t revision) {
    return sessions_.erase(std::move(owner), std::move(client_id), revision);
}

}  // namespace vigie::ingest
