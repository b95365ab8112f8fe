#include <algorithm>
#include <nlohmann/json.hpp>

#include "assets/asset_filter.hpp"
#include "vigie/api/paging.hpp"
#include "vigie/assets/asset_json.hpp"
#include "vigie/assets/routes.hpp"

namespace vigie::assets {

namespace {

using boost::asio::awaitable;
using nlohmann::json;

// Everything here is answered from memory: it holds while the database is away.
template <typename F>
api::Handler from_memory(F answer) {
    return [answer = std::move(answer)](api::Request request) -> awaitable<api::Answer> {
        co_return answer(request);
    };
}

base::Error no_such_asset(const std::string& code) {
    return base::fail(base::Errc::not_found, "there is no asset " + code,
                      "il n'y a pas d'équipement " + code);
}

bool wants_geojson(const api::Request& request) {
    return request.http.headers.get("Accept").find("application/geo+json") !=
           std::string_view::npos;
}

wire::Response geojson_page(json features, const std::string& next) {
    json collection{{"type", "FeatureCollection"}, {"features", std::move(features)}};
    if (!next.empty()) collection["next"] = next;
    wire::Response response;
    response.headers.set("Content-Type", "application/geo+json");
    response.body = collection.dump();
    return response;
}

// A page of `assets`, which are in the order of their codes.
api::Answer page_of(const api::Request& request, const Catalogue& catalogue,
                    const std::vector<const Asset*>& assets, std::size_t limit) {
    const bool more = assets.size() > limit;
    const std::string next = more ? api::make_cursor(assets[limit - 1]->code) : std::string();
    if (wants_geojson(request)) {
        json features = json::array();
        for (std::size_t i = 0; i < std::min(limit, assets.size()); ++i)
            features.push_back(asset_feature(catalogue, *assets[i]));
        return geojson_page(std::move(features), next);
    }
    api::Page page(limit);
    for (const Asset* asset : assets) {
        if (!page.add(asset_json(catalogue, *asset), api::make_cursor(asset->code))) break;
    }
    return page.response();
}

struct PageWish {
    std::size_t limit{};
    std::string after;
};

base::Result<PageWish> page_wish(const api::Request& request) {
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto cursor = api::read_cursor<std::string>(request);
    if (!cursor) return cursor.error();
    return PageWish{*limit, *cursor ? std::get<0>(**cursor) : std::string()};
}

api::Answer list_assets(const api::Request& request,
                        const std::shared_ptr<const Catalogue>& catalogue, FoldedTexts& texts) {
    const auto wish = page_wish(request);
    if (!wish) return wish.error();
    const auto filter = filter_in(request, *catalogue);
    if (!filter) return filter.error();
    const auto folded = texts.of(catalogue);
    const auto assets = catalogue->assets();
    const auto first = std::ranges::upper_bound(assets, wish->after, {}, &Asset::code);
    CommuneSight sight(request);
    std::vector<const Asset*> found;
    for (auto at = static_cast<std::size_t>(first - assets.begin()); at < assets.size(); ++at) {
        const Asset& asset = assets[at];
        if (!filter->matches(asset, (*folded)[at]) || !sight.sees(asset.commune)) continue;
        found.push_back(&asset);
        if (found.size() > wish->limit) break;
    }
    return page_of(request, *catalogue, found, wish->limit);
}

// The asset in the path, if the asker may see it.
base::Result<const Asset*> asset_in_path(const api::Request& request, const Catalogue& catalogue) {
    const std::string& code = request.path_value("code");
    const Asset* asset = catalogue.find(code);
    if (!asset) return no_such_asset(code);
    if (!CommuneSight(request).sees(asset->commune))
        return base::fail(base::Errc::forbidden, "outside the communes you may see",
                          "hors des communes que vous pouvez voir");
    return asset;
}

awaitable<api::Answer> show_asset(api::Request request, std::shared_ptr<const Catalogue> catalogue,
                                  const LiveOf& live_of) {
    const auto asset = asset_in_path(request, *catalogue);
    if (!asset) co_return asset.error();
    json row = asset_json(*catalogue, **asset);
    const std::string live = live_of ? co_await live_of((*asset)->id) : std::string();
    if (!live.empty() && live != "null") row["live"] = json::parse(live);
    co_return api::json_response(200, row);
}

// Whatever hangs below, at any depth, in the order of codes.
std::vector<const Asset*> below(const Catalogue& catalogue, Graph graph, AssetId top) {
    std::vector<const Asset*> found;
    std::vector<AssetId> waiting{top};
    while (!waiting.empty()) {
        const AssetId id = waiting.back();
        waiting.pop_back();
        for (const AssetId child : catalogue.children(graph, id)) {
            if (const Asset* asset = catalogue.find(child)) found.push_back(asset);
            waiting.push_back(child);
        }
    }
    std::ranges::sort(found, {}, &Asset::code);
    return found;
}

api::Answer list_children(const api::Request& request, const Catalogue& catalogue) {
    const auto wish = page_wish(request);
    if (!wish) return wish.error();
    const auto asset = asset_in_path(request, catalogue);
    if (!asset) return asset.error();
    const std::string graph = request.query("graph").value_or("");
    if (graph != "power" && graph != "communication")
        return base::fail_at(base::Errc::invalid, "graph", "must be power or communication",
                             "doit être power ou communication");
    CommuneSight sight(request);
    auto children =
        below(catalogue, graph == "power" ? Graph::power : Graph::communication, (*asset)->id);
    std::erase_if(children, [&](const Asset* child) {
        return child->code <= wish->after || !sight.sees(child->commune);
    });
    return page_of(request, catalogue, children, wish->limit);
}

api::Answer list_kinds(const Catalogue& catalogue) {
    json rows = json::array();
    for (const Kind& kind : catalogue.kinds())
        rows.push_back(kind_json(kind));
    return api::json_response(200, {{"rows", std::move(rows)}});
}

api::Answer list_zones(const Zones& zones) {
    json rows = json::array();
    for (const Zone& zone : zones.all())
        rows.push_back(zone_json(zone));
    return api::json_response(200, {{"rows", std::move(rows)}});
}

void add_reading_routes(api::Router& router, const std::string& base, const Registry& registry,
                        const Published<Zones>& zones, LiveOf live_of) {
    const auto right = api::view("assets");
    auto texts = std::make_shared<FoldedTexts>();
    router.handle("GET", base + "/kinds", right, from_memory([&registry](const api::Request&) {
                      return list_kinds(*registry.current());
                  }));
    router.handle("GET", base + "/assets", right,
                  from_memory([&registry, texts](const api::Request& request) {
                      return list_assets(request, registry.current(), *texts);
                  }));
    router.handle("GET", base + "/assets/{code}", right,
                  [&registry, live_of = std::move(live_of)](api::Request request) {
                      return show_asset(std::move(request), registry.current(), live_of);
                  });
    router.handle("GET", base + "/assets/{code}/children", right,
                  from_memory([&registry](const api::Request& request) {
                      return list_children(request, *registry.current());
                  }));
    router.handle("GET", base + "/zones", right, from_memory([&zones](const api::Request&) {
                      return list_zones(*zones.current());
                  }));
}

}  // namespace

void add_asset_routes(api::Router& control, const Registry& registry, const Published<Zones>& zones,
                      LiveOf live_of) {
    add_reading_routes(control, "/api/v1", registry, zones, std::move(live_of));
}

void add_asset_admin_routes(api::Router& admin, Importer& importer, store::Pool& pool,
                            ImportsUnderWay& under_way, const Registry& registry,
                            const Published<Zones>& zones, LiveOf live_of) {
    add_reading_routes(admin, "/admin/v1", registry, zones, std::move(live_of));
    add_import_route(
        admin, "/admin/v1/assets/import", pool, under_way,
        [&importer](store::Transaction& tx, const api::Request& request, const Authorship& by,
                    ImportProgress& progress) -> base::Result<ImportReport> {
            const auto map = map_in(request);
            if (!map) return map.error();
            AssetImport wish;
            wish.kind = request.query("kind").value_or("");
            wish.map = *map;
            wish.code_from = request.query("code_from");
            wish.code_prefix = request.query("code_prefix");
            wish.dry_run = flag_in(request, "dry_run");
            wish.partial = flag_in(request, "partial");
            return importer.import_assets(tx, request.http.body, wish, by, progress);
        });
    add_import_route(
        admin, "/admin/v1/zones/import", pool, under_way,
        [&importer](store::Transaction& tx, const api::Request& request, const Authorship& by,
                    ImportProgress& progress) -> base::Result<ImportReport> {
            const auto map = map_in(request);
            if (!map) return map.error();
            const auto type = zone_type_from(request.query("type").value_or("commune"));
            if (!type)
                return base::fail_at(base::Errc::invalid, "type", "must be commune or zone",
                                     "doit être commune ou zone");
            const ZoneImport wish{*type, *map, flag_in(request, "dry_run"),
                                  flag_in(request, "partial")};
            return importer.import_zones(tx, request.http.body, wish, by, progress);
        });
    admin.handle("GET", "/admin/v1/imports/{progress}", api::view("assets"),
                 from_memory([&under_way](const api::Request& request) -> api::Answer {
                     const auto progress = under_way.find(request.path_value("progress"));
                     if (!progress)
                         return base::fail(base::Errc::not_found, "no such import is under way",
                                           "aucun import de ce nom n'est en cours");
                     constexpr std::array phases{"reading", "checking", "writing", "moving",
                                                 "done"};
                     const auto seen = progress->now();
                     const auto phase = static_cast<std::size_t>(seen.phase);
                     return api::json_response(
                         200, {{"phase", phases[phase]}, {"rows", seen.rows}, {"of", seen.of}});
                 }));
}

}  // namespace vigie::assets
