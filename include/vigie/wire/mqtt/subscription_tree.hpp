// Who subscribed to what: filters in, the subscribers of a topic out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/wire/mqtt/types.hpp"

namespace vigie::wire::mqtt {

// Valid filters and names only. Not thread-safe. No branch is deeper than a bearable filter, so
// that what descends it, or takes it down, needs little stack.
class SubscriptionTree {
public:
    using Subscriber = std::uint64_t;
    struct Match {
        Subscriber subscriber{0};
        Qos qos{};
        friend bool operator==(const Match&, const Match&) = default;
    };

    // Replaces the QoS when that subscriber has that filter already (MQTT-3.8.4-3). False when the
    // filter is not bearable.
    bool add(std::string_view filter, Subscriber subscriber, Qos qos);
    // False when there was none.
    bool remove(std::string_view filter, Subscriber subscriber);
    // Each subscriber once, with the greatest QoS of its matching filters (MQTT-3.3.5-1).
    [[nodiscard]] std::vector<Match> match(std::string_view topic) const;
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct Node {
        std::map<std::string, std::unique_ptr<Node>, std::less<>> levels;
        std::vector<Match> matches;
        [[nodiscard]] bool empty() const { return levels.empty() && matches.empty(); }
        [[nodiscard]] const Node* level(std::string_view name) const;
    };
    static bool remove_below(Node& node, std::string_view filter, Subscriber subscriber);
    static void collect(const Node& node, std::string_view topic, bool first,
                        std::vector<Match>& found);

    Node root_;
    std::size_t size_{0};
};

}  // namespace vigie::wire::mqtt
