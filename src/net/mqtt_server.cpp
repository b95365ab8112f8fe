#include "vigie/net/mqtt_server.hpp"

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "net/certificate_files.hpp"
#include "net/mqtt_hub.hpp"
#include "net/mqtt_stream.hpp"
#include "net/mqtt_worker.hpp"

namespace vigie::net {

namespace asio = boost::asio;

namespace {

using Acceptor = asio::ip::tcp::acceptor;
constexpr std::chrono::minutes full_told_every{1};
constexpr auto accept_token = asio::as_tuple(asio::use_awaitable);

std::unique_ptr<asio::ssl::context> server_context(const MqttTls& tls) {
    auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                         asio::ssl::context::no_tlsv1_1);
    use_certificate(*context, tls.certificate_chain_file, tls.private_key_file);
    if (!tls.client_ca_file.empty()) {
        use_file(tls.client_ca_file, [&](const auto& file) { context->load_verify_file(file); });
        auto mode = asio::ssl::verify_peer;
        if (tls.client_certificate_required) mode |= asio::ssl::verify_fail_if_no_peer_cert;
        context->set_verify_mode(mode);
        // Without a name for them, a session that is resumed with a client's certificate is a fatal
        // error.
        static constexpr std::array<unsigned char, 10> sessions{'v', 'i', 'g', 'i', 'e',
                                                                '-', 'm', 'q', 't', 't'};
        SSL_CTX_set_session_id_context(context->native_handle(), sessions.data(), sessions.size());
    }
    return context;
}

void set(MqttStream::Socket& socket, int level, int option, int value) {
    // Whatever fails here ends at the next read.
    static_cast<void>(::setsockopt(socket.native_handle(), level, option, &value, sizeof value));
}

}  // namespace

void watch_peer(MqttStream::Socket& socket) {
    constexpr int idle_s = 60;
    constexpr int between_probes_s = 15;
    constexpr int probes = 4;
    constexpr int unacknowledged_ms = (idle_s + probes * between_probes_s) * 1'000;
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
    set(socket, IPPROTO_TCP, TCP_KEEPINTVL, between_probes_s);
    set(socket, IPPROTO_TCP, TCP_KEEPCNT, probes);
    set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_ms);
}

