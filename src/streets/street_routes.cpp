#include <nlohmann/json.hpp>

#include "streets/map_layers.hpp"
#include "vigie/streets/routes.hpp"

namespace vigie::streets {

namespace {

using boost::asio::awaitable;
using nlohmann::json;

constexpr std::size_t addresses_default = 10;
constexpr std::size_t query_chars_min = 2;
constexpr std::size_t query_chars_max = 100;

std::size_t chars_of(const std::string& utf8) {
    std::size_t count = 0;
    for (const char c : utf8)
        count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
    return count;
}

json address_json(const Address& address) {
    constexpr std::array matches{"zone", "street", "asset"};
    json row{{"label", address.label},
             {"match", matches[static_cast<std::size_t>(address.match)]},
             {"position", {address.place.lon, address.place.lat}}};
    if (!address.code.empty()) row["code"] = address.code;
    if (!address.commune.empty()) row["commune"] = address.commune;
    return row;
}

api::Answer search_addresses(const api::Request& request, AddressSearch& addresses) {
    const std::string query = request.query("q").value_or("");
    const std::size_t chars = chars_of(query);
    if (chars < query_chars_min || chars > query_chars_max)
        return base::fail_at(base::Errc::invalid, "q", "must be of 2 to 100 characters",
                             "doit compter 2 à 100 caractères");
    const auto limit = request.limit();
    if (!limit) return limit.error();
    json rows = json::array();
    const std::size_t count = request.query("limit") ? *limit : addresses_default;
    for (const Address& address : addresses.search(query, count)) {
        const bool visible =
            address.match != Match::asset ||
            request.actor.may(access::Level::view, "assets", request.now, address.commune);
        if (visible) rows.push_back(address_json(address));
    }
    return api::json_response(200, {{"rows", std::move(rows)}});
}

wire::Response layer_response(const MapLayer& layer) {
    wire::Response response;
    response.headers.set("Content-Type", "application/geo+json");
    response.headers.set("ETag", layer.etag);
    response.shared_body = layer.geojson;
    return response;
}

}  // namespace

void add_street_routes(api::Router& control, AddressSearch& addresses,
                       const assets::Published<assets::Zones>& zones,
                       const assets::Published<Streets>& streets) {
    control.handle("GET", "/api/v1/addresses", api::view("assets"),
                   [&addresses](api::Request request) -> awaitable<api::Answer> {
                       co_return search_addresses(request, addresses);
                   });
    auto communes = std::make_shared<LayerOf<assets::Zones>>(commune_layer);
    auto lines = std::make_shared<LayerOf<Streets>>(street_layer);
    control.handle(
        "GET", "/api/v1/map/layers/{layer}", api::view("assets"),
        [&zones, &streets, communes, lines](api::Request request) -> awaitable<api::Answer> {
            const std::string& layer = request.path_value("layer");
            if (layer == "communes") co_return layer_response(communes->of(zones.current()));
            if (layer == "streets") co_return layer_response(lines->of(streets.current()));
            co_return base::fail(base::Errc::not_found, "there is no layer " + layer,
                                 "il n'y a pas de couche " + layer);
        });
}

void add_street_admin_routes(api::Router& admin, StreetImporter& importer, store::Pool& pool,
                             assets::ImportsUnderWay& under_way) {
    assets::add_import_route(
        admin, "/admin/v1/streets/import", pool, under_way,
        [&importer](store::Transaction& tx, const api::Request& request,
                    const assets::Authorship& by,
                    assets::ImportProgress& progress) -> base::Result<assets::ImportReport> {
            const auto map = assets::map_in(request);
            if (!map) return map.error();
            const StreetImport wish{*map, assets::flag_in(request, "dry_run"),
                                    assets::flag_in(request, "partial")};
            return importer.import_streets(tx, request.http.body, wish, by, progress);
        });
}

}  // namespace vigie::streets
