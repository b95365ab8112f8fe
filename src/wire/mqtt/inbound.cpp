#include "vigie/wire/mqtt/inbound.hpp"

#include <algorithm>

#include "wire/mqtt/bytes.hpp"

namespace vigie::wire::mqtt {

namespace {

constexpr std::size_t ring_entries_first = 16;

}  // namespace

PacketHandle AckQueue::push(PacketType type, std::uint16_t packet_id) {
    if (size() == ring_.size()) grow();
    at(next_) = Entry{.packet_id = packet_id, .type = type};
    return next_++;
}

void AckQueue::grow() {
    std::vector<Entry> larger(ring_.empty() ? ring_entries_first : ring_.size() * 2);
    for (PacketHandle handle = first_; handle < next_; ++handle) {
        larger[handle & (larger.size() - 1)] = at(handle);
    }
    ring_ = std::move(larger);
}

bool AckQueue::complete(PacketHandle handle, Reason reason, std::string_view text) {
    if (handle < first_ || handle >= next_ || at(handle).done) return false;
    Entry& entry = at(handle);
    entry.done = true;
    entry.reason = reason;
    entry.has_text = !text.empty();
    if (entry.has_text) texts_.emplace_back(handle, clipped_text(text));
    return true;
}

std::optional<AckQueue::Ready> AckQueue::pop_ready() {
    if (first_ == next_ || !at(first_).done) return std::nullopt;
    const Entry& entry = at(first_);
    Ready ready{.type = entry.type, .packet_id = entry.packet_id, .reason = entry.reason};
    if (entry.has_text) ready.text = take_text(first_);
    ++first_;
    return ready;
}

std::string AckQueue::take_text(PacketHandle handle) {
    const auto found = std::ranges::find(texts_, handle, &decltype(texts_)::value_type::first);
    std::string text = std::move(found->second);
    texts_.erase(found);
    return text;
}

std::vector<Inbound::InFlight>::iterator Inbound::find(std::uint16_t packet_id) {
    return std::ranges::lower_bound(exactly_once_, packet_id, {}, &InFlight::packet_id);
}

bool Inbound::is_in_flight(std::uint16_t packet_id) {
    const auto place = find(packet_id);
    return place != exactly_once_.end() && place->packet_id == packet_id;
}

Inbound::Taken Inbound::take(const Publish& publish) {
    const bool v5 = version_ == Version::v5;
    // [MQTT-3.3.4-9] speaks of what waits for PUBACK or PUBCOMP.
    if (is_full()) return {Arrival::over_limit, 0};
    const bool twice = publish.qos == Qos::exactly_once;
    const bool known = !exactly_once_.empty() && is_in_flight(publish.packet_id);
    if (twice && known) {
        // [MQTT-4.3.3-10] answered again, not delivered again. While the first still waits, its
        // PUBREC will answer both.
        if (find(publish.packet_id)->received) {
            acks_.complete(acks_.push(PacketType::pubrec, publish.packet_id), Reason::success, {});
        }
        return {Arrival::duplicate, 0};
    }
    if (v5 && acks_.size() + received_count_ >= receive_max_) return {Arrival::over_limit, 0};
    if (!twice) {
        const PacketHandle handle = acks_.push(PacketType::puback, publish.packet_id);
        if (!known || !v5) return {Arrival::fresh, handle};
        acks_.complete(handle, Reason::packet_identifier_in_use, {});
        return {Arrival::duplicate, 0};
    }
    exactly_once_.insert(find(publish.packet_id), InFlight{publish.packet_id, false});
    return {Arrival::fresh, acks_.push(PacketType::pubrec, publish.packet_id)};
}

Reason Inbound::release(std::uint16_t packet_id) {
    const auto place = find(packet_id);
    const bool known =
        place != exactly_once_.end() && place->packet_id == packet_id && place->received;
    if (!known) return Reason::packet_identifier_not_found;
    exactly_once_.erase(place);
    --received_count_;
    return Reason::success;
}

void Inbound::after_pubrec(std::uint16_t packet_id, Reason reason) {
    const auto place = find(packet_id);
    if (place == exactly_once_.end() || place->packet_id != packet_id) return;
    // A PUBREC that refuses ends it, and its identifier is free (4.3.3). 3.1.1 cannot refuse.
    if (version_ == Version::v5 && is_failure(reason)) {
        if (place->received) --received_count_;
        exactly_once_.erase(place);
        return;
    }
    if (!place->received) ++received_count_;
    place->received = true;
}

void Inbound::write_ready(const AckStyle& style, std::string& out) {
    while (const auto ready = acks_.pop_ready()) {
        if (ready->type == PacketType::pubrec) after_pubrec(ready->packet_id, ready->reason);
        Ack ack{ready->type, ready->packet_id, ready->reason};
        if (ready->text.empty() || !style.with_texts || style.version != Version::v5) {
            encode(ack, style.version, out);
            continue;
        }
        const Properties properties = Properties{}.text(PropertyId::reason_string, ready->text);
        ack.properties = properties.view();
        const std::size_t before = out.size();
        encode(ack, style.version, out);
        // [MQTT-3.4.2-2] rather no text than one too many.
        if (style.packet_bytes_max != 0 && out.size() - before > style.packet_bytes_max) {
            out.resize(before);
            ack.properties = {};
            encode(ack, style.version, out);
        }
    }
}

std::vector<std::uint16_t> Inbound::received() const {
    std::vector<std::uint16_t> ids;
    for (const InFlight& one : exactly_once_) {
        if (one.received) ids.push_back(one.packet_id);
    }
    return ids;
}

void Inbound::restore(const std::vector<std::uint16_t>& received) {
    exactly_once_.clear();
    for (const std::uint16_t packet_id : received) {
        exactly_once_.push_back(InFlight{packet_id, true});
    }
    std::ranges::sort(exactly_once_, {}, &InFlight::packet_id);
    received_count_ = exactly_once_.size();
}

}  // namespace vigie::wire::mqtt
