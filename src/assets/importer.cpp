#include <algorithm>
#include <map>

#include "assets/import_plan.hpp"
#include "assets/import_rows.hpp"
#include "assets/zone_rows.hpp"
#include "vigie/assets/import.hpp"

namespace vigie::assets {

namespace {

void append(std::vector<Refusal>& to, std::vector<Refusal> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

bool to_be_stored(const ImportReport& report, bool dry_run, bool partial) {
    return !dry_run && (partial || report.refused.empty());
}

}  // namespace

Importer::Importer(store::Pool& pool, std::shared_ptr<const std::vector<Kind>> kinds,
                   Registry& registry, Published<Zones>& zones)
    : kinds_(std::move(kinds)), pool_(pool), registry_(registry), zones_(zones) {}

void Importer::load() {
    pool_.write_now([&](store::Transaction& tx) {
        lock_changes(tx);
        publish_after_commit(tx);
    });
}

// Zones and catalogue appear together, in the order of commits: a slower thread with older ones
// finds that newer ones are there.
void Importer::publish_after_commit(store::Transaction& tx) {
    const std::uint64_t number = zones_.draw_number();
    auto catalogue = read_catalogue(tx, kinds_);
    auto zones = read_zones(tx);
    tx.after_commit([this, number, catalogue, zones] {
        const std::lock_guard lock(publishing_);
        if (zones_.publish(zones, number)) registry_.publish(catalogue);
    });
}

base::Result<ImportReport> Importer::import_assets(store::Transaction& tx, std::string_view text,
                                                   const AssetImport& wish, const Authorship& by,
                                                   ImportProgress& progress) {
    const auto kind = std::ranges::find(*kinds_, wish.kind, &Kind::code);
    if (kind == kinds_->end())
        return base::fail_at(base::Errc::invalid, "kind", "there is no kind \"" + wish.kind + "\"",
                             "il n'y a pas de type « " + wish.kind + " »");
    auto file = read_source(text);
    if (!file) return std::move(file).error();
    ImportReport report;
    report.csv = file->csv;
    const std::size_t read = file->rows.size();
    progress.begin(ImportProgress::Phase::checking, read);
    auto rows = rows_for(*kind, std::move(*file), wish);
    if (!rows) return std::move(rows).error();

    lock_changes(tx);
    const auto known = read_catalogue(tx, kinds_);
    const auto zones = read_zones(tx);
    const PlaceNames names{[&](base::LonLat p) { return zones->commune_of(p); },
                           [&](base::LonLat p) { return street_of_ ? street_of_(p) : ""; }};
    progress.advance(read - rows->rows.size());  // those that are refused already
    ImportPlan plan =
        plan_import(*kind, *known, rows->rows, names, [&progress] { progress.advance(); });
    report.added = plan.added.size();
    report.changed = plan.changed.size();
    report.unchanged = plan.unchanged;
    report.refused = std::move(rows->refused);
    append(report.refused, std::move(plan.refused));
    place_refusals(text, report);
    report.ignored_fields = std::move(rows->ignored_fields);
    report.stored = to_be_stored(report, wish.dry_run, wish.partial);
    if (report.stored && report.added + report.changed > 0) {
        progress.begin(ImportProgress::Phase::writing, report.added + report.changed,
                       asset_write_passes);
        write_assets(tx, plan.added, plan.changed, by,
                     [&progress](std::size_t passes) { progress.advance(passes); });
        publish_after_commit(tx);
    }
    progress.begin(ImportProgress::Phase::done);
    return report;
}

base::Result<ImportReport> Importer::import_zones(store::Transaction& tx, std::string_view text,
                                                  const ZoneImport& wish, const Authorship& by,
                                                  ImportProgress& progress) {
    auto file = read_source(text);
    if (!file) return std::move(file).error();
    ImportReport report;
    report.csv = file->csv;
    progress.begin(ImportProgress::Phase::checking, file->rows.size());
    auto rows = zones_in(std::move(*file), wish);
    if (!rows) return std::move(rows).error();
    report.refused = std::move(rows->refused);
    place_refusals(text, report);
    report.ignored_fields = std::move(rows->ignored_fields);
    progress.advance(report.refused.size());

    lock_changes(tx);
    const auto known = read_zones(tx);
    std::vector<const Zone*> to_write;
    for (const Zone& zone : rows->zones) {
        const Zone* present = known->find(zone.type, zone.code);
        report.added += present ? 0U : 1U;
        const bool changes = present && !(*present == zone);
        report.changed += changes ? 1U : 0U;
        report.unchanged += present && !changes ? 1U : 0U;
        if (!present || changes) to_write.push_back(&zone);
        progress.advance();
    }
    report.stored = to_be_stored(report, wish.dry_run, wish.partial);
    if (report.stored && !to_write.empty()) {
        progress.begin(ImportProgress::Phase::writing, to_write.size());
        for (const Zone* zone : to_write) {
            write_zone(tx, *zone);
            progress.advance();
        }
        const auto zones = read_zones(tx);
        if (wish.type == ZoneType::commune) {
            report.assets_moved = move_communes(tx, *zones, by, progress);
            if (zones_changed_) zones_changed_(tx, *zones);
        }
        publish_after_commit(tx);
    }
    progress.begin(ImportProgress::Phase::done);
    return report;
}

namespace {

// An asset that stays where it is has only been looked at; one that moves is written, too.
class Moving {
public:
    Moving(ImportProgress& progress, std::size_t assets) : progress_(progress) {
        progress.begin(ImportProgress::Phase::moving, assets, 1 + asset_write_passes);
    }
    void stays() { progress_.advance(1 + asset_write_passes); }
    void moves() { progress_.advance(); }
    std::function<void(std::size_t)> written() {
        return [this](std::size_t passes) { progress_.advance(passes); };
    }

private:
    ImportProgress& progress_;
};

}  // namespace

std::size_t Importer::move_communes(store::Transaction& tx, const Zones& zones,
                                    const Authorship& by, ImportProgress& progress) {
    const auto known = read_catalogue(tx, kinds_);
    Moving moving(progress, known->assets().size());
    std::vector<PlannedAsset> moved;
    for (const Asset& asset : known->assets()) {
        std::string commune = zones.commune_of(asset.place);
        if (commune == asset.commune) {
            moving.stays();
            continue;
        }
        moving.moves();
        moved.push_back(as_planned(*known, asset));
        moved.back().asset.commune = std::move(commune);
    }
    write_assets(tx, {}, moved, by, moving.written());
    return moved.size();
}

std::size_t Importer::fill_streets(store::Transaction& tx, const StreetOf& street_of,
                                   const Authorship& by, ImportProgress& progress) {
    const auto known = read_catalogue(tx, kinds_);
    Moving moving(progress, known->assets().size());
    std::vector<PlannedAsset> named;
    for (const Asset& asset : known->assets()) {
        std::string street = asset.street.empty() ? street_of(asset.place) : std::string();
        if (street.empty()) {
            moving.stays();
            continue;
        }
        moving.moves();
        named.push_back(as_planned(*known, asset));
        named.back().asset.street = std::move(street);
    }
    write_assets(tx, {}, named, by, moving.written());
    if (!named.empty()) publish_after_commit(tx);
    return named.size();
}

}  // namespace vigie::assets
