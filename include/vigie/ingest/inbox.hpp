// The inbox: what any door received, decoded and handed to the writers; or refused, and handed to
// quarantine.
//
// Thread-safe. Nothing here waits: the answer to the sender follows when the submission is durable.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/ingest/decode.hpp"
#include "vigie/ingest/sender.hpp"
#include "vigie/ingest/unknown_properties.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::ingest {

// Since start.
struct InboxCounters {
    std::atomic<std::uint64_t> messages{0};  // observations taken
    std::atomic<std::uint64_t> unknown_properties{0};
    std::atomic<std::uint64_t> without_time{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> no_room{0};          // offers turned away until there is room
    std::atomic<std::uint64_t> http_above_rate{0};  // requests answered 429
    std::atomic<std::uint64_t> too_large{0};        // HTTP bodies beyond the credential's limit
};

// What came in, before anybody looked at it.
struct Parcel {
    const Sender* sender{};
    const char* channel{};  // "mqtt", "http"
    std::string_view topic;
    std::string_view payload;
    base::Instant received_at;
    Format format{Format::by_shape};
    // Of what lay in quarantine or is sent again: it has its stamp.
    std::optional<base::Instant> first_received_at{};
};

// What became of it. `submission` is complete but for who waits.
struct Sorted {
    store::Submission submission;
    std::optional<Refusal> refusal;  // then the submission is its quarantine row
    std::size_t messages{};
    std::size_t values{};
    std::size_t unknown_properties{};
    std::size_t without_time{};
    std::map<UnknownProperty, std::size_t> unknown;
    base::Instant stamped;
};

// Pure: the stamp of what arrives at `now`. Later than the last one, so that observations without
// a time do not fall on one instant; but when the clock went back, stamps go back with it.
[[nodiscard]] std::int64_t next_stamp_us(std::int64_t last_us, std::int64_t now_us);

class Inbox {
public:
    Inbox(const assets::Registry& registry, store::FrameWriter& writer)
        : registry_(registry), writer_(writer) {}

    // An MQTT publication.
    [[nodiscard]] Sorted sort_topic(const Parcel& parcel);
    // A body that names its assets.
    [[nodiscard]] Sorted sort_messages(const Parcel& parcel);
    // A message that was refused: its submission is the quarantine row.
    [[nodiscard]] static Sorted refused(const Parcel& parcel, Refusal refusal);
    // The same of a sender who is not there any more.
    [[nodiscard]] static Sorted refused(const std::string& credential, const Parcel& parcel,
                                        Refusal refusal);
    // The asset of that code, if the sender may speak for it: unknown_asset, not_yours.
    [[nodiscard]] std::expected<assets::AssetId, Refusal> addressee(const Sender& sender,
                                                                    std::string_view code) const;
    // False: no room; nothing was taken.
    [[nodiscard]] bool submit(Sorted& sorted);

    // Whether the sender may speak for the asset of that code.
    [[nodiscard]] bool covers(const Sender& sender, std::string_view asset_code) const;

    [[nodiscard]] const InboxCounters& counters() const { return counters_; }
    [[nodiscard]] InboxCounters& counters() { return counters_; }
    [[nodiscard]] const UnknownProperties& unknown() const { return unknown_; }

private:
    base::Instant stamp(base::Instant now);
    base::Instant stamp_of(const Parcel& parcel);
    void keep(Sorted& sorted, std::expected<Decoded, Refusal> decoded, const Parcel& parcel,
              base::Instant stamped);

    const assets::Registry& registry_;
    store::FrameWriter& writer_;
    InboxCounters counters_;
    UnknownProperties unknown_;
    // Observations without a time get their arrival, and no two the same one while the clock goes
    // on.
    std::atomic<std::int64_t> last_stamp_us_{0};
};

}  // namespace vigie::ingest
