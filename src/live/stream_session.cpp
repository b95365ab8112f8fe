#include "vigie/live/stream_session.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "live/stream_messages.hpp"
#include "vigie/api/router.hpp"

namespace vigie::live {

namespace {

using base::Errc;
using base::fail;

// What publishing threads leave for the session.
struct Inbox {
    struct Entry {
        std::uint64_t token{};
        std::shared_ptr<const StreamEvent> event;
        bool counted{};
    };
    // Far above what waiting_bytes_max lets through when the executor is alive.
    static constexpr std::size_t entries_max = 100'000;
    std::mutex mutex;
    std::vector<Entry> entries;
    bool scheduled{};
    bool overflowed{};
};

// What may happen while one snapshot is read.
constexpr std::size_t held_events_max = 10'000;

struct Subscription {
    std::uint64_t token{};
    std::uint64_t stream_id{};
    std::string id;
    const Stream::Topic* topic{};
    StreamFilter filter;
    std::uint64_t previous{};
    bool awaits_snapshot{};
    std::vector<Inbox::Entry> held;  // while the snapshot is being read
};

// A text that is ready, an event to be put into words, or a heartbeat.
struct Waiting {
    enum class Shape { text, event, heartbeat };
    Shape shape{Shape::text};
    std::string text;
    std::uint64_t token{};
    std::shared_ptr<const StreamEvent> event;
    std::vector<const StreamRow*> rows;  // of `event`: those this subscription shows
    std::size_t counted_bytes{};
    std::uint64_t sequence{};
    base::Instant since;
};

}  // namespace

struct StreamSession::Impl {
    Stream& stream;
    access::Principal principal;
    bool french;
    const base::Clock& clock;
    StreamSocket& socket;
    boost::asio::any_io_executor executor;
    std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
    std::map<std::string, Subscription, std::less<>> subscriptions{};
    std::map<std::uint64_t, std::string> ids{};  // token -> subscription
    std::deque<Waiting> waiting{};
    std::size_t waiting_bytes{};
    std::size_t answers{};  // being made, or waiting
    std::uint64_t last_token{};
    bool writing{};
    bool open{true};
    std::weak_ptr<StreamSession> self{};

    void end() {
        open = false;
        for (auto& [id, subscription] : subscriptions)
            stream.unsubscribe(subscription.stream_id);
        subscriptions.clear();
        ids.clear();
        waiting.clear();
        waiting_bytes = 0;
        answers = 0;
    }

    void close(unsigned code, std::string_view reason) {
        if (!open) return;
        end();
        socket.close(code, reason);
    }

    Subscription* by_token(std::uint64_t token) {
        const auto id = ids.find(token);
        return id == ids.end() ? nullptr : &subscriptions.find(id->second)->second;
    }

    bool shows(const Subscription& subscription, const StreamRow& row) const {
        if (!subscription.filter.matches(row)) return false;
        if (!principal.may(access::Level::view, subscription.topic->service, clock.now(),
                           row.commune)) {
            return false;
        }
        return !subscription.topic->visible || subscription.topic->visible(principal, row);
    }

    std::vector<const StreamRow*> shown(const Subscription& subscription,
                                        const StreamEvent& event) const {
        std::vector<const StreamRow*> rows;
        for (const auto& row : event.rows) {
            if (shows(subscription, row)) rows.push_back(&row);
        }
        return rows;
    }

    void say(std::string text) {
        Waiting message;
        message.text = std::move(text);
        waiting.push_back(std::move(message));
        ++answers;
        pump();
    }

    void refuse(std::string_view id, const base::Error& error) {
        say(error_message(id, api::problem(error, french).body));
    }

    // Puts the next messages that have anything to say on their way.
    void pump() {
        if (!open || writing) return;
        std::vector<std::string> texts;
        for (std::size_t bytes = 0; !waiting.empty() && bytes < StreamSession::bytes_at_once;) {
            auto next = std::move(waiting.front());
            waiting.pop_front();
            waiting_bytes -= next.counted_bytes;
            if (next.shape == Waiting::Shape::text) --answers;
            auto text = words(next);
            if (text.empty()) continue;
            bytes += text.size();
            texts.push_back(std::move(text));
        }
        if (texts.empty()) return;
        writing = true;
        socket.write(std::move(texts));
    }

