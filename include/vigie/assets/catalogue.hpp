// The catalogue: every kind and asset of the city, as one immutable value.
//
// Readers on any thread take `Registry::current()` and use it as long as they hold it; an import
// publishes a new one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vigie/assets/kind.hpp"
#include "vigie/base/geometry.hpp"

namespace vigie::assets {

enum class LifeStage { planned, works, in_service, removed };
enum class Graph { power, communication };

using AssetId = std::int32_t;
inline constexpr AssetId no_asset = 0;

struct Asset {
    AssetId id{no_asset};  // from 1, dense enough to index vectors with
    std::string code;
    const Kind* kind{};
    base::LonLat place;
    std::string commune;  // INSEE code; empty: outside every known commune
    std::string street;
    LifeStage life_stage{LifeStage::in_service};
    AssetId power_parent{no_asset};
    AssetId communication_parent{no_asset};
    std::string attributes;  // a JSON object
    std::int64_t version{};
};

class Catalogue {
public:
    Catalogue() = default;
    // `kinds` outlive the catalogue through `keep`.
    Catalogue(std::shared_ptr<const std::vector<Kind>> kinds, std::vector<Asset> assets);
    // Its indexes look into its own assets.
    Catalogue(const Catalogue&) = delete;
    Catalogue& operator=(const Catalogue&) = delete;

    [[nodiscard]] std::span<const Asset> assets() const { return assets_; }
    [[nodiscard]] std::span<const Kind> kinds() const;
    [[nodiscard]] const Kind* kind(std::string_view code) const;
    [[nodiscard]] const Asset* find(std::string_view code) const;
    [[nodiscard]] const Asset* find(AssetId id) const;
    // What `id` feeds, or what speaks through it: direct children only.
    [[nodiscard]] std::span<const AssetId> children(Graph graph, AssetId id) const;
    [[nodiscard]] AssetId parent(Graph graph, AssetId id) const;
    // One more than the greatest id: the size of a vector indexed by id.
    [[nodiscard]] std::size_t id_bound() const { return by_id_.size(); }

private:
    std::shared_ptr<const std::vector<Kind>> kinds_;
    std::vector<Asset> assets_;
    std::vector<std::int32_t> by_id_;  // index into assets_, -1 for none
    std::unordered_map<std::string_view, std::int32_t> by_code_;
    std::unordered_map<AssetId, std::vector<AssetId>> fed_;
    std::unordered_map<AssetId, std::vector<AssetId>> connected_;
};

// Holds the catalogue in force. Thread-safe.
class Registry {
public:
    [[nodiscard]] std::shared_ptr<const Catalogue> current() const;
    // Listeners are called on the publishing thread, in the order they were added.
    void publish(std::shared_ptr<const Catalogue> catalogue);
    void on_change(std::function<void(const std::shared_ptr<const Catalogue>&)> listener);

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Catalogue> current_{std::make_shared<Catalogue>()};
    std::vector<std::function<void(const std::shared_ptr<const Catalogue>&)>> listeners_;
};

}  // namespace vigie::assets
