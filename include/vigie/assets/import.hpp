// Importing assets, communes and other zones from files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/assets/asset_store.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/assets/published.hpp"
#include "vigie/assets/source_file.hpp"
#include "vigie/assets/zones.hpp"
#include "vigie/base/result.hpp"
#include "vigie/store/database.hpp"

namespace vigie::assets {

// field of the file -> what it is: code, lon, lat, street, life_stage, power_parent,
// communication_parent, or an attribute of the kind. Fields of those names need no mapping.
using FieldMap = std::map<std::string, std::string>;

struct AssetImport {
    std::string kind;
    FieldMap map;
    // Where codes come from: a field, a field behind a prefix, or a prefix alone; then the rest of
    // the code follows from the position, so that the same file again names the same assets.
    std::optional<std::string> code_from;
    std::optional<std::string> code_prefix;
    bool dry_run{};
    bool partial{};  // take what is good although something was refused
};

struct ZoneImport {
    ZoneType type{ZoneType::commune};
    FieldMap map;  // to code, name, population
    bool dry_run{};
    bool partial{};
};

struct ImportReport {
    bool csv{};  // numbers of refusals are lines, else features
    std::size_t added{};
    std::size_t changed{};
    std::size_t unchanged{};
    std::vector<Refusal> refused;
    std::vector<std::string> ignored_fields;
    std::size_t assets_moved{};  // assets whose commune or street followed from this
    bool stored{};
};

// How far an import is, for whoever waits for it. Thread-safe.
class ImportProgress {
public:
    // moving: assets get their commune or street from what was written.
    enum class Phase { reading, checking, writing, moving, done };
    struct Seen {
        Phase phase{Phase::reading};
        std::size_t rows{};  // done in this phase
        std::size_t of{};    // 0: nobody knows yet
    };
    // `steps_per_row`: in how many passes a row is done, so that the bar moves in each of them.
    void begin(Phase phase, std::size_t of = 0, std::size_t steps_per_row = 1);
    void advance(std::size_t steps = 1);
    [[nodiscard]] Seen now() const;

private:
    mutable std::mutex mutex_;
    Seen seen_;
    std::size_t steps_{};
    std::size_t steps_per_row_{1};
};

// Puts refusals in the order of the file, and says of each on which line it begins.
void place_refusals(std::string_view text, ImportReport& report);

class Importer {
public:
    // The street nearest to a place, empty for none near enough; given by streets.
    using StreetOf = std::function<std::string(base::LonLat)>;
    // Runs in the transaction that changes communes, with those that count from then on.
    using ZonesChanged = std::function<void(store::Transaction&, const Zones&)>;

    Importer(store::Pool& pool, std::shared_ptr<const std::vector<Kind>> kinds, Registry& registry,
             Published<Zones>& zones);
    void use_streets(StreetOf street_of) { street_of_ = std::move(street_of); }
    void on_zones_changed(ZonesChanged hook) { zones_changed_ = std::move(hook); }

    // Reads zones and assets from the database and publishes them: at start.
    void load();

    // All of them block the calling thread: they belong on the pool's. An error is about the whole
    // file; rows are refused in the report. Nothing is stored when a row was refused, unless
    // `partial`.
    [[nodiscard]] base::Result<ImportReport> import_assets(store::Transaction& tx,
                                                           std::string_view text,
                                                           const AssetImport& wish,
                                                           const Authorship& by,
                                                           ImportProgress& progress);
    [[nodiscard]] base::Result<ImportReport> import_zones(store::Transaction& tx,
                                                          std::string_view text,
                                                          const ZoneImport& wish,
                                                          const Authorship& by,
                                                          ImportProgress& progress);

    // Gives a street to the assets that have none; under lock_changes. Answers how many.
    std::size_t fill_streets(store::Transaction& tx, const StreetOf& street_of,
                             const Authorship& by, ImportProgress& progress);

private:
    std::size_t move_communes(store::Transaction& tx, const Zones& zones, const Authorship& by,
                              ImportProgress& progress);
    void publish_after_commit(store::Transaction& tx);

    std::shared_ptr<const std::vector<Kind>> kinds_;
    store::Pool& pool_;
    Registry& registry_;
    Published<Zones>& zones_;
    StreetOf street_of_;
    ZonesChanged zones_changed_;
    std::mutex publishing_;
};

}  // namespace vigie::assets
