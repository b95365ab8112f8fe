#include "vigie/live/routes.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "live/history.hpp"
#include "live/views.hpp"
#include "vigie/live/json.hpp"

namespace vigie::live {

namespace {

namespace asio = boost::asio;
using base::Errc;

// Writes large answers down, away from the threads that serve connections and the one that owns the
// city. The last owner ends it.
using Press = std::shared_ptr<asio::thread_pool>;

wire::Response json_text(std::string body) {
    wire::Response response;
    response.headers.set("Content-Type", "application/json");
    response.shared_body = std::make_shared<const std::string>(std::move(body));
    return response;
}

template <typename View>
asio::awaitable<std::string> pressed(Press press, View view) {
    auto shown = std::make_shared<const View>(std::move(view));
    co_return co_await asio::co_spawn(
        *press,
        [](std::shared_ptr<const View> what) -> asio::awaitable<std::string> {
            co_return to_json(*what);
        }(shown),
        asio::use_awaitable);
}

// The commune asked for, or those the asker's grants are confined to.
base::Result<Communes> communes_for(const api::Request& request) {
    if (auto asked = request.query("commune"); asked && !asked->empty()) {
        if (request.actor.may(access::Level::view, "live", request.now, *asked)) {
            return Communes{*std::move(asked)};
        }
        return base::fail(Errc::forbidden, "your rights do not reach this commune",
                          "vos droits ne couvrent pas cette commune");
    }
    Communes communes;
    for (const auto& grant : request.actor.grants) {
        if (grant.service != "live") continue;
        if (grant.commune.empty()) return Communes{};
        communes.insert(grant.commune);
    }
    return communes;
}

asio::awaitable<api::Answer> list_live(api::Request request, City* city, Press press) {
    const auto kind = request.query("kind");
    if (!kind) {
        co_return base::fail_at(Errc::invalid, "kind", "is required", "est obligatoire");
    }
    auto communes = communes_for(request);
    if (!communes) co_return communes.error();
    auto table = co_await city->ask([code = *kind, in = *communes, now = request.now](
                                        CityState& state) -> std::optional<LiveTable> {
        const auto* found = state.catalogue()->kind(code);
        if (found == nullptr) return std::nullopt;
        return live_table(state, *found, in, now);
    });
    if (!table) co_return base::fail(Errc::not_found, "no such kind", "type inconnu");
    co_return json_text(co_await pressed(std::move(press), *std::move(table)));
}

asio::awaitable<api::Answer> list_points(api::Request request, City* city, const Stream* stream,
                                         Press press) {
    auto communes = communes_for(request);
    if (!communes) co_return communes.error();
    auto points = co_await city->ask(
        [stream, in = *communes](CityState& state) { return map_points(state, *stream, in); });
    co_return json_text(co_await pressed(std::move(press), std::move(points)));
}

asio::awaitable<std::string> values_snapshot(City* city, StreamFilter filter) {
    co_return co_await city->ask([filter](CityState& state) {
        if (!filter.asset.empty()) {
            const auto* asset = state.catalogue()->find(filter.asset);
            return asset == nullptr ? std::string("[]") : '[' + state.live_json(asset->id) + ']';
        }
        std::string out = "[";
        for (const auto& asset : state.catalogue()->assets()) {
            if (asset.kind == nullptr) continue;
            if (!filter.kind.empty() && asset.kind->code != filter.kind) continue;
            if (!filter.commune.empty() && asset.commune != filter.commune) continue;
            if (out.size() > 1) out += ',';
            out += state.live_json(asset.id);
        }
        return out + ']';
    });
}

}  // namespace

void add_routes(api::Router& router, City& city, Stream& stream, const assets::Registry& registry) {
    const auto press = std::make_shared<asio::thread_pool>(1);
    router.handle("GET", "/api/v1/live", api::view("live"), [&city, press](api::Request request) {
        return list_live(std::move(request), &city, press);
    });
    router.handle("GET", "/api/v1/map/points", api::view("live"),
                  [&city, &stream, press](api::Request request) {
                      return list_points(std::move(request), &city, &stream, press);
                  });
    router.get("/api/v1/assets/{code}/observations", api::view("live"),
               [&registry](const api::Request& request, store::Transaction& tx) {
                   const auto catalogue = registry.current();
                   return answer_observations(request, tx, *catalogue);
               });
}

void add_topics(City& city, Stream& stream) {
    stream.add_topic({.name = "map", .service = "live", .snapshot = {}});
    stream.add_topic(
        {.name = "values",
         .service = "live",
         .snapshot = [&city](access::Principal,
                             StreamFilter filter) { return values_snapshot(&city, filter); },
         .kept = false,
         .accepts = [](const StreamFilter& filter) -> base::Result<void> {
             if (!filter.asset.empty()) return {};
             if (!filter.kind.empty() && !filter.commune.empty()) return {};
             return base::fail_at(Errc::invalid, "/filter",
                                  "must name an asset, or a kind and a commune",
                                  "doit nommer un équipement, ou un type et une commune");
         }});
}

}  // namespace vigie::live
