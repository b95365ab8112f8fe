#include "vigie/live/admin_routes.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace vigie::live {

namespace {

using boost::asio::awaitable;

struct LiveWish {
    std::vector<std::string> assets;
    std::string kind;
    std::string commune;
    std::optional<base::Instant> since;
    std::size_t limit{};

    [[nodiscard]] bool takes(const assets::Asset& asset) const {
        return (assets.empty() || std::ranges::find(assets, asset.code) != assets.end()) &&
               (kind.empty() || asset.kind->code == kind) &&
               (commune.empty() || asset.commune == commune);
    }
};

base::Result<LiveWish> live_wish(const api::Request& request) {
    LiveWish wish;
    const auto limit = request.limit();
    if (!limit) return limit.error();
    wish.limit = *limit;
    for (const auto& [name, value] : request.http.query) {
        if (name == "asset") wish.assets.push_back(value);
    }
    wish.kind = request.query("kind").value_or("");
    wish.commune = request.query("commune").value_or("");
    if (const auto since = request.query("since")) {
        wish.since = base::parse_rfc3339(*since);
        if (!wish.since)
            return base::fail_at(base::Errc::invalid, "since", "must be an RFC 3339 time",
                                 "doit être une heure RFC 3339");
    }
    return wish;
}

base::Result<void> check_names(const LiveWish& wish, const assets::Catalogue& catalogue) {
    for (const std::string& code : wish.assets) {
        if (!catalogue.find(code))
            return base::fail(base::Errc::not_found, "there is no asset " + code,
                              "il n'y a pas d'équipement " + code);
    }
    if (!wish.kind.empty() && !catalogue.kind(wish.kind))
        return base::fail(base::Errc::not_found, "there is no kind " + wish.kind,
                          "il n'y a pas de type " + wish.kind);
    return {};
}

// On the city thread.
api::Answer live_rows(const CityState& state, const LiveWish& wish) {
    const auto& catalogue = state.catalogue();
    if (auto known = check_names(wish, *catalogue); !known) return std::move(known).error();
    std::string rows;
    std::size_t count = 0;
    for (const assets::Asset& asset : catalogue->assets()) {
        if (!wish.takes(asset)) continue;
        const auto newest = state.newest(asset.id);
        if (wish.since && (!newest || *newest <= *wish.since)) continue;
        if (++count > wish.limit) break;
        rows += (count > 1 ? "," : "") + state.live_json(asset.id);
    }
    wire::Response response;
    response.headers.set("Content-Type", "application/json");
    response.body =
        "{\"rows\":[" + rows + "],\"more\":" + (count > wish.limit ? "true" : "false") + "}";
    return response;
}

}  // namespace

void add_live_admin_routes(api::Router& admin, City& city) {
    admin.handle("GET", "/admin/v1/live", api::view("live"),
                 [&city](api::Request request) -> awaitable<api::Answer> {
                     auto wish = live_wish(request);
                     if (!wish) co_return std::move(wish).error();
                     auto asked = std::make_shared<const LiveWish>(std::move(*wish));
                     co_return co_await city.ask(
                         [asked](CityState& state) { return live_rows(state, *asked); });
                 });
}

}  // namespace vigie::live
