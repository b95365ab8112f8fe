// Streets in the database, and importing them from files.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "vigie/assets/import.hpp"
#include "vigie/assets/published.hpp"
#include "vigie/assets/zones.hpp"
#include "vigie/base/result.hpp"
#include "vigie/store/database.hpp"
#include "vigie/streets/streets.hpp"

namespace vigie::streets {

struct StreetImport {
    // to code, name, hierarchy. Without a code a stretch gets one that follows from its line.
    std::map<std::string, std::string> map;
    bool dry_run{};
    bool partial{};
};

[[nodiscard]] std::shared_ptr<const Streets> read_streets(store::Transaction& tx);

class StreetImporter {
public:
    // Teaches `importer` to name the street of an asset, and to move streets when communes change.
    StreetImporter(store::Pool& pool, assets::Importer& importer,
                   assets::Published<Streets>& streets);

    // Reads the streets from the database and publishes them: at start, before assets are imported.
    void load();

    // As assets::Importer::import_assets. Assets without a street get the name of the one within
    // street_near_asset_m.
    [[nodiscard]] base::Result<assets::ImportReport> import_streets(
        store::Transaction& tx, std::string_view text, const StreetImport& wish,
        const assets::Authorship& by, assets::ImportProgress& progress);

private:
    void move_communes(store::Transaction& tx, const assets::Zones& zones);
    void publish_after_commit(store::Transaction& tx, std::shared_ptr<const Streets> streets);

    store::Pool& pool_;
    assets::Importer& importer_;
    assets::Published<Streets>& streets_;
};

}  // namespace vigie::streets
