#include "vigie/wire/mqtt/subscription_tree.hpp"

#include <algorithm>
#include <optional>

#include "vigie/wire/mqtt/topic.hpp"

namespace vigie::wire::mqtt {

namespace {

struct Cut {
    std::string_view level{};
    std::optional<std::string_view> rest{};
};

Cut first_level(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return {text, std::nullopt};
    return {text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace

const SubscriptionTree::Node* SubscriptionTree::Node::level(std::string_view name) const {
    const auto found = levels.find(name);
    return found == levels.end() ? nullptr : found->second.get();
}

bool SubscriptionTree::add(std::string_view filter, Subscriber subscriber, Qos qos) {
    if (!is_bearable_filter(filter)) return false;
    Node* node = &root_;
    for (std::optional<std::string_view> rest = filter; rest;) {
        const Cut cut = first_level(*rest);
        auto found = node->levels.find(cut.level);
        if (found == node->levels.end()) {
            found = node->levels.emplace(cut.level, std::make_unique<Node>()).first;
        }
        node = found->second.get();
        rest = cut.rest;
    }
    const auto known = std::ranges::find(node->matches, subscriber, &Match::subscriber);
    if (known != node->matches.end()) {
        known->qos = qos;
        return true;
    }
    node->matches.push_back(Match{subscriber, qos});
    ++size_;
    return true;
}

bool SubscriptionTree::remove_below(Node& node, std::string_view filter, Subscriber subscriber) {
    const Cut cut = first_level(filter);
    const auto found = node.levels.find(cut.level);
    if (found == node.levels.end()) return false;
    Node& below = *found->second;
    const bool removed = cut.rest ? remove_below(below, *cut.rest, subscriber)
                                  : std::erase_if(below.matches, [subscriber](const Match& one) {
                                        return one.subscriber == subscriber;
                                    }) != 0;
    if (below.empty()) node.levels.erase(found);
    return removed;
}

bool SubscriptionTree::remove(std::string_view filter, Subscriber subscriber) {
    const bool removed = remove_below(root_, filter, subscriber);
    if (removed) --size_;
    return removed;
}

void SubscriptionTree::collect(const Node& node, std::string_view topic, bool first,
                               std::vector<Match>& found) {
    const Cut cut = first_level(topic);
    const auto descend = [&](const Node* below) {
        if (below == nullptr) return;
        if (cut.rest) {
            collect(*below, *cut.rest, false, found);
            return;
        }
        found.insert(found.end(), below->matches.begin(), below->matches.end());
        // "a/#" also matches "a".
        if (const Node* all = below->level("#")) {
            found.insert(found.end(), all->matches.begin(), all->matches.end());
        }
    };
    descend(node.level(cut.level));
    // [MQTT-4.7.2-1]
    if (first && topic.starts_with('$')) return;
    descend(node.level("+"));
    if (const Node* all = node.level("#")) {
        found.insert(found.end(), all->matches.begin(), all->matches.end());
    }
}

std::vector<SubscriptionTree::Match> SubscriptionTree::match(std::string_view topic) const {
    std::vector<Match> found;
    collect(root_, topic, true, found);
    std::ranges::sort(found, [](const Match& a, const Match& b) {
        return a.subscriber != b.subscriber ? a.subscriber < b.subscriber : a.qos > b.qos;
    });
    const auto repeated = std::ranges::unique(found, {}, &Match::subscriber);
    found.erase(repeated.begin(), repeated.end());
    return found;
}

}  // namespace vigie::wire::mqtt
