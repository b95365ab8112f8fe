// The part of a connection that knows whose it is: CONNECT, the session, subscriptions, the will.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <random>
#include <utility>

#include "net/mqtt_connection.hpp"
#include "vigie/base/text.hpp"
#include "vigie/wire/mqtt/topic.hpp"

namespace vigie::net {

namespace asio = boost::asio;
namespace mqtt = wire::mqtt;

namespace {

std::string random_client_id() {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::random_device random;
    std::string id = "vigie-";
    for (int word = 0; word < 4; ++word) {
        for (std::uint32_t bits = random(), i = 0; i < 8; ++i, bits >>= 4U) {
            id.push_back(digits[bits & 15U]);
        }
    }
    return id;
}

std::string address_of(const MqttStream::Socket& socket) {
    boost::system::error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    if (gone) return {};
    const std::string address = peer.address().to_string();
    const std::string host = peer.address().is_v6() ? "[" + address + "]" : address;
    return host + ":" + std::to_string(peer.port());
}

using PeerCertificate = std::unique_ptr<X509, decltype(&X509_free)>;

// Null without one that was verified.
PeerCertificate certificate_of(MqttStream& stream) {
    PeerCertificate none{nullptr, &X509_free};
    if (stream.tls() == nullptr) return none;
    SSL* session = stream.tls()->native_handle();
    PeerCertificate certificate{SSL_get1_peer_certificate(session), &X509_free};
    return SSL_get_verify_result(session) == X509_V_OK ? std::move(certificate) : std::move(none);
}

std::string fingerprint_of(const PeerCertificate& certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
        return {};
    }
    return base::to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string subject_of(const PeerCertificate& certificate) {
    if (!certificate) return {};
    const std::unique_ptr<BIO, decltype(&BIO_free)> text{BIO_new(BIO_s_mem()), &BIO_free};
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(text.get(), &bytes);
    return count > 0 ? std::string{bytes, static_cast<std::size_t>(count)} : std::string{};
}

MqttConnectDecision one_too_many() {
    MqttConnectDecision decision;
    decision.reason = mqtt::Reason::quota_exceeded;
    decision.reason_string = "too many sessions are kept for this credential";
    return decision;
}

}  // namespace

MqttConnectRequest MqttConnection::request_of(const mqtt::Connect& connect) {
    const PeerCertificate certificate = certificate_of(*stream_);
    MqttConnectRequest request{.client_id = std::string{connect.client_id},
                               .client_id_assigned = connect.client_id.empty(),
                               .user_name = {},
                               .password = {},
                               .version = connect.version,
                               .peer_address = address_of(stream_->socket()),
                               .certificate_subject = subject_of(certificate),
                               .certificate_fingerprint = fingerprint_of(certificate),
                               .clean_start = connect.clean_start,
                               .will_topic = {}};
    if (request.client_id_assigned) request.client_id = random_client_id();
    if (connect.user_name) request.user_name = *connect.user_name;
    if (connect.password) request.password = *connect.password;
    if (connect.will) request.will_topic = connect.will->topic;
    return request;
}

void MqttConnection::remember_will(const mqtt::Connect& connect) {
    if (!connect.will) return;
    const mqtt::Will& will = *connect.will;
    will_ = std::make_shared<const MqttWill>(MqttWill{
        .topic = std::string{will.topic},
        .payload = std::string{will.payload},
        .qos = will.qos,
        .retain = will.retain,
        .properties = std::string{will.properties.bytes()},
        .delay_s = will.properties.number(mqtt::PropertyId::will_delay_interval).value_or(0),
        .owner_tag = owner_tag_});
}

asio::awaitable<MqttConnectDecision> MqttConnection::decide(MqttConnectRequest request) {
    try {
        co_return co_await hub_->handler.authenticate(std::move(request));
    } catch (const std::exception& error) {
        spdlog::warn("mqtt: {} cannot be authenticated now: {}", client_id_, error.what());
    }
    co_return MqttConnectDecision{.reason = mqtt::Reason::server_unavailable,
                                  .reason_string = "try again later"};
}

asio::awaitable<void> MqttConnection::on_connect() {
    const mqtt::Connect& connect = std::get<mqtt::ConnectEvent>(event_).connect;
    MqttConnectRequest request = request_of(connect);
    const bool assigned = request.client_id_assigned;
    client_id_ = request.client_id;
    MqttConnectDecision decision = co_await decide(std::move(request));
    if (over_) co_return;
    if (!mqtt::is_failure(decision.reason) && (stop_asked_ || !decision.principal)) {
        decision.reason = mqtt::Reason::server_unavailable;
    }
    if (mqtt::is_failure(decision.reason)) {
        co_await refuse(std::move(decision));
        co_return;
    }
    stream_->pass->known();
    owner_ = std::move(decision.owner);
    owner_tag_ = std::move(decision.owner_tag);
    principal_ = std::move(decision.principal);
    packet_bytes_max_ = decision.packet_bytes_max;
    remember_will(connect);
    co_await take_session(connect.clean_start, assigned);
    event_ = {};
}

// Not before its time: whoever guesses has a connection busy meanwhile, and of those it may have so
// many. What hangs up early keeps its place as long.
asio::awaitable<void> MqttConnection::refuse(MqttConnectDecision decision) {
    hub_->counters.refused.fetch_add(1, std::memory_order_relaxed);
    if (decision.answer_after > base::Duration{0}) {
        if (!stream_->pass->hold()) {
            cut(decision.reason);
            co_return;
        }
        answer_at_ = hub_->clock.steady() +
                     std::min<base::Duration>(decision.answer_after, hub_->settings.held_max);
        while (!over_ && hub_->clock.steady() < *answer_at_) {
            boost::system::error_code woken;
            co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        }
        if (over_) co_return;
    }
    machine_.refuse(decision.reason, decision.reason_string);
    finish(decision.reason, true);
}

bool MqttConnection::owner_has_enough() const {
    return hub_->handler.sessions_beside(owner_, client_id_) >=
           hub_->settings.sessions_per_owner_max;
}

asio::awaitable<void> MqttConnection::take_session(bool clean_start, bool assigned) {
    const auto claim = hub_->registry.claim(owner_, client_id_, name_, principal_);
    session_ = claim.session;
    for (const MqttConnectionName one : claim.previous)
        co_await displace(one);
    if (over_) co_return;
    const MqttStoredSession before = co_await row_before();
    if (over_) co_return;
    auto earlier = earlier_session(before);
    const bool is_new = !earlier && machine_.session_expiry_s() != 0;
    if (is_new && owner_has_enough()) {
        co_await refuse(one_too_many());
        co_return;
    }
    if (clean_start) earlier.reset();
    if (earlier) remembered_ = earlier->exchanges.remembered;
    MqttStoredSession row = stored();
    row.subscriptions = earlier ? earlier->subscriptions : std::vector<MqttSubscription>{};
    // Nobody waits for a row that is there for its will alone; what it takes the place of is gone
    // before.
    std::optional<MqttStoredSession> of_will;
    if (row.expiry_s == 0 && row.will) {
        of_will = row;
        row.will.reset();
    }
    co_await write_row(std::move(row));
    if (over_ || !hub_->registry.is_current(session_, name_)) {
        cut(mqtt::Reason::session_taken_over);
        co_return;
    }
    // Others may have come at the same moment: of two for one place, neither has it.
    if (is_new && owner_has_enough()) {
        co_await refuse(one_too_many());
        co_return;
    }
    auto will = hub_->registry.take_will(session_);
    // [MQTT-3.1.3-9] a client that returns in time is not gone; a new session ends the old one.
    const bool due = will && (clean_start || will->due_at <= hub_->clock.steady());
    if (due) {
        will->origin.revision = 0;  // its row is this client's now
        worker_.publish(*std::move(will));
    }
    welcome(earlier, assigned);
    if (of_will) {
        of_will->revision = hub_->next_revision();
        row_written_ = true;
        update_row(*std::move(of_will));
    }
}

void MqttConnection::welcome(const std::optional<MqttRegistry::Kept>& earlier, bool assigned) {
    const auto subscriptions = earlier ? earlier->subscriptions : std::vector<MqttSubscription>{};
    hub_->registry.begin(session_, subscriptions);
    machine_.accept(
        {.session_present = earlier.has_value(),
         .assigned_client_id = assigned ? std::string_view{client_id_} : std::string_view{},
         .received_qos2 = earlier ? earlier->exchanges.received : std::vector<std::uint16_t>{},
         .packet_bytes_max = packet_bytes_max_});
    hub_->counters.accepted.fetch_add(1, std::memory_order_relaxed);
    hub_->counters.sessions.store(hub_->registry.size(), std::memory_order_relaxed);
    announced_ = true;
    heard_at_ = hub_->clock.steady();
    hub_->handler.connected(*principal_, client_id_, earlier.has_value(), subscriptions);
}

asio::awaitable<void> MqttConnection::displace(MqttConnectionName previous) {
    MqttWorker* worker = hub_->worker_of(previous);
    if (worker == nullptr) co_return;
    hub_->counters.taken_over.fetch_add(1, std::memory_order_relaxed);
    // On its own thread; we go on here when it has let go.
    auto let_it_go = [worker, previous]() -> asio::awaitable<void> {
        const auto connection = worker->find(previous);
        if (connection) connection->leave(mqtt::Reason::session_taken_over);
        co_return;
    };
    co_await asio::co_spawn(worker->context(), std::move(let_it_go), asio::use_awaitable);
}

std::optional<MqttRegistry::Kept> MqttConnection::earlier_session(
    const MqttStoredSession& row) const {
    auto kept = hub_->registry.kept(session_, hub_->clock.steady());
    if (kept) return kept;
    const bool over = row.expires_at && *row.expires_at <= hub_->clock.now();
    if (over || row.expiry_s == 0) return std::nullopt;
    return MqttRegistry::Kept{row.subscriptions, {{}, row.remembered}};
}

mqtt::Reason MqttConnection::grant(const mqtt::Subscription& asked,
                                   std::vector<MqttSubscription>& granted) {
    // In 3.1.1 the filter is an ordinary text, but nobody means that.
    if (asked.filter.starts_with("$share/")) {
        return mqtt::Reason::shared_subscriptions_not_supported;
    }
    if (!mqtt::is_bearable_filter(asked.filter)) return mqtt::Reason::topic_filter_invalid;
    const mqtt::Qos highest = std::min(asked.qos, mqtt::Qos::at_least_once);
    const mqtt::Reason answer = hub_->handler.subscribe(*principal_, asked.filter, highest);
    if (mqtt::is_failure(answer)) return answer;
    const auto qos = std::min(highest, static_cast<mqtt::Qos>(answer));
    MqttSubscription subscription{std::string{asked.filter}, qos};
    const MqttRegistry::Room room{hub_->settings.subscriptions_max,
                                  hub_->settings.filters_bytes_max,
                                  hub_->settings.filters_bytes_per_owner_max};
    if (!hub_->registry.subscribe(session_, subscription, room)) {
        return mqtt::Reason::quota_exceeded;
    }
    granted.push_back(std::move(subscription));
    return static_cast<mqtt::Reason>(qos);
}

asio::awaitable<bool> MqttConnection::may_change_subscriptions() {
    for (bool first = true;; first = false) {
        const MqttAdmission admission = hub_->handler.change_subscriptions(*principal_);
        if (admission.kind == MqttAdmission::Kind::ended) {
            hub_->counters.ended_above_rate.fetch_add(1, std::memory_order_relaxed);
            leave(admission.reason, admission.text);
            co_return false;
        }
        if (admission.kind != MqttAdmission::Kind::slowed) co_return true;
        if (first) hub_->counters.slowed.fetch_add(1, std::memory_order_relaxed);
        slow_for_ = admission.wait;
        flush();
        co_await wait_for_room();
        if (over_) co_return false;
    }
}

asio::awaitable<void> MqttConnection::on_subscribe() {
    if (!co_await may_change_subscriptions()) co_return;
    const auto& subscribe = std::get<mqtt::SubscribeEvent>(event_).subscribe;
    std::vector<mqtt::Reason> reasons;
    std::vector<MqttSubscription> granted;
    for (const mqtt::Subscription& asked : subscribe.subscriptions) {
        reasons.push_back(grant(asked, granted));
    }
    if (!granted.empty() && machine_.session_expiry_s() != 0) co_await write_row(stored());
    if (!over_) {
        machine_.suback(subscribe.packet_id, std::move(reasons));
        if (!granted.empty()) hub_->handler.subscribed(*principal_, client_id_, granted);
    }
    end_if_refused();
    event_ = {};
}

asio::awaitable<void> MqttConnection::on_unsubscribe() {
    if (!co_await may_change_subscriptions()) co_return;
    const auto& unsubscribe = std::get<mqtt::UnsubscribeEvent>(event_).unsubscribe;
    std::vector<mqtt::Reason> reasons;
    bool changed = false;
    for (const std::string_view filter : unsubscribe.filters) {
        const bool known = hub_->registry.unsubscribe(session_, std::string{filter});
        changed = changed || known;
        reasons.push_back(known ? mqtt::Reason::success : mqtt::Reason::no_subscription_existed);
    }
    if (changed && machine_.session_expiry_s() != 0) co_await write_row(stored());
    if (!over_) machine_.unsuback(unsubscribe.packet_id, std::move(reasons));
    end_if_refused();
    event_ = {};
}

// The machine said goodbye in place of an answer.
void MqttConnection::end_if_refused() {
    if (!over_ && !machine_.is_connected()) finish(mqtt::Reason::packet_too_large, true);
}

}  // namespace vigie::net