class MqttServer::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(std::span<asio::io_context* const> contexts, MqttServerSettings settings,
         const base::Clock& clock, MqttHandler& handler)
        : hub(std::make_shared<MqttHub>(std::move(settings), clock, handler)) {
        if (contexts.empty() || contexts.size() > mqtt_workers_max) {
            throw std::invalid_argument("an MQTT endpoint has 1 to 254 io threads");
        }
        for (asio::io_context* context : contexts) {
            hub->workers.push_back(
                std::make_unique<MqttWorker>(*context, hub->workers.size(), *hub));
        }
        for (const MqttListener& listener : hub->settings.listeners) {
            doors_.push_back(std::make_shared<Door>(*contexts.front()));
            if (listener.tls) doors_.back()->tls = server_context(*listener.tls);
        }
    }

    void start() {
        for (std::size_t i = 0; i < doors_.size(); ++i)
            open(*doors_[i], i);
        hub->last_revision = hub->handler.last_session_revision();
        take_up_wills();
        for (const auto& worker : hub->workers)
            worker->start_ticking(hub);
        for (const auto& door : doors_) {
            asio::co_spawn(door->acceptor.get_executor(), accept(shared_from_this(), door),
                           MqttTellFailure{"a listener"});
        }
    }

    // Before anybody can come back: who does in time forgets what was left.
    void take_up_wills() {
        const base::Instant now = hub->clock.now();
        const base::SteadyInstant steady = hub->clock.steady();
        for (MqttLeftWill& one : hub->handler.left_wills()) {
            const MqttStoredSession& session = one.session;
            const base::Instant due = session.will_due_at.value_or(now);
            MqttPendingWill will{
                .principal = std::move(one.principal),
                .will = session.will,
                .origin = {session.owner, session.client_id, due, session.revision},
                .due_at = steady + (due - now)};
            hub->registry.await_client(std::move(will),
                                       steady + (session.expires_at.value_or(now) - now));
        }
    }

    std::vector<std::uint16_t> ports() const {
        std::vector<std::uint16_t> bound;
        for (const auto& door : doors_)
            bound.push_back(door->port);
        return bound;
    }

    void close_doors() {
        for (const auto& door : doors_) {
            asio::post(door->acceptor.get_executor(), [door] {
                boost::system::error_code ignored;
                door->acceptor.close(ignored);
                door->pause.cancel();
            });
        }
    }

    void confine(std::vector<MqttRegistry::Recipient>& recipients, std::string_view topic) const {
        std::erase_if(recipients, [&](const MqttRegistry::Recipient& one) {
            return !hub->handler.may_receive(*one.principal, topic);
        });
    }

    std::size_t send(std::vector<MqttRegistry::Recipient> recipients, MqttDelivery delivery) {
        confine(recipients, delivery.topic);
        const std::size_t count = recipients.size();
        const auto shared = std::make_shared<const MqttDelivery>(std::move(delivery));
        std::vector<std::vector<MqttRegistry::Recipient>> shares(hub->workers.size());
        for (auto& one : recipients) {
            shares[mqtt_worker_of(one.connection)].push_back(std::move(one));
        }
        for (std::size_t i = 0; i < shares.size(); ++i) {
            if (shares[i].empty()) continue;
            hub->workers[i]->deliver(hub, std::move(shares[i]), shared);
        }
        return count;
    }

    std::shared_ptr<MqttHub> hub;

private:
    struct Door {
        explicit Door(asio::io_context& context) : acceptor(context), pause(context) {}
        Acceptor acceptor;
        asio::steady_timer pause;
        std::unique_ptr<asio::ssl::context> tls;
        std::uint16_t port{0};
    };

    void open(Door& door, std::size_t number) {
        const MqttListener& listener = hub->settings.listeners[number];
        const asio::ip::tcp::endpoint endpoint{asio::ip::make_address(listener.address),
                                               listener.port};
        door.acceptor.open(endpoint.protocol());
        door.acceptor.set_option(Acceptor::reuse_address{true});
        door.acceptor.bind(endpoint);
        door.acceptor.listen();
        door.port = door.acceptor.local_endpoint().port();
    }

    static asio::awaitable<void> accept(std::shared_ptr<Impl> self, std::shared_ptr<Door> door) {
        const auto& workers = self->hub->workers;
        while (!self->hub->stopping.load()) {
            MqttWorker& worker = *workers[self->next_worker_++ % workers.size()];
            auto [failed, socket] =
                co_await door->acceptor.async_accept(worker.context(), accept_token);
            if (failed == asio::error::operation_aborted || !door->acceptor.is_open()) co_return;
            if (failed) {
                // Out of descriptors, most likely: not at full speed.
                spdlog::warn("mqtt: a connection was not accepted: {}", failed.message());
                door->pause.expires_after(std::chrono::milliseconds{100});
                co_await door->pause.async_wait(accept_token);
                continue;
            }
            auto stream = door->tls ? std::make_shared<MqttStream>(std::move(socket), *door->tls)
                                    : std::make_shared<MqttStream>(std::move(socket));
            stream->pass = self->admit(stream->socket());
            if (!stream->pass) continue;  // the stream closes itself
            worker.adopt(self->hub, std::move(stream));
        }
    }

    // Null: one too many, or gone already.
    std::unique_ptr<MqttGate::Pass> admit(MqttStream::Socket& socket) {
        boost::system::error_code gone;
        const auto peer = socket.remote_endpoint(gone);
        if (gone) return nullptr;
        auto pass = hub->gate->enter(peer.address());
        if (pass) return pass;
        hub->counters.turned_away.fetch_add(1, std::memory_order_relaxed);
        const auto now = hub->clock.steady();
        if (!full_told_at_ || now - *full_told_at_ >= full_told_every) {
            full_told_at_ = now;
            spdlog::warn("mqtt: {} connections are open; one from {} is closed at once",
                         hub->gate->connections(), peer.address().to_string());
        }
        return nullptr;
    }

    std::vector<std::shared_ptr<Door>> doors_;
    std::size_t next_worker_{0};
    std::optional<base::SteadyInstant> full_told_at_;
};

