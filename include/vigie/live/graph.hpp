// Walks along the power and communication graphs. A chain longer than graph_depth_max is a loop in
// bad data, and is not followed further.
#pragma once

#include <utility>
#include <vector>

#include "vigie/assets/catalogue.hpp"

namespace vigie::live {

inline constexpr int graph_depth_max = 32;

// Everything below `top`, at any depth, without `top` itself.
template <typename Visit>
void visit_below(const assets::Catalogue& catalogue, assets::Graph graph, assets::AssetId top,
                 Visit&& visit) {
    std::vector<std::pair<assets::AssetId, int>> waiting{{top, 0}};
    std::size_t visited = 0;
    while (!waiting.empty()) {
        const auto [asset, depth] = waiting.back();
        waiting.pop_back();
        if (depth >= graph_depth_max) continue;
        for (const auto child : catalogue.children(graph, asset)) {
            if (++visited > catalogue.id_bound()) return;
            visit(child);
            waiting.emplace_back(child, depth + 1);
        }
    }
}

// The nearest above `asset` for which `found(ancestor)` holds; no_asset when there is none.
template <typename Found>
assets::AssetId find_above(const assets::Catalogue& catalogue, assets::Graph graph,
                           assets::AssetId asset, Found&& found) {
    auto above = catalogue.parent(graph, asset);
    for (int depth = 0; depth < graph_depth_max && above != assets::no_asset; ++depth) {
        if (found(above)) return above;
        above = catalogue.parent(graph, above);
    }
    return assets::no_asset;
}

}  // namespace vigie::live
