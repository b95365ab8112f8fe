// The live city as one value: what every asset last said, how far it can be trusted, and what the
// map shows of it. One thread owns it (see City); nothing here locks, waits or reads a clock.
//
// Latest means greatest event time, property by property: a late frame fills in what no newer one
// said and changes nothing else. Two values of one property and instant: the greater is kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/live/clock_skew.hpp"
#include "vigie/live/deadlines.hpp"
#include "vigie/live/freshness.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/live/watcher.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::live {

// One asset's row of the table last_value.
struct LastValue {
    assets::AssetId asset{};
    int layout{};
    base::Instant newest;
    // The newest that was judged: neither backfilled nor beyond the kind's limit. What a silence is
    // counted from.
    std::optional<base::Instant> heard;
    std::vector<std::int64_t> times;  // microseconds since 1970; `never` where nothing is known
    std::vector<double> values;

    static constexpr std::int64_t never = INT64_MIN;
};

// Which values an answer is about: all, unless said otherwise.
struct WantedValues {
    std::int64_t observed_after{INT64_MIN};  // microseconds since 1970
    std::int64_t came_after{INT64_MIN};      // CityState::came
    std::int64_t came_until{INT64_MAX};
    // False of what nobody ever said: LastValue::never.
    [[nodiscard]] bool takes(std::int64_t observed, std::int64_t came) const {
        return observed > observed_after && came > came_after && came <= came_until;
    }
};

class CityState {
public:
    // What changes on the map or in an area is told that often; an asset that somebody looks at by
    // itself is told at once, and then no more often either.
    static constexpr std::chrono::milliseconds publish_every{500};

    explicit CityState(Stream& stream) : stream_(stream) {}
    CityState(const CityState&) = delete;
    CityState& operator=(const CityState&) = delete;

    // --- facts, in the order in which they become known ---------------------------------------
    void watch(Watcher& watcher) { watchers_.push_back(&watcher); }
    void adopt(std::shared_ptr<const assets::Catalogue> catalogue, base::Instant now);
    // What was flushed before a restart. Nobody is told.
    void restore(const LastValue& last, base::Instant now);
    // Frames that are durable. Those of unknown assets are passed over. A watcher that throws at
    // one of them costs none of the others; the first failure is thrown once all are applied.
    void apply(std::span<const store::Frame> frames, base::Instant now);
    // The clock came to `now`: freshness, the watchers' deadlines, what is to be streamed.
    void tick(base::Instant now);
    [[nodiscard]] std::optional<base::Instant> next_due();

    // --- told by those who judge --------------------------------------------------------------
    // The worst open alarm or notice of an asset; nothing: none is open.
    void show_alarm(assets::AssetId asset, std::optional<DisplayState> worst);
    // A fault cuts the current of everything the asset feeds; or no longer does.
    void cut(assets::AssetId asset, bool is_cut, base::Instant at, base::Instant now);

    // --- questions ----------------------------------------------------------------------------
    [[nodiscard]] const std::shared_ptr<const assets::Catalogue>& catalogue() const {
        return catalogue_;
    }
    [[nodiscard]] Freshness freshness(assets::AssetId asset) const;
    [[nodiscard]] DisplayState display(assets::AssetId asset) const;
    [[nodiscard]] bool fed(assets::AssetId asset) const;
    [[nodiscard]] std::optional<base::Instant> fed_since(assets::AssetId asset) const;
    [[nodiscard]] std::optional<base::Instant> newest(assets::AssetId asset) const;
    [[nodiscard]] std::optional<base::Instant> heard(assets::AssetId asset) const;
    [[nodiscard]] std::span<const double> values(assets::AssetId asset) const;
    [[nodiscard]] std::span<const std::int64_t> times(assets::AssetId asset) const;
    // Where it is: what a mobile asset last reported, else where it was installed.
    [[nodiscard]] base::LonLat place(assets::AssetId asset) const;
    // LiveAsset of the contract.
    [[nodiscard]] std::string live_json(assets::AssetId asset,
                                        const WantedValues& wanted = {}) const;
    [[nodiscard]] bool has(assets::AssetId asset, const WantedValues& wanted) const;
    // The stamp of the frame applied last: ever greater ones, in microseconds since 1970 while the
    // clock allows. A value keeps that of the frame that brought it, 0 when it was restored.
    [[nodiscard]] std::int64_t came() const { return came_; }
    // Any thread.
    [[nodiscard]] std::uint64_t frames_applied() const { return frames_applied_; }
    // How far the asset's clock seems to be ahead of ours; nothing: it sent no time of its own.
    [[nodiscard]] std::optional<std::chrono::milliseconds> clock_skew(assets::AssetId asset) const;
    // Assets whose clock is off by more than ClockSkew::told_beyond. Any thread.
    [[nodiscard]] std::int64_t skewed_assets() const { return skewed_; }

