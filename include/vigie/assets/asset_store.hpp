// Assets and zones in the database.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/assets/zones.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"

namespace vigie::assets {

[[nodiscard]] std::string_view to_string(LifeStage stage);
[[nodiscard]] std::optional<LifeStage> life_stage_from(std::string_view text);

// Whoever changes assets, zones or streets takes this first, until the end of the transaction.
void lock_changes(store::Transaction& tx);

// By code, in the order of its bytes. Assets of kinds that have no file any more are left out.
[[nodiscard]] std::shared_ptr<const Catalogue> read_catalogue(
    store::Transaction& tx, std::shared_ptr<const std::vector<Kind>> kinds);

// Who changes, and when: for the history kept of every asset.
struct Authorship {
    std::string author;
    base::Instant at;
};

// An asset as it is to be, its parents by code: they may be made in the same call.
struct PlannedAsset {
    Asset asset;
    std::string power_parent;
    std::string communication_parent;
};

[[nodiscard]] PlannedAsset as_planned(const Catalogue& catalogue, const Asset& asset);

// Each asset is gone through that often while it is written: its row, its parents, its history.
inline constexpr std::size_t asset_write_passes = 3;

// `added` have no id yet, `changed` have theirs. The version of what changed goes up by one.
// `passed` is told, statement by statement, how many passes over an asset are behind it.
void write_assets(
    store::Transaction& tx, std::span<const PlannedAsset> added,
    std::span<const PlannedAsset> changed, const Authorship& by,
    const std::function<void(std::size_t)>& passed = [](std::size_t) {});

[[nodiscard]] std::shared_ptr<const Zones> read_zones(store::Transaction& tx);
void write_zone(store::Transaction& tx, const Zone& zone);

}  // namespace vigie::assets
