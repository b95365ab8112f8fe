#include "net/mqtt_client_impl.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace vigie::net {

namespace asio = boost::asio;
namespace mqtt = wire::mqtt;

namespace {

constexpr std::size_t client_buffer_bytes_first = 2'048;
// Beyond, publications wait in the queue: the socket is behind.
constexpr std::size_t client_output_bytes_max = 256 * 1024;

}  // namespace

MqttClient::Impl::Impl(asio::any_io_executor executor)
    : executor_(executor),
      resolver_(executor),
      keep_alive_(executor),
      drained_(executor, asio::steady_timer::time_point::max()),
      input_(client_buffer_bytes_first) {}

asio::awaitable<void> MqttClient::Impl::read_loop() {
    const auto self = shared_from_this();
    const auto stream = stream_;
    // What came in the same piece as CONNACK.
    if (!handle_input()) co_return;
    for (;;) {
        const auto space = input_.space();
        const auto [failed, count] = co_await stream->async_read_some(
            asio::buffer(space.data(), space.size()), asio::as_tuple(asio::use_awaitable));
        if (!established_ || stream_ != stream) co_return;
        if (failed) {
            end(std::nullopt);
            co_return;
        }
        input_.commit(count);
        if (!handle_input()) co_return;
    }
}

bool MqttClient::Impl::handle_input() {
    const std::string_view unread = input_.unread();
    std::size_t consumed = 0;
    for (;;) {
        const mqtt::ClientEvent event = machine_->next(unread, consumed);
        if (std::holds_alternative<std::monostate>(event)) break;
        if (!handle(event)) return false;
    }
    input_.consume(consumed);
    if (!send_queued()) return false;
    flush();
    return established_;
}

bool MqttClient::Impl::handle(const mqtt::ClientEvent& event) {
    if (const auto* message = std::get_if<mqtt::MessageEvent>(&event)) {
        handle_message(*message);
    } else if (const auto* answered = std::get_if<mqtt::AnsweredEvent>(&event)) {
        answer(answered->tag, {false, answered->reason, std::string{answered->text}});
    } else if (const auto* granted = std::get_if<mqtt::GrantedEvent>(&event)) {
        if (const auto found = questions_.find(granted->tag); found != questions_.end()) {
            found->second->reasons = granted->reasons;
            found->second->answered.cancel();
            questions_.erase(found);
        }
    } else if (std::holds_alternative<mqtt::PongEvent>(event)) {
        pong_due_ = false;
    } else if (const auto* goodbye = std::get_if<mqtt::ServerGoodbyeEvent>(&event)) {
        end(goodbye->reason);
    } else {
        flush();  // why we leave, if the socket takes it at once
        end(std::nullopt);
    }
    return established_;
}

void MqttClient::Impl::handle_message(const mqtt::MessageEvent& event) {
    if (on_message) on_message(event.publish);
    if (established_ && event.handle != 0) machine_->complete(event.handle);
}

void MqttClient::Impl::answer(std::uint64_t tag, const MqttAcknowledgement& acknowledgement) {
    if (tag < first_tag_ || tag - first_tag_ >= waiting_.size()) return;
    Waiting& one = waiting_[tag - first_tag_];
    if (one.answered) return;
    one.answered = true;
    --open_;
    if (tag < written_below_) --on_the_wire_;
    const OnAcknowledged callback = std::move(one.callback);
    while (!waiting_.empty() && waiting_.front().answered) {
        waiting_.pop_front();
        ++first_tag_;
    }
    if (callback) callback(acknowledgement);
}

bool MqttClient::Impl::publish(const mqtt::Publish& message, OnAcknowledged callback) {
    if (!established_ || !is_connected()) return false;
    const std::uint64_t tag = first_tag_ + waiting_.size();
    const bool answered_later = message.qos != mqtt::Qos::at_most_once;
    const bool behind = machine_->output().size() + writing_.size() > client_output_bytes_max;
    const bool must_wait = behind || !queue_.empty() || (answered_later && !machine_->has_room());
    if (must_wait) {
        if (queue_.size() >= queued_max_) return false;
        queue_.push_back(Queued{std::string{message.topic}, std::string{message.payload},
                                std::string{message.properties.bytes()}, message.qos,
                                message.retain, tag});
    } else if (!send(message, tag)) {
        return false;
    }
    if (answered_later) {
        waiting_.push_back(Waiting{std::move(callback)});
        ++open_;
    }
    schedule_flush();
    return true;
}