    // Rows of last_value that changed since the last call. What could not be written comes back.
    [[nodiscard]] std::vector<LastValue> take_changed();
    void give_back(std::span<const LastValue> rows);

private:
    struct Slot {
        const assets::Asset* asset{};
        std::size_t offset{};  // into values_ and times_
        std::uint32_t width{};
        Freshness freshness{Freshness::unknown};
        DisplayState display{DisplayState::unknown};
        DisplayState alarm{DisplayState::normal};  // normal: none is open
        bool fed{true};
        bool map_changed{};
        bool value_changed{};
        bool looked_at{};     // by itself, by somebody
        bool look_changed{};  // since they were told
        bool unflushed{};
        bool announced{};     // the map was told that it exists
        std::int16_t cuts{};  // faults that stand and cut what it feeds
        std::int64_t newest{LastValue::never};
        std::int64_t heard{LastValue::never};
        std::int64_t fed_since{LastValue::never};
        std::int64_t came{};  // the greatest of its values
        ClockSkew skew;
        bool skewed{};  // counted in skewed_
        base::Instant look_told{};
    };

    [[nodiscard]] const Slot* find(assets::AssetId asset) const;
    [[nodiscard]] Slot* find(assets::AssetId asset);
    void place_values(Slot& slot, const assets::Asset* asset);
    bool merge(Slot& slot, const store::Frame& frame);
    void hear_clock(Slot& slot, const store::Frame& frame);
    void count_skewed(Slot& slot);
    void apply_one(const store::Frame& frame, bool overtaken, base::Instant now);
    void judge(assets::AssetId id, Slot& slot, base::Instant now);
    void show(assets::AssetId id, Slot& slot);
    void mark_map(assets::AssetId id, Slot& slot);
    void mark_value(assets::AssetId id, Slot& slot);
    [[nodiscard]] bool has_current(const Slot& slot) const;
    void judge_feed(assets::AssetId source, base::Instant at, base::Instant now);
    void publish(base::Instant now);
    void publish_map();
    void publish_values();
    void publish_looked_at(base::Instant now);
    void see_who_looks();
    [[nodiscard]] StreamRow value_row(const Slot& slot) const;

    Stream& stream_;
    std::vector<Watcher*> watchers_;
    std::shared_ptr<const assets::Catalogue> catalogue_{std::make_shared<assets::Catalogue>()};
    std::vector<Slot> slots_;  // by asset id
    std::vector<double> values_;
    std::vector<std::int64_t> times_;
    std::vector<std::int64_t> came_of_;  // by value
    Deadlines deadlines_;
    std::vector<std::uint32_t> order_;  // scratch of apply
    std::vector<assets::AssetId> map_changed_;
    std::vector<assets::AssetId> value_changed_;
    std::vector<assets::AssetId> looked_at_;
    std::vector<assets::AssetId> look_changed_;  // those not told yet
    std::optional<base::Instant> look_due_;      // when the next of them may be told
    std::vector<StreamFilter> areas_;            // looked at as one of many
    std::uint64_t lookers_seen_{UINT64_MAX};     // Stream::subscriber_changes
    std::vector<assets::AssetId> unflushed_;
    base::Instant published_{};
    std::atomic<std::uint64_t> frames_applied_{0};
    std::int64_t came_{};
    std::atomic<std::int64_t> skewed_{0};
};

}  // namespace vigie::live
