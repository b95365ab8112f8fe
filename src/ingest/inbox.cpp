#include "vigie/ingest/inbox.hpp"

#include <algorithm>

#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {
// Stamps may run ahead of the clock by less: by the microseconds that a burst needs, and when NTP
// sets it back a little. Far below what would be refused as ahead.
constexpr std::int64_t stamps_ahead_us_max = 2'000'000;

std::expected<const assets::Asset*, Refusal> addressed(const assets::Catalogue& catalogue,
                                                       const Sender& sender,
                                                       std::string_view code) {
    const assets::Asset* asset = catalogue.find(code);
    if (asset == nullptr || asset->life_stage == assets::LifeStage::removed) {
        return std::unexpected(
            Refusal{Reason::unknown_asset, "", {"there is no such asset", "équipement inconnu"}});
    }
    if (!sender.may(asset->id)) {
        return std::unexpected(Refusal{Reason::not_yours,
                                       "",
                                       {"the credential does not cover this asset",
                                        "l'identifiant ne couvre pas cet équipement"}});
    }
    return asset;
}

}  // namespace

std::int64_t next_stamp_us(std::int64_t last_us, std::int64_t now_us) {
    return last_us - now_us < stamps_ahead_us_max ? std::max(now_us, last_us + 1) : now_us;
}

base::Instant Inbox::stamp(base::Instant now) {
    std::int64_t last = last_stamp_us_;
    std::int64_t next = 0;
    do {
        next = next_stamp_us(last, base::epoch_us(now));
    } while (!last_stamp_us_.compare_exchange_weak(last, next));
    return base::from_epoch_us(next);
}

base::Instant Inbox::stamp_of(const Parcel& parcel) {
    return parcel.first_received_at ? parcel.received_at : stamp(parcel.received_at);
}

Sorted Inbox::sort_topic(const Parcel& parcel) {
    Sorted sorted;
    const base::Instant stamped = stamp_of(parcel);
    const auto decode = [&]() -> std::expected<Decoded, Refusal> {
        const auto code = asset_of_topic(parcel.topic);
        if (code.empty()) {
            return std::unexpected(
                Refusal{Reason::unknown_topic,
                        "",
                        {"nothing is received on this topic", "rien n'est reçu sur ce sujet"}});
        }
        const auto catalogue = registry_.current();
        const auto found = addressed(*catalogue, *parcel.sender, code);
        if (!found) return std::unexpected(found.error());
        const assets::Asset* asset = *found;
        return decode_for_asset(*catalogue, *asset, parcel.payload, parcel.format,
                                {stamped, parcel.sender->may_backfill(), parcel.first_received_at});
    };
    keep(sorted, decode(), parcel, stamped);
    return sorted;
}

Sorted Inbox::sort_messages(const Parcel& parcel) {
    Sorted sorted;
    const base::Instant stamped = stamp_of(parcel);
    const auto catalogue = registry_.current();
    keep(sorted,
         decode_messages(*catalogue, *parcel.sender, parcel.payload, parcel.format,
                         {stamped, parcel.sender->may_backfill(), parcel.first_received_at}),
         parcel, stamped);
    return sorted;
}

void Inbox::keep(Sorted& sorted, std::expected<Decoded, Refusal> decoded, const Parcel& parcel,
                 base::Instant stamped) {
    if (decoded) {
        sorted.submission.sender = parcel.sender->number();
        sorted.messages = decoded->messages;
        sorted.values = decoded->values;
        sorted.unknown_properties = decoded->unknown_properties;
        sorted.unknown = std::move(decoded->unknown);
        sorted.stamped = stamped;
        sorted.without_time = decoded->without_time;
        if (decoded->without_time > 1 && !parcel.first_received_at) {
            (void)stamp(stamped + std::chrono::microseconds{decoded->without_time});
        }
        sorted.submission.frames = std::move(decoded->frames);
        return;
    }
    sorted = refused(parcel, std::move(decoded).error());
}

Sorted Inbox::refused(const Parcel& parcel, Refusal refusal) {
    auto sorted = refused(parcel.sender->name(), parcel, std::move(refusal));
    sorted.submission.sender = parcel.sender->number();
    return sorted;
}

Sorted Inbox::refused(const std::string& credential, const Parcel& parcel, Refusal refusal) {
    Sorted sorted;
    std::string detail = refusal.detail.en;
    if (!refusal.pointer.empty()) detail = refusal.pointer + ": " + detail;
    detail = base::cut_utf8(detail, base::limits::quarantine_text_bytes_max);
    sorted.submission.quarantined.push_back(
        {parcel.received_at, credential, parcel.channel,
         std::string(base::cut_utf8(parcel.topic, base::limits::quarantine_text_bytes_max)),
         std::string(to_string(refusal.reason)), std::move(detail),
         std::string(parcel.payload.substr(0, base::limits::quarantine_payload_bytes_max))});
    sorted.refusal = std::move(refusal);
    return sorted;
}

std::expected<assets::AssetId, Refusal> Inbox::addressee(const Sender& sender,
                                                         std::string_view code) const {
    const auto catalogue = registry_.current();
    const auto found = addressed(*catalogue, sender, code);
    if (!found) return std::unexpected(found.error());
    return (*found)->id;
}

bool Inbox::covers(const Sender& sender, std::string_view asset_code) const {
    const auto catalogue = registry_.current();
    const assets::Asset* asset = catalogue->find(asset_code);
    return asset != nullptr && sender.may(asset->id);
}

bool Inbox::submit(Sorted& sorted) {
    if (!writer_.submit(sorted.submission)) {
        ++counters_.no_room;
        return false;
    }
    counters_.messages += sorted.messages;
    counters_.unknown_properties += sorted.unknown_properties;
    counters_.without_time += sorted.without_time;
    unknown_.add(sorted.unknown, sorted.stamped);
    counters_.refused += sorted.refusal ? 1 : 0;
    return true;
}

}  // namespace vigie::ingest
