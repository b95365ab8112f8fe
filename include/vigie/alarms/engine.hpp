// The rules of every kind on every asset of the live city, and what explains what.
//
// Lives on the city thread. Decisions leave as occurrences through the sink, in order; the database
// has the last word on states (an operator may have been faster), which comes back by recorded().
//
// Suppression: an alarm raised while an alarm of something above it in the power graph (rules that
// suppress what is fed) or in the communication graph (what is connected) is active is hidden and
// names its cause; those active already are hidden when the cause comes. When the cause ends, a
// child that ended too is gone; one whose condition still held by its last observation stays hidden
// for two reporting periods or its rule's delay, whichever is longer, or until its own next
// observation: if that still shows the condition (and the rule's delay since the return is over),
// or none comes, it is announced.
//
// Silence is counted from the newest judged observation, but never from before the current came
// back or before we listened: what we did not hear while we were away is no one's silence. An asset
// that was never heard of, or has no current, is not silent.
//
// What is not in service raises nothing; what it had raised ends when it leaves service.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "vigie/alarms/occurrence.hpp"
#include "vigie/alarms/rules.hpp"
#include "vigie/live/city_state.hpp"
#include "vigie/live/deadlines.hpp"
#include "vigie/live/frame_span.hpp"
#include "vigie/live/watcher.hpp"

namespace vigie::alarms {

class Engine final : public live::Watcher {
public:
    using Sink = std::function<void(std::vector<Occurrence>)>;

    // Watches `city` from now on; both live as long as the city.
    Engine(live::CityState& city, Sink sink, base::Instant now);

    // After a restart, before frames are replayed.
    void restore(std::span<const Standing> standing, std::span<const JudgedThrough> judged,
                 base::Instant now);
    // Then, still before: of which assets a delay may have been running when the values were
    // flushed, and the event times to read their frames of; and those frames, in event order per
    // asset. A delay goes on from when it began, not from the latest observation.
    [[nodiscard]] std::vector<live::FrameSpan> running_delays() const;
    void recall(std::span<const store::Frame> frames);
    // Listening begins, once frames are replayed: the latest value of everything is judged, and
    // silence is counted from here at the earliest.
    void begin(base::Instant now);

    // What the database made of an alarm, after our occurrences or an operator's act.
    void recorded(const Standing& standing);

    void observed(const live::Change& change) override;
    void fed_changed(assets::AssetId asset, bool fed, base::Instant at) override;
    void catalogue_changed(const std::shared_ptr<const assets::Catalogue>& catalogue,
                           base::Instant now) override;
    void tick(base::Instant now) override;
    [[nodiscard]] std::optional<base::Instant> next_due() override;

    // Alarms that are not normal, hidden ones included.
    [[nodiscard]] std::size_t standing_count() const { return by_id_.size(); }

private:
    struct CompiledRule {
        const assets::Rule* rule{};
        std::int32_t position{-1};  // of its property in the layout; -1 for silence
    };
    struct AssetRules {
        const assets::Asset* asset{};
        const std::vector<CompiledRule>* rules{};
        std::int32_t first_slot{-1};
        std::size_t slot_count{};
        bool in_service{};
    };
    struct Slot {  // one rule on one asset
        Memory memory;
        std::int32_t alarm{-1};
        assets::AssetId asset{};
        std::int64_t judged_through{INT64_MIN};
        bool late{};
    };
    struct Open {  // an alarm that is not normal
        std::string id;
        State state;
        std::int32_t slot{-1};
        std::int32_t cause{-1};
        bool held{};
        base::Instant held_until;
        base::Instant cause_ended_at;
        int unconfirmed{};  // occurrences the database has not answered yet
    };

    [[nodiscard]] const CompiledRule& rule_of(const Slot& slot) const;
    [[nodiscard]] const AssetRules* rules_of(assets::AssetId asset) const;
    void compile(const assets::Catalogue& catalogue);
    void judge_value(std::int32_t slot, double value, Age age, const live::Change& change);
    void judge_silence(std::int32_t slot, const live::Change& change);
    [[nodiscard]] std::optional<base::Instant> silence_due(const Slot& slot) const;
    void due(std::int32_t slot, base::Instant now);
    void due_silence(std::int32_t slot, base::Instant now);
    void act(std::int32_t slot, const Decision& decision, base::Instant now);
    void raise(std::int32_t slot, base::Instant at, base::Instant now);
    void come_back(std::int32_t slot, base::Instant at, base::Instant now, bool ends = false,
                   std::string cause = {});
    void close(std::int32_t alarm);
    std::int32_t open(std::string id, std::int32_t slot);
    Occurrence& emit(std::int32_t alarm, Event event, base::Instant at, base::Instant now);
    void show(assets::AssetId asset);
    [[nodiscard]] std::string value_text(const Slot& slot) const;

    // Suppression (engine_suppression.cpp).
    [[nodiscard]] std::int32_t find_cause(assets::AssetId asset) const;
    void cause_came(std::int32_t alarm, base::Instant at, base::Instant now);
    void cause_ended(std::int32_t alarm, base::Instant at, base::Instant now);
    void register_cause(std::int32_t alarm, base::Instant at, base::Instant now);
    void suppress(std::int32_t alarm, std::int32_t cause, base::Instant at, base::Instant now);
    void hold(std::int32_t alarm, base::Instant ended_at, base::Instant now);
    void release_if_ready(std::int32_t alarm, base::Instant at, base::Instant now);
    void release(std::int32_t alarm, base::Instant at, base::Instant now);
    void link_causes(const std::unordered_map<std::int32_t, std::string>& hidden,
                     base::Instant now);

    // Restart and changes of the catalogue (engine_restore.cpp).
    std::int32_t adopt(const Standing& standing);
    void end_out_of_service(base::Instant now);
    void arm_silence();
    void judge_latest(std::int32_t slot, base::Instant now);
    [[nodiscard]] std::optional<live::FrameSpan> running_delay(const Slot& slot) const;
    void recall(Slot& slot, const live::FrameSpan& span, std::span<const store::Frame> frames);

    live::CityState& city_;
    Sink sink_;
    std::shared_ptr<const assets::Catalogue> catalogue_;
    base::Instant listening_since_;
    std::unordered_map<const assets::Kind*, std::vector<CompiledRule>> compiled_;
    std::vector<AssetRules> assets_;  // by asset id
    std::vector<Slot> slots_;
    std::vector<Open> open_;
    std::vector<std::int32_t> free_;
    std::unordered_map<std::string, std::int32_t> by_id_;
    // Active alarms that explain those below their asset, by graph.
    std::unordered_map<assets::AssetId, std::vector<std::int32_t>> causes_[2];
    live::Deadlines deadlines_;
    std::vector<Occurrence> out_;
};

}  // namespace vigie::alarms
