#include "vigie/wire/mqtt/outbound.hpp"

#include <algorithm>

namespace vigie::wire::mqtt {

namespace {

bool is_publication(Outbound::Awaits awaits) {
    return awaits != Outbound::Awaits::suback && awaits != Outbound::Awaits::unsuback;
}

}  // namespace

std::optional<std::uint16_t> Outbound::begin(Awaits awaits, std::uint64_t tag) {
    if (is_publication(awaits) && !has_room()) return std::nullopt;
    const auto after = static_cast<std::uint16_t>(last_id_ + 1);
    const std::uint16_t packet_id = after == 0 ? std::uint16_t{1} : after;
    // Identifiers are given in a circle, so the oldest in flight is the first that can be met.
    if (!entries_.empty() && entries_.front().packet_id == packet_id) return std::nullopt;
    last_id_ = packet_id;
    entries_.push_back(Entry{packet_id, awaits, tag});
    if (is_publication(awaits)) ++publications_;
    return packet_id;
}

std::deque<Outbound::Entry>::iterator Outbound::find(std::uint16_t packet_id, Awaits awaits) {
    // Answers come in order, or nearly so.
    const auto found = std::ranges::find(entries_, packet_id, &Entry::packet_id);
    return found != entries_.end() && found->awaits == awaits ? found : entries_.end();
}

std::optional<std::uint64_t> Outbound::finish(std::uint16_t packet_id, Awaits awaits) {
    const auto found = find(packet_id, awaits);
    if (found == entries_.end()) return std::nullopt;
    const std::uint64_t tag = found->tag;
    if (is_publication(awaits)) --publications_;
    entries_.erase(found);
    return tag;
}

bool Outbound::received(std::uint16_t packet_id) {
    const auto found = find(packet_id, Awaits::pubrec);
    if (found == entries_.end()) return false;
    found->awaits = Awaits::pubcomp;
    return true;
}

std::vector<std::uint64_t> Outbound::drop_all() {
    std::vector<std::uint64_t> tags;
    for (const Entry& entry : entries_)
        tags.push_back(entry.tag);
    entries_.clear();
    publications_ = 0;
    return tags;
}

}  // namespace vigie::wire::mqtt