    std::string words(Waiting& next) {
        if (next.shape == Waiting::Shape::text) return std::move(next.text);
        if (next.shape == Waiting::Shape::heartbeat) {
            const auto now = clock.now();
            return heartbeat_message(next.sequence, now - next.since, now);
        }
        auto* subscription = by_token(next.token);
        if (subscription == nullptr) return {};
        const auto sequence = next.event->sequence;
        const auto previous = std::exchange(subscription->previous, sequence);
        return delta_message(subscription->id, sequence, previous, next.rows);
    }

    void enqueue(const Subscription& subscription, Inbox::Entry entry) {
        Waiting message;
        message.shape = Waiting::Shape::event;
        message.rows = shown(subscription, *entry.event);
        if (message.rows.empty()) return;
        if (entry.counted) {
            for (const auto* row : message.rows) {
                message.counted_bytes += row->key.size() + (row->json ? row->json->size() : 0);
            }
        }
        waiting_bytes += message.counted_bytes;
        message.token = entry.token;
        message.event = std::move(entry.event);
        waiting.push_back(std::move(message));
    }

    // Takes over what publishing threads left.
    void drain() {
        std::vector<Inbox::Entry> entries;
        bool overflowed = false;
        {
            const std::lock_guard lock(inbox->mutex);
            entries.swap(inbox->entries);
            inbox->scheduled = false;
            overflowed = inbox->overflowed;
        }
        if (!open) return;
        for (auto& entry : entries) {
            auto* subscription = by_token(entry.token);
            if (subscription == nullptr) continue;
            if (subscription->awaits_snapshot) {
                subscription->held.push_back(std::move(entry));
                overflowed |= subscription->held.size() > held_events_max;
            } else {
                enqueue(*subscription, std::move(entry));
            }
        }
        pump();
        if (overflowed || waiting_bytes > waiting_bytes_max) {
            close(stream_close::too_slow, "a megabyte waits: read faster, then resume");
        }
    }

    Delivery delivery(std::uint64_t token, std::shared_ptr<const std::atomic<bool>> catching_up) {
        return
            [weak_inbox = std::weak_ptr<Inbox>(inbox), session = self, ex = executor, token,
             catching = std::move(catching_up)](const std::shared_ptr<const StreamEvent>& event) {
                const auto box = weak_inbox.lock();
                if (!box) return false;
                bool schedule = false;
                {
                    const std::lock_guard lock(box->mutex);
                    if (box->entries.size() >= Inbox::entries_max) {
                        box->overflowed = true;
                        return false;
                    }
                    box->entries.push_back({token, event, !catching->load()});
                    schedule = !std::exchange(box->scheduled, true);
                }
                if (schedule) {
                    boost::asio::post(ex, [session] {
                        if (const auto alive = session.lock()) alive->impl_->drain();
                    });
                }
                return true;
            };
    }

    void unsubscribe(const std::string& id) {
        const auto found = subscriptions.find(id);
        if (found == subscriptions.end()) return;
        stream.unsubscribe(found->second.stream_id);
        ids.erase(found->second.token);
        subscriptions.erase(found);
    }

    void subscribe(const SubscribeMessage& message) {
        unsubscribe(message.id);
        const auto* topic = stream.topic(message.topic);
        if (const auto refusal = why_not(topic, message); !refusal.ok()) {
            refuse(message.id, refusal.error());
            return;
        }
        Subscription subscription;
        subscription.token = ++last_token;
        subscription.id = message.id;
        subscription.topic = topic;
        subscription.filter = message.filter;
        auto catching_up = std::make_shared<std::atomic<bool>>(true);
        const auto handed = delivery(subscription.token, catching_up);
        std::optional<Stream::Subscribed> resumed;
        if (message.resume) {
            resumed = stream.resume(topic->name, message.resume->epoch, message.resume->sequence,
                                    handed, message.filter);
        }
        if (!resumed && !topic->snapshot) {
            refuse(message.id, fail(Errc::expired, "begin anew, and resume from where that stands",
                                    "repartez de l'état complet, puis reprenez de là"));
            return;
        }
        const auto subscribed =
            resumed ? *resumed : stream.subscribe(topic->name, handed, message.filter);
        catching_up->store(false);
        subscription.stream_id = subscribed.id;
        subscription.previous = subscribed.after;
        subscription.awaits_snapshot = !resumed;
        ids.emplace(subscription.token, message.id);
        const auto token = subscription.token;
        subscriptions.emplace(message.id, std::move(subscription));
        if (resumed) {
            say(resumed_message(message.id, subscribed.after));
        } else {
            fetch_snapshot(*topic, message.filter, token);
        }
    }

