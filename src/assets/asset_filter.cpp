#include "assets/asset_filter.hpp"

#include "vigie/assets/asset_store.hpp"
#include "vigie/base/text.hpp"

namespace vigie::assets {

std::shared_ptr<const std::vector<std::string>> FoldedTexts::of(
    const std::shared_ptr<const Catalogue>& catalogue) {
    const std::lock_guard lock(mutex_);
    if (catalogue != catalogue_) {
        auto texts = std::make_shared<std::vector<std::string>>();
        texts->reserve(catalogue->assets().size());
        for (const Asset& asset : catalogue->assets())
            texts->push_back(base::folded(asset.code) + "\n" + base::folded(asset.street));
        texts_ = std::move(texts);
        catalogue_ = catalogue;
    }
    return texts_;
}

bool AssetFilter::matches(const Asset& asset, const std::string& folded) const {
    return (kind.empty() || asset.kind->code == kind) &&
           (commune.empty() || asset.commune == commune) && (!box || box->contains(asset.place)) &&
           (!stage || asset.life_stage == *stage) &&
           (words.empty() || folded.find(words) != std::string::npos);
}

base::Result<AssetFilter> filter_in(const api::Request& request, const Catalogue& catalogue) {
    AssetFilter filter;
    filter.kind = request.query("kind").value_or("");
    filter.commune = request.query("commune").value_or("");
    filter.words = base::folded(request.query("q").value_or(""));
    if (!filter.kind.empty() && !catalogue.kind(filter.kind))
        return base::fail_at(base::Errc::invalid, "kind", "there is no such kind",
                             "ce type n'existe pas");
    if (const auto text = request.query("bbox")) {
        filter.box = base::parse_box(*text);
        if (!filter.box)
            return base::fail_at(base::Errc::invalid, "bbox", "must be west,south,east,north",
                                 "doit être ouest,sud,est,nord");
    }
    if (const auto text = request.query("life_stage")) {
        filter.stage = life_stage_from(*text);
        if (!filter.stage)
            return base::fail_at(base::Errc::invalid, "life_stage",
                                 "must be planned, works, in_service or removed",
                                 "doit être planned, works, in_service ou removed");
    }
    return filter;
}

bool CommuneSight::sees(const std::string& commune) {
    const auto known = known_.find(commune);
    if (known != known_.end()) return known->second;
    const bool may = request_.actor.may(access::Level::view, "assets", request_.now, commune);
    known_.emplace(commune, may);
    return may;
}

}  // namespace vigie::assets