MqttServer::MqttServer(std::span<asio::io_context* const> contexts, MqttServerSettings settings,
                       const base::Clock& clock, MqttHandler& handler)
    : impl_(std::make_shared<Impl>(contexts, std::move(settings), clock, handler)) {}

MqttServer::~MqttServer() {
    for (const auto& worker : impl_->hub->workers)
        worker->release();
}

void MqttServer::start() {
    impl_->start();
}

std::vector<std::uint16_t> MqttServer::ports() const {
    return impl_->ports();
}

const MqttCounters& MqttServer::counters() const {
    return impl_->hub->counters;
}

void MqttServer::complete(std::vector<MqttCompletion> completions) {
    const auto& hub = impl_->hub;
    if (completions.empty()) return;
    if (hub->workers.size() == 1) {
        hub->workers.front()->complete(hub, std::move(completions));
        return;
    }
    std::vector<std::vector<MqttCompletion>> shares(hub->workers.size());
    for (MqttCompletion& one : completions) {
        const std::size_t worker = mqtt_worker_of(one.ticket.connection);
        if (worker < shares.size()) shares[worker].push_back(std::move(one));
    }
    for (std::size_t i = 0; i < shares.size(); ++i) {
        if (!shares[i].empty()) hub->workers[i]->complete(hub, std::move(shares[i]));
    }
}

void MqttServer::resume() {
    for (const auto& worker : impl_->hub->workers)
        worker->resume(impl_->hub);
}

std::size_t MqttServer::send(MqttDelivery delivery) {
    return impl_->send(impl_->hub->registry.recipients(delivery.topic), std::move(delivery));
}

std::size_t MqttServer::hears(std::string_view topic) const {
    auto recipients = impl_->hub->registry.recipients(topic);
    impl_->confine(recipients, topic);
    return recipients.size();
}

std::size_t MqttServer::send_to(const std::string& owner, const std::string& client_id,
                                MqttDelivery delivery) {
    return impl_->send(impl_->hub->registry.recipients(delivery.topic, {owner, client_id}),
                       std::move(delivery));
}

bool MqttServer::disconnect(const std::string& owner, const std::optional<std::string>& client_id,
                            wire::mqtt::Reason reason) {
    const auto connections = impl_->hub->registry.connections(owner, client_id);
    for (const MqttConnectionName one : connections) {
        impl_->hub->worker_of(one)->disconnect(impl_->hub, one, reason);
    }
    return !connections.empty();
}

void MqttServer::stop(std::chrono::milliseconds limit) {
    const auto& hub = impl_->hub;
    if (hub->stopping.exchange(true)) return;
    impl_->close_doors();
    for (const auto& worker : hub->workers)
        worker->say_goodbye(hub);
    hub->tally.wait_until_none(limit);
    for (const auto& worker : hub->workers)
        worker->cut_all(hub);
    // Cutting takes one turn of each context, and so does the last task.
    constexpr std::chrono::seconds one_turn_max{1};
    hub->tally.wait_until_none(one_turn_max);
    const auto retired = std::make_shared<MqttTally>();
    for (const auto& worker : hub->workers) {
        retired->enter();
        worker->retire(hub, retired);
    }
    retired->wait_until_none(one_turn_max);
}

}  // namespace vigie::net