    base::Result<void> why_not(const Stream::Topic* topic, const SubscribeMessage& message) const {
        if (topic == nullptr) {
            return fail(Errc::not_found, "no such topic", "sujet inconnu");
        }
        if (!principal.may(access::Level::view, topic->service, clock.now(),
                           message.filter.commune)) {
            return fail(Errc::forbidden, "your rights do not reach this topic",
                        "vos droits ne couvrent pas ce sujet");
        }
        if (subscriptions.size() >= subscriptions_max) {
            return fail(Errc::limit_exceeded, "too many subscriptions on one connection",
                        "trop d'abonnements sur une connexion");
        }
        return topic->accepts ? topic->accepts(message.filter) : base::Result<void>{};
    }

    void fetch_snapshot(const Stream::Topic& topic, const StreamFilter& filter,
                        std::uint64_t token) {
        ++answers;
        boost::asio::co_spawn(
            executor, topic.snapshot(principal, filter),
            [session = self.lock(), token](std::exception_ptr failure, std::string rows) {
                session->impl_->snapshot_came(token, failure != nullptr, std::move(rows));
            });
    }

    void snapshot_came(std::uint64_t token, bool failed, const std::string& rows) {
        if (!open) return;
        --answers;
        auto* subscription = by_token(token);
        if (subscription == nullptr) return;
        if (failed) {
            const auto id = subscription->id;
            unsubscribe(id);
            refuse(id, fail(Errc::unavailable, "the snapshot could not be read: try again",
                            "l'état complet n'a pas pu être lu : réessayez"));
            return;
        }
        say(snapshot_message(subscription->id, stream.epoch(), subscription->previous, rows));
        subscription->awaits_snapshot = false;
        for (auto& entry : std::exchange(subscription->held, {})) {
            enqueue(*subscription, std::move(entry));
        }
        drain();
    }
};

std::shared_ptr<StreamSession> StreamSession::make(Stream& stream, access::Principal principal,
                                                   bool french, const base::Clock& clock,
                                                   StreamSocket& socket,
                                                   boost::asio::any_io_executor executor) {
    auto impl = std::unique_ptr<Impl>(new Impl{.stream = stream,
                                               .principal = std::move(principal),
                                               .french = french,
                                               .clock = clock,
                                               .socket = socket,
                                               .executor = std::move(executor)});
    std::shared_ptr<StreamSession> session(new StreamSession(std::move(impl)));
    session->impl_->self = session;
    return session;
}

StreamSession::StreamSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StreamSession::~StreamSession() {
    impl_->end();
}

void StreamSession::start() {
    impl_->say(hello_message(impl_->stream.epoch(), impl_->stream.last(), heartbeat_s,
                             impl_->clock.now()));
}

void StreamSession::received(std::string_view text) {
    if (!impl_->open) return;
    auto message = parse_message(text);
    if (!message) {
        impl_->refuse({}, message.error());
    } else if (message->subscribes) {
        impl_->subscribe(*message);
    } else {
        impl_->unsubscribe(message->id);
    }
    if (impl_->answers > answers_max)
        impl_->close(stream_close::too_slow, "too much is asked and not read: read, then resume");
}

void StreamSession::written() {
    impl_->writing = false;
    impl_->pump();
}

void StreamSession::heartbeat() {
    if (!impl_->open) return;
    // In this order: whatever carries a number up to `sequence` is in the queue before it, so that
    // a heartbeat's number is a place to resume from.
    Waiting message;
    message.shape = Waiting::Shape::heartbeat;
    message.sequence = impl_->stream.last();
    message.since = impl_->clock.now();
    impl_->drain();
    if (!impl_->open) return;
    impl_->waiting.push_back(std::move(message));
    impl_->pump();
}

void StreamSession::close(unsigned code, std::string_view reason) {
    impl_->close(code, reason);
}

void StreamSession::gone() {
    if (impl_->open) impl_->end();
}

bool StreamSession::open() const {
    return impl_->open;
}

std::size_t StreamSession::waiting_bytes() const {
    return impl_->waiting_bytes;
}

}  // namespace vigie::live
