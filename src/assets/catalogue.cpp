#include "vigie/assets/catalogue.hpp"

#include <algorithm>

namespace vigie::assets {

Catalogue::Catalogue(std::shared_ptr<const std::vector<Kind>> kinds, std::vector<Asset> assets)
    : kinds_(std::move(kinds)), assets_(std::move(assets)) {
    AssetId greatest = no_asset;
    for (const Asset& asset : assets_)
        greatest = std::max(greatest, asset.id);
    by_id_.assign(static_cast<std::size_t>(greatest) + 1, -1);
    by_code_.reserve(assets_.size());
    for (std::size_t i = 0; i < assets_.size(); ++i) {
        const Asset& asset = assets_[i];
        const auto place = static_cast<std::int32_t>(i);
        by_id_[static_cast<std::size_t>(asset.id)] = place;
        by_code_.emplace(asset.code, place);
        if (asset.power_parent != no_asset) fed_[asset.power_parent].push_back(asset.id);
        if (asset.communication_parent != no_asset)
            connected_[asset.communication_parent].push_back(asset.id);
    }
}

std::span<const Kind> Catalogue::kinds() const {
    return kinds_ ? std::span<const Kind>(*kinds_) : std::span<const Kind>{};
}

const Kind* Catalogue::kind(std::string_view code) const {
    const auto all = kinds();
    const auto found = std::ranges::find(all, code, &Kind::code);
    return found == all.end() ? nullptr : &*found;
}

const Asset* Catalogue::find(std::string_view code) const {
    const auto found = by_code_.find(code);
    return found == by_code_.end() ? nullptr : &assets_[static_cast<std::size_t>(found->second)];
}

const Asset* Catalogue::find(AssetId id) const {
    if (id <= no_asset || static_cast<std::size_t>(id) >= by_id_.size()) return nullptr;
    const std::int32_t place = by_id_[static_cast<std::size_t>(id)];
    return place < 0 ? nullptr : &assets_[static_cast<std::size_t>(place)];
}

std::span<const AssetId> Catalogue::children(Graph graph, AssetId id) const {
    const auto& edges = graph == Graph::power ? fed_ : connected_;
    const auto found = edges.find(id);
    return found == edges.end() ? std::span<const AssetId>{} : std::span(found->second);
}

AssetId Catalogue::parent(Graph graph, AssetId id) const {
    const Asset* asset = find(id);
    if (!asset) return no_asset;
    return graph == Graph::power ? asset->power_parent : asset->communication_parent;
}

std::shared_ptr<const Catalogue> Registry::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

void Registry::publish(std::shared_ptr<const Catalogue> catalogue) {
    // Listeners run outside the lock: they may ask for current() themselves.
    std::vector<std::function<void(const std::shared_ptr<const Catalogue>&)>> listeners;
    {
        const std::lock_guard lock(mutex_);
        current_ = catalogue;
        listeners = listeners_;
    }
    for (const auto& listener : listeners)
        listener(catalogue);
}

void Registry::on_change(std::function<void(const std::shared_ptr<const Catalogue>&)> listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(listener));
}

}  // namespace vigie::assets
