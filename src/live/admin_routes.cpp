#include "vigie/live/admin_routes.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "vigie/api/paging.hpp"
#include "vigie/base/text.hpp"

namespace vigie::live {

namespace {

using boost::asio::awaitable;

struct LiveWish {
    std::vector<std::string> assets;
    std::string kind;
    std::string commune;
    std::optional<WantedValues> values;  // nothing: also assets that never said any
    // Where the page before ended, and what its look was at.
    std::string behind;
    std::optional<std::int64_t> until;
    std::size_t limit{};

    [[nodiscard]] bool takes(const assets::Asset& asset) const {
        return (assets.empty() || std::ranges::find(assets, asset.code) != assets.end()) &&
               (kind.empty() || asset.kind->code == kind) &&
               (commune.empty() || asset.commune == commune);
    }
};

base::Result<std::optional<std::int64_t>> stamp_in(const api::Request& request, const char* name) {
    const auto given = request.query(name);
    if (!given) return std::optional<std::int64_t>{};
    const auto stamp = base::parse_int(*given);
    if (!stamp)
        return base::fail_at(base::Errc::invalid, name, "must be a whole number",
                             "doit être un nombre entier");
    return stamp;
}

// What is asked of the values, if anything.
base::Result<void> read_values_wanted(const api::Request& request, LiveWish& wish) {
    const auto since = request.query("since");
    const auto after = stamp_in(request, "after");
    if (!after) return after.error();
    if (!since && !*after) return {};
    wish.values.emplace();
    wish.values->came_after = after->value_or(INT64_MIN);
    if (!since) return {};
    const auto observed = base::parse_rfc3339(*since);
    if (!observed)
        return base::fail_at(base::Errc::invalid, "since", "must be an RFC 3339 time",
                             "doit être une heure RFC 3339");
    wish.values->observed_after = base::epoch_us(*observed);
    return {};
}

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
    const auto cursor = api::read_cursor<std::string, std::int64_t>(request);
    if (!cursor) return cursor.error();
    if (*cursor) std::tie(wish.behind, wish.until) = **cursor;
    if (auto wanted = read_values_wanted(request, wish); !wanted) return std::move(wanted).error();
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
    WantedValues wanted = wish.values.value_or(WantedValues{});
    const std::int64_t until = wish.until.value_or(state.came());
    if (wish.values) wanted.came_until = until;
    api::Page page(wish.limit);
    page.say("until", until);
    const auto all = catalogue->assets();
    const auto first = std::ranges::upper_bound(all, wish.behind, {}, &assets::Asset::code);
    for (const assets::Asset& asset : std::ranges::subrange(first, all.end())) {
        if (!wish.takes(asset) || (wish.values && !state.has(asset.id, wanted))) continue;
        if (!page.add_text(state.live_json(asset.id, wanted), api::make_cursor(asset.code, until)))
            break;
    }
    return page.response();
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
