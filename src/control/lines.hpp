// The commands that have not ended, as the dispatcher sees them: which may go out next, and which
// are due. A mirror of rows: the database has the last word. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "vigie/control/command.hpp"

namespace vigie::control {

class Lines {
public:
    struct Open {
        std::int64_t id{};
        assets::AssetId asset{assets::no_asset};
        State state{State::queued};
        base::Instant expires_at{};
        std::int64_t version{};
    };

    // As it stands now; one that has ended leaves. What is older than what is known is passed over.
    void put(const Open& open);
    void drop(std::int64_t id);
    void clear();

    // The oldest that waits, if nothing is outstanding there and its time is not over.
    [[nodiscard]] std::optional<std::int64_t> next(assets::AssetId asset, base::Instant now) const;
    // Where something waits.
    [[nodiscard]] std::vector<assets::AssetId> waiting() const;
    [[nodiscard]] bool waits(assets::AssetId asset) const;
    // Those whose time is over.
    [[nodiscard]] std::vector<std::int64_t> due(base::Instant now) const;
    [[nodiscard]] const Open* find(std::int64_t id) const;
    [[nodiscard]] bool empty() const { return open_.empty(); }

private:
    struct Line {
        std::set<std::int64_t> queued;
        std::set<std::int64_t> outstanding;  // at most one, unless rows were changed by hand
    };
    std::map<std::int64_t, Open> open_;
    std::map<assets::AssetId, Line> lines_;
    std::set<std::pair<base::Instant, std::int64_t>> ends_;
};

[[nodiscard]] Lines::Open open_of(const Command& command);

}  // namespace vigie::control