bool MqttClient::Impl::send(const mqtt::Publish& message, std::uint64_t tag) {
    if (machine_->publish(message, tag) != Machine::Sent::sent) return false;
    if (message.qos != mqtt::Qos::at_most_once) encoded_below_ = tag + 1;
    return true;
}

bool MqttClient::Impl::send_queued() {
    while (!queue_.empty() && machine_->output().size() < client_output_bytes_max) {
        const Queued& one = queue_.front();
        if (one.qos != mqtt::Qos::at_most_once && !machine_->has_room()) break;
        mqtt::Publish message{
            .topic = one.topic, .payload = one.payload, .qos = one.qos, .retain = one.retain};
        const auto properties =
            mqtt::PropertyView::checked(one.properties, mqtt::PropertyPlace::publish);
        if (properties) message.properties = *properties;
        const auto sent = machine_->publish(message, one.tag);
        if (sent == Machine::Sent::window_full) break;
        const std::uint64_t tag = one.tag;
        const bool answered_later = one.qos != mqtt::Qos::at_most_once;
        const bool refused = sent == Machine::Sent::refused && answered_later;
        if (sent == Machine::Sent::sent && answered_later) encoded_below_ = tag + 1;
        queue_.pop_front();
        if (refused) answer(tag, {false, mqtt::Reason::packet_too_large, {}});
        if (!established_) return false;
    }
    return true;
}

void MqttClient::Impl::schedule_flush() {
    if (write_pending_ || flush_scheduled_) return;
    flush_scheduled_ = true;
    asio::post(executor_, [self = shared_from_this()] {
        self->flush_scheduled_ = false;
        if (!self->established_) return;
        self->flush();
    });
}

void MqttClient::Impl::flush() {
    if (write_pending_ || !machine_) return;
    if (machine_->output().empty()) {
        drained_.cancel();
        return;
    }
    writing_.clear();
    writing_.swap(machine_->output());
    written_ = 0;
    writing_below_ = encoded_below_;
    write_pending_ = true;
    wrote_since_ping_ = true;
    write_some();
}

void MqttClient::Impl::write_some() {
    stream_->async_write_some(asio::buffer(writing_.data() + written_, writing_.size() - written_),
                              [self = shared_from_this(), stream = stream_](
                                  boost::system::error_code failed, std::size_t count) {
                                  if (self->stream_ == stream) self->after_write(failed, count);
                              });
}

void MqttClient::Impl::after_write(boost::system::error_code failed, std::size_t count) {
    if (!write_pending_) return;  // ended meanwhile
    written_ += count;
    if (!failed && written_ < writing_.size()) {
        write_some();
        return;
    }
    write_pending_ = false;
    writing_.clear();
    drained_.cancel();
    if (failed) {
        end(std::nullopt);
        return;
    }
    note_written();
    if (established_ && !send_queued()) return;
    flush();
}

// An answer may have been read before its publication was known to be written.
void MqttClient::Impl::note_written() {
    for (std::uint64_t tag = std::max(written_below_, first_tag_); tag < writing_below_; ++tag) {
        if (!waiting_[tag - first_tag_].answered) ++on_the_wire_;
    }
    written_below_ = writing_below_;
}

void MqttClient::Impl::watch_keep_alive() {
    const std::uint16_t keep_alive_s = machine_->keep_alive_s();
    if (keep_alive_s == 0) return;
    // Three quarters: the ping is there before the server's patience ends.
    keep_alive_.expires_after(std::chrono::milliseconds{keep_alive_s * 750});
    keep_alive_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
        if (cancelled || !self->established_ || !self->is_connected()) return;
        if (self->pong_due_) {
            self->end(std::nullopt);
            return;
        }
        if (!self->wrote_since_ping_) {
            self->machine_->ping();
            self->pong_due_ = true;
            self->flush();
        }
        self->wrote_since_ping_ = false;
        self->watch_keep_alive();
    });
}

