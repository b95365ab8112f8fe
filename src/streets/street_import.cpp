#include "vigie/streets/street_import.hpp"

#include <unordered_map>

#include "streets/street_rows.hpp"
#include "streets/street_store.hpp"

namespace vigie::streets {

namespace {

std::string street_name_near(const Streets& streets, base::LonLat place) {
    const Street* street = streets.nearest(place, street_near_asset_m);
    return street ? street->name : std::string();
}

// Sorts what the file wants into the report; answers what has to be written.
std::vector<Street> compare(const std::vector<Street>& wanted, const Streets& known,
                            assets::ImportReport& report) {
    std::unordered_map<std::string_view, const Street*> by_code;
    for (const Street& street : known.all())
        by_code[street.code] = &street;
    std::vector<Street> to_write;
    for (const Street& street : wanted) {
        const auto present = by_code.find(street.code);
        if (present == by_code.end()) {
            ++report.added;
        } else if (*present->second == street) {
            ++report.unchanged;
            continue;
        } else {
            ++report.changed;
        }
        to_write.push_back(street);
    }
    return to_write;
}

}  // namespace

StreetImporter::StreetImporter(store::Pool& pool, assets::Importer& importer,
                               assets::Published<Streets>& streets)
    : pool_(pool), importer_(importer), streets_(streets) {
    importer_.use_streets(
        [this](base::LonLat place) { return street_name_near(*streets_.current(), place); });
    importer_.on_zones_changed(
        [this](store::Transaction& tx, const assets::Zones& zones) { move_communes(tx, zones); });
}

void StreetImporter::load() {
    pool_.write_now([this](store::Transaction& tx) {
        assets::lock_changes(tx);
        publish_after_commit(tx, read_streets(tx));
    });
}

void StreetImporter::publish_after_commit(store::Transaction& tx,
                                          std::shared_ptr<const Streets> streets) {
    const std::uint64_t number = streets_.draw_number();
    tx.after_commit(
        [this, number, streets = std::move(streets)] { streets_.publish(streets, number); });
}

base::Result<assets::ImportReport> StreetImporter::import_streets(
    store::Transaction& tx, std::string_view text, const StreetImport& wish,
    const assets::Authorship& by, assets::ImportProgress& progress) {
    using Phase = assets::ImportProgress::Phase;
    auto file = assets::read_source(text);
    if (!file) return std::move(file).error();
    assets::ImportReport report;
    report.csv = file->csv;
    assets::lock_changes(tx);
    progress.begin(Phase::checking, file->rows.size());
    auto rows = streets_in(std::move(*file), wish, *assets::read_zones(tx),
                           [&progress] { progress.advance(); });
    if (!rows) return std::move(rows).error();
    report.refused = std::move(rows->refused);
    assets::place_refusals(text, report);
    report.ignored_fields = std::move(rows->ignored_fields);
    const auto to_write = compare(rows->streets, *read_streets(tx), report);
    report.stored = !wish.dry_run && (wish.partial || report.refused.empty());
    if (report.stored && !to_write.empty()) {
        progress.begin(Phase::writing, to_write.size());
        write_streets(tx, to_write, [&progress](std::size_t count) { progress.advance(count); });
        auto streets = read_streets(tx);
        report.assets_moved = importer_.fill_streets(
            tx, [&](base::LonLat place) { return street_name_near(*streets, place); }, by,
            progress);
        publish_after_commit(tx, std::move(streets));
    }
    progress.begin(Phase::done);
    return report;
}

void StreetImporter::move_communes(store::Transaction& tx, const assets::Zones& zones) {
    const auto known = read_streets(tx);
    std::vector<Street> moved;
    for (const Street& street : known->all()) {
        std::string commune = zones.commune_of(street.place);
        if (commune == street.commune) continue;
        moved.push_back(street);
        moved.back().commune = std::move(commune);
    }
    if (moved.empty()) return;
    write_streets(tx, moved);
    publish_after_commit(tx, read_streets(tx));
}

}  // namespace vigie::streets
