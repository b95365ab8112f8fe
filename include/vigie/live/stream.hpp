// The stream: what changed, in order, to every console and program that asked.
//
// Each event has a sequence number, unique within an epoch (one run of the server). A subscriber
// receives a snapshot and then deltas; after a cut it resumes from its last number, or is told to
// begin anew. Events of the kept topics (alarms, incidents, ...) are each delivered; values and map
// states are conflated by their producer (docs/stream.md). Thread-safe: publish from any thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/access/principal.hpp"
#include "vigie/base/result.hpp"

namespace vigie::live {

// One row that was made, changed or removed. `json` is the whole row as the REST list shows it,
// serialised once.
struct StreamRow {
    std::string key{};  // stable identity within its topic
    std::shared_ptr<const std::string> json{};
    bool removed{};
    // What filters look at; empty fields match only filters that do not ask.
    std::string asset{};
    std::string kind{};
    std::string commune{};
    std::string desk{};
    std::string crew{};
};

struct StreamEvent {
    std::uint64_t sequence{};
    std::string topic{};
    std::vector<StreamRow> rows;
};

// Every field that is set must match.
struct StreamFilter {
    std::string asset{};
    std::string kind{};
    std::string commune{};
    std::string desk{};
    std::string crew{};
    [[nodiscard]] bool matches(const StreamRow& row) const;
};

// Whom an event is for: an asset that is looked at by itself is told sooner than as one of many.
enum class Audience {
    all,
    by_asset,  // whose filter names an asset of the event
    by_area,   // whose filter names none
};

// Takes what one subscriber gets. Called on the publishing thread: must only hand over and return.
// False: this subscriber is gone or too slow, forget it.
using Delivery = std::function<bool(const std::shared_ptr<const StreamEvent>&)>;

class Stream {
public:
    // `kept_events` a topic (and at most kept_bytes_max) is how far back a cut subscriber may
    // resume.
    static constexpr std::size_t kept_bytes_max = 32 * 1024 * 1024;
    explicit Stream(std::string epoch, std::size_t kept_events = 20'000);

    // Answers the sequence number given.
    std::uint64_t publish(std::string topic, std::vector<StreamRow> rows,
                          Audience audience = Audience::all);

    // From now on `delivery` gets every event of the topic. Answers the last number before the
    // first it will get. `id` is what unsubscribe takes. `filter` tells producers what is looked at
    // (see filters) and decides between audiences; the delivery itself gets whole events.
    struct Subscribed {
        std::uint64_t id{};
        std::uint64_t after{};
    };
    Subscribed subscribe(std::string topic, Delivery delivery, StreamFilter filter = {});
    // As above, and first hands over all kept events of the topic after `sequence`. Nothing: too
    // long ago or another epoch; the caller must begin with a snapshot.
    std::optional<Subscribed> resume(std::string topic, std::string_view epoch,
                                     std::uint64_t sequence, Delivery delivery,
                                     StreamFilter filter = {});
    void unsubscribe(std::uint64_t id);

    // What the subscribers of a topic look at: a producer of conflated rows makes no others.
    [[nodiscard]] std::vector<StreamFilter> filters(std::string_view topic) const;
    // Grows whenever somebody begins or ends to look at a topic, before a snapshot is asked for.
    [[nodiscard]] std::uint64_t subscriber_changes() const;

    [[nodiscard]] const std::string& epoch() const;
    [[nodiscard]] std::uint64_t last() const;
    [[nodiscard]] std::size_t subscribers() const;

    // A topic exists once its snapshot is registered: `snapshot` answers the rows as one JSON
    // array, for that principal and filter. `service` is what view is demanded on.
    using Snapshot =
        std::function<boost::asio::awaitable<std::string>(access::Principal, StreamFilter)>;
    struct Topic {
        std::string name;
        std::string service;
        Snapshot snapshot;  // empty: there is none, a subscriber must come with a place to resume
        // False: events are not kept, a cut subscriber gets a snapshot.
        bool kept{true};
        // Refuses filters that are too wide; empty accepts all.
        std::function<base::Result<void>(const StreamFilter&)> accepts{};
        // Whether that principal may see that row, beyond service and commune; empty: yes.
        std::function<bool(const access::Principal&, const StreamRow&)> visible{};
    };
    void add_topic(Topic topic);
    [[nodiscard]] const Topic* topic(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> topic_names() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace vigie::live