asio::awaitable<MqttAcknowledgement> MqttClient::Impl::publish_and_wait(std::string topic,
                                                                        std::string payload,
                                                                        mqtt::Qos qos,
                                                                        bool retain) {
    const auto self = shared_from_this();
    struct Answer {
        explicit Answer(const asio::any_io_executor& executor)
            : arrived(executor, asio::steady_timer::time_point::max()) {}
        asio::steady_timer arrived;
        std::optional<MqttAcknowledgement> acknowledgement;
    };
    const auto answer = std::make_shared<Answer>(executor_);
    const mqtt::Publish message{.topic = topic, .payload = payload, .qos = qos, .retain = retain};
    const bool taken = publish(message, [answer](const MqttAcknowledgement& acknowledgement) {
        answer->acknowledgement = acknowledgement;
        answer->arrived.cancel();
    });
    if (!taken) co_return MqttAcknowledgement{.lost = true};
    if (qos == mqtt::Qos::at_most_once) co_return MqttAcknowledgement{};
    while (!answer->acknowledgement) {
        co_await answer->arrived.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return *answer->acknowledgement;
}

asio::awaitable<std::vector<mqtt::Reason>> MqttClient::Impl::await_answer(std::uint64_t tag) {
    const auto question = std::make_shared<Question>(executor_);
    question->answered.expires_at(asio::steady_timer::time_point::max());
    questions_.emplace(tag, question);
    schedule_flush();
    co_await question->answered.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return question->reasons;
}

asio::awaitable<std::vector<mqtt::Reason>> MqttClient::Impl::subscribe(Filters filters) {
    const auto self = shared_from_this();
    std::vector<mqtt::Subscription> subscriptions;
    for (const auto& [filter, qos] : filters) {
        subscriptions.push_back({.filter = filter, .qos = qos});
    }
    const std::uint64_t tag = next_question_++;
    const bool sent =
        established_ && machine_->subscribe(std::move(subscriptions), tag) == Machine::Sent::sent;
    if (!sent) co_return std::vector<mqtt::Reason>{};
    co_return co_await await_answer(tag);
}

asio::awaitable<std::vector<mqtt::Reason>> MqttClient::Impl::unsubscribe(
    std::vector<std::string> filters) {
    const auto self = shared_from_this();
    const std::uint64_t tag = next_question_++;
    const std::vector<std::string_view> views{filters.begin(), filters.end()};
    const bool sent = established_ && machine_->unsubscribe(views, tag) == Machine::Sent::sent;
    if (!sent) co_return std::vector<mqtt::Reason>{};
    co_return co_await await_answer(tag);
}

void MqttClient::Impl::end(std::optional<mqtt::Reason> by_server) {
    if (!established_) {
        // connect() is still on its way and will see its socket closed.
        resolver_.cancel();
        if (stream_) stream_->close();
        return;
    }
    established_ = false;
    stream_->close();
    keep_alive_.cancel();
    drained_.cancel();
    write_pending_ = false;
    queue_.clear();
    open_ = 0;
    on_the_wire_ = 0;
    std::deque<Waiting> waiting;
    waiting.swap(waiting_);
    first_tag_ += waiting.size();
    encoded_below_ = writing_below_ = written_below_ = first_tag_;
    for (const auto& [tag, question] : questions_)
        question->answered.cancel();
    questions_.clear();
    // The read loop may stand in an event of this machine: it is destroyed after that.
    asio::post(executor_, [machine = std::shared_ptr<Machine>{std::move(machine_)}] {});
    for (const Waiting& one : waiting) {
        if (!one.answered && one.callback) one.callback({.lost = true});
    }
    if (on_closed && !released_) on_closed(by_server);
}

void MqttClient::Impl::release() {
    released_ = true;
    end(std::nullopt);
}

}  // namespace vigie::net
