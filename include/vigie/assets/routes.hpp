// The HTTP face of kinds, assets and imports.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "vigie/api/router.hpp"
#include "vigie/assets/import.hpp"

namespace vigie::assets {

// The live state of an asset as one JSON object (LiveAsset), empty when there is none.
using LiveOf = std::function<boost::asio::awaitable<std::string>(AssetId)>;

// GET kinds, assets, assets/{code}, assets/{code}/children, zones: at the control door.
void add_asset_routes(api::Router& control, const Registry& registry, const Published<Zones>& zones,
                      LiveOf live_of);

// Imports under way, for whoever waits for one and asks how far it is. Thread-safe.
class ImportsUnderWay {
public:
    // `token` is the asker's own word for it; empty: nobody will ask.
    std::shared_ptr<ImportProgress> begin(const std::string& token);
    [[nodiscard]] std::shared_ptr<const ImportProgress> find(const std::string& token) const;

private:
    mutable std::mutex mutex_;
    mutable std::unordered_map<std::string, std::weak_ptr<ImportProgress>> by_token_;
};

// One import inside a transaction: called by the shared route below.
using ImportRun = std::function<base::Result<ImportReport>(store::Transaction&, const api::Request&,
                                                           const Authorship&, ImportProgress&)>;

// POST `pattern` with a file as body: runs the import in one transaction, with its audit row, and
// answers the report; 422 with the report when rows were refused and nothing was stored.
void add_import_route(api::Router& admin, std::string pattern, store::Pool& pool,
                      ImportsUnderWay& under_way, ImportRun run);

// ?map=field=property, any number of times.
[[nodiscard]] base::Result<FieldMap> map_in(const api::Request& request);
// ?name=1 or true; absent: false.
[[nodiscard]] bool flag_in(const api::Request& request, std::string_view name);

// POST /admin/v1/assets/import?kind&map&code_from&code_prefix&dry_run&partial&progress and
// /admin/v1/zones/import?type&map&..., GET /admin/v1/imports/{progress}: at the admin door. The
// reading routes of assets are there too.
void add_asset_admin_routes(api::Router& admin, Importer& importer, store::Pool& pool,
                            ImportsUnderWay& under_way, const Registry& registry,
                            const Published<Zones>& zones, LiveOf live_of);

}  // namespace vigie::assets
