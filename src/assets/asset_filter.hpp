// Which assets a list shows.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "vigie/api/router.hpp"
#include "vigie/assets/catalogue.hpp"

namespace vigie::assets {

// Code and street of every asset, folded, made once a catalogue. Thread-safe.
class FoldedTexts {
public:
    [[nodiscard]] std::shared_ptr<const std::vector<std::string>> of(
        const std::shared_ptr<const Catalogue>& catalogue);

private:
    std::mutex mutex_;
    std::shared_ptr<const Catalogue> catalogue_;
    std::shared_ptr<const std::vector<std::string>> texts_;
};

struct AssetFilter {
    std::string kind;
    std::string commune;
    std::optional<base::Box> box;
    std::string words;  // folded
    std::optional<LifeStage> stage;

    [[nodiscard]] bool matches(const Asset& asset, const std::string& folded) const;
};

[[nodiscard]] base::Result<AssetFilter> filter_in(const api::Request& request,
                                                  const Catalogue& catalogue);

// Whether the asker may see assets of a commune; remembers what it found out.
class CommuneSight {
public:
    explicit CommuneSight(const api::Request& request) : request_(request) {}
    [[nodiscard]] bool sees(const std::string& commune);

private:
    const api::Request& request_;
    std::map<std::string, bool> known_;
};

}  // namespace vigie::assets
