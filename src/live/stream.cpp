#include "vigie/live/stream.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace vigie::live {

namespace {

bool field_matches(const std::string& asked, const std::string& present) {
    return asked.empty() || asked == present;
}

std::size_t kept_size(const StreamEvent& event) {
    std::size_t bytes = sizeof(StreamEvent);
    for (const auto& row : event.rows) {
        bytes += sizeof(StreamRow) + row.key.size() + (row.json ? row.json->size() : 0);
    }
    return bytes;
}

}  // namespace

bool StreamFilter::matches(const StreamRow& row) const {
    return field_matches(asset, row.asset) && field_matches(kind, row.kind) &&
           field_matches(commune, row.commune) && field_matches(desk, row.desk) &&
           field_matches(crew, row.crew);
}

struct Stream::Impl {
    struct Subscriber {
        std::uint64_t id{};
        Delivery delivery;
        StreamFilter filter;
    };
    struct Line {  // what is remembered of one topic
        std::vector<Subscriber> subscribers;
        std::deque<std::pair<std::shared_ptr<const StreamEvent>, std::size_t>> kept;
        std::size_t kept_bytes{};
        std::uint64_t forgotten_through{};  // the newest event of this topic that is not kept
    };

    std::string epoch;
    std::size_t kept_events;
    mutable std::mutex mutex;
    std::uint64_t last{};
    std::uint64_t last_subscriber{};
    std::size_t subscriber_count{};
    std::atomic<std::uint64_t> changes{0};
    std::map<std::string, Line, std::less<>> lines;
    std::map<std::string, Topic, std::less<>> topics;

    bool keeps(const std::string& topic) const {
        const auto found = topics.find(topic);
        return found == topics.end() || found->second.kept;
    }

    void keep(Line& line, const std::shared_ptr<const StreamEvent>& event) {
        const auto bytes = kept_size(*event);
        line.kept.emplace_back(event, bytes);
        line.kept_bytes += bytes;
        while (line.kept.size() > kept_events || line.kept_bytes > kept_bytes_max) {
            line.forgotten_through = line.kept.front().first->sequence;
            line.kept_bytes -= line.kept.front().second;
            line.kept.pop_front();
        }
    }

    Subscribed add(Line& line, Delivery delivery, StreamFilter filter) {
        const auto id = ++last_subscriber;
        line.subscribers.push_back({id, std::move(delivery), std::move(filter)});
        ++subscriber_count;
        ++changes;
        return {id, last};
    }

    static bool belongs_to(Audience audience, const StreamFilter& filter,
                           const StreamEvent& event) {
        if (audience == Audience::all) return true;
        if (audience == Audience::by_area) return filter.asset.empty();
        return !filter.asset.empty() &&
               std::ranges::any_of(event.rows,
                                   [&filter](const StreamRow& row) { return filter.matches(row); });
    }

    void deliver(Line& line, const std::shared_ptr<const StreamEvent>& event, Audience audience) {
        const auto gone = std::erase_if(line.subscribers, [&](const Subscriber& subscriber) {
            return belongs_to(audience, subscriber.filter, *event) && !subscriber.delivery(event);
        });
        forget(gone);
    }

    void forget(std::size_t gone) {
        subscriber_count -= gone;
        if (gone > 0) ++changes;
    }
};

Stream::Stream(std::string epoch, std::size_t kept_events) : impl_(std::make_shared<Impl>()) {
    impl_->epoch = std::move(epoch);
    impl_->kept_events = kept_events;
}

std::uint64_t Stream::publish(std::string topic, std::vector<StreamRow> rows, Audience audience) {
    auto event = std::make_shared<StreamEvent>();
    event->topic = std::move(topic);
    event->rows = std::move(rows);
    // The lock is held while delivering: every subscriber sees the events in order of number.
    const std::lock_guard lock(impl_->mutex);
    event->sequence = ++impl_->last;
    auto& line = impl_->lines[event->topic];
    const std::shared_ptr<const StreamEvent> fixed = std::move(event);
    if (impl_->keeps(fixed->topic)) {
        impl_->keep(line, fixed);
    } else {
        line.forgotten_through = fixed->sequence;
    }
    impl_->deliver(line, fixed, audience);
    return fixed->sequence;
}

Stream::Subscribed Stream::subscribe(std::string topic, Delivery delivery, StreamFilter filter) {
    const std::lock_guard lock(impl_->mutex);
    return impl_->add(impl_->lines[std::move(topic)], std::move(delivery), std::move(filter));
}

std::optional<Stream::Subscribed> Stream::resume(std::string topic, std::string_view epoch,
                                                 std::uint64_t sequence, Delivery delivery,
                                                 StreamFilter filter) {
    if (epoch != impl_->epoch) return std::nullopt;
    const std::lock_guard lock(impl_->mutex);
    // Its producer says nothing while nobody looks: that nothing was said does not mean that
    // nothing changed.
    if (!impl_->keeps(topic)) return std::nullopt;
    auto& line = impl_->lines[std::move(topic)];
    if (sequence > impl_->last || sequence < line.forgotten_through) return std::nullopt;
    const auto first = std::lower_bound(
        line.kept.begin(), line.kept.end(), sequence,
        [](const auto& kept, std::uint64_t wanted) { return kept.first->sequence <= wanted; });
    for (auto event = first; event != line.kept.end(); ++event) {
        if (!delivery(event->first)) return Subscribed{0, sequence};
    }
    auto subscribed = impl_->add(line, std::move(delivery), std::move(filter));
    subscribed.after = sequence;
    return subscribed;
}

void Stream::unsubscribe(std::uint64_t id) {
    const std::lock_guard lock(impl_->mutex);
    for (auto& [topic, line] : impl_->lines) {
        const auto gone = std::erase_if(
            line.subscribers, [id](const auto& subscriber) { return subscriber.id == id; });
        impl_->forget(gone);
        if (gone > 0) return;
    }
}

std::vector<StreamFilter> Stream::filters(std::string_view topic) const {
    const std::lock_guard lock(impl_->mutex);
    std::vector<StreamFilter> filters;
    const auto line = impl_->lines.find(topic);
    if (line == impl_->lines.end()) return filters;
    for (const auto& subscriber : line->second.subscribers)
        filters.push_back(subscriber.filter);
    return filters;
}

std::uint64_t Stream::subscriber_changes() const {
    return impl_->changes;
}

const std::string& Stream::epoch() const {
    return impl_->epoch;
}

std::uint64_t Stream::last() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->last;
}

std::size_t Stream::subscribers() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->subscriber_count;
}

void Stream::add_topic(Topic topic) {
    const std::lock_guard lock(impl_->mutex);
    auto name = topic.name;
    impl_->topics.insert_or_assign(std::move(name), std::move(topic));
}

const Stream::Topic* Stream::topic(std::string_view name) const {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->topics.find(name);
    return found == impl_->topics.end() ? nullptr : &found->second;
}

std::vector<std::string> Stream::topic_names() const {
    const std::lock_guard lock(impl_->mutex);
    std::vector<std::string> names;
    for (const auto& [name, topic] : impl_->topics)
        names.push_back(name);
    return names;
}

}  // namespace vigie::live
