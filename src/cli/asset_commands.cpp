#include <iostream>

#include "cli/commands.hpp"
#include "cli/import_command.hpp"
#include "cli/terminal.hpp"

namespace vigie::cli {

namespace {

using nlohmann::json;

struct ImportOptions {
    ImportCall call;
    std::vector<std::string> map;
    std::string kind;
    std::string type{"commune"};
    std::string code_from;
    std::string code_prefix;
};

void add_import_options(CLI::App& command, ImportOptions& options, const std::string& file) {
    command.add_option("file", options.call.file, file + "; - for standard input")->required();
    command.add_option("--map", options.map, "FIELD=PROPERTY, where names differ; may be repeated")
        ->allow_extra_args(false);
    command.add_flag("--dry-run", options.call.dry_run, "say what would happen, store nothing");
    command.add_flag("--partial", options.call.partial,
                     "store what is good although rows are refused; otherwise all or nothing");
}

int import_now(const Session& session, ImportOptions options) {
    for (const std::string& each : options.map)
        options.call.query.emplace_back("map", each);
    if (!options.code_from.empty()) options.call.query.emplace_back("code_from", options.code_from);
    if (!options.code_prefix.empty())
        options.call.query.emplace_back("code_prefix", options.code_prefix);
    return run_import(session, std::move(options.call));
}

struct ListOptions {
    std::string kind;
    std::string commune;
    std::string box;
    std::string words;
    std::string life_stage;
    std::size_t limit{100};
    std::string code;
};

int list_assets(const Session& session, const ListOptions& options) {
    Query query;
    const auto filter = [&](const char* name, const std::string& value) {
        if (!value.empty()) query.emplace_back(name, value);
    };
    filter("kind", options.kind);
    filter("commune", options.commune);
    filter("bbox", options.box);
    filter("q", options.words);
    filter("life_stage", options.life_stage);
    const DoorReply reply = all_pages(session.door(), "/admin/v1/assets", query, options.limit);
    return finish(session, reply, [](const json& answer) {
        Table table({"code", "kind", "life stage", "commune", "street"});
        for (const json& asset : answer["rows"])
            table.add({cell(asset, "code"), cell(asset, "kind"), cell(asset, "life_stage"),
                       cell(asset, "commune"), cell(asset, "street")});
        table.print(std::cout);
        if (answer.value("more", false)) std::cout << "... and more: --limit 0 lists all\n";
    });
}

void show_asset(const json& asset) {
    for (const auto& [name, value] : asset.items()) {
        if (name == "live") continue;
        std::cout << name << ": " << (value.is_string() ? value.get<std::string>() : value.dump())
                  << "\n";
    }
    if (!asset.contains("live")) return;
    const json& live = asset["live"];
    std::cout << "state: " << cell(live, "freshness") << ", " << cell(live, "display") << "\n";
    if (live.contains("clock_skew_s"))
        std::cout << "clock: ahead of the server's by " << cell(live, "clock_skew_s") << " s\n";
    Table table({"property", "value", "observed"});
    for (const json& value : live.value("values", json::array()))
        table.add({cell(value, "property"), cell(value, "value"), cell(value, "observed_at")});
    if (table.size() > 0) table.print(std::cout);
}

void add_asset_reading(CLI::App& asset, Session& session) {
    auto options = std::make_shared<ListOptions>();
    auto* list = asset.add_subcommand("list", "assets, by code");
    list->add_option("--kind", options->kind, "of that kind");
    list->add_option("--commune", options->commune, "in the commune with that INSEE code");
    list->add_option("--bbox", options->box, "west,south,east,north in degrees");
    list->add_option("--q", options->words, "part of the code or street");
    list->add_option("--life-stage", options->life_stage, "planned, works, in_service or removed");
    list->add_option("--limit", options->limit, "at most that many; 0: all");
    list->footer("Example: vigie asset list --kind camera --commune 21231");
    list->callback([&session, options] {
        session.run = [&session, options] { return list_assets(session, *options); };
    });
    auto* show = asset.add_subcommand("show", "one asset with what it last said");
    show->add_option("code", options->code, "its code")->required();
    show->footer("Example: vigie asset show LP-00431");
    show->callback([&session, options] {
        session.run = [&session, options] {
            const auto path = "/admin/v1/assets/" + segment(options->code);
            return finish(session, session.door().get(path), show_asset);
        };
    });
}

void add_asset_import(CLI::App& asset, Session& session) {
    auto options = std::make_shared<ImportOptions>();
    auto* command = asset.add_subcommand("import", "assets of one kind from a file");
    add_import_options(*command, *options, "GeoJSON with points, or CSV with lon and lat");
    command->add_option("--kind", options->kind, "what they are")->required();
    command->add_option("--code-from", options->code_from, "the field that holds their codes");
    command->add_option(
        "--code-prefix", options->code_prefix,
        "in front of the codes; without --code-from codes follow from the position, "
        "the same each time");
    command->footer(
        "Fields named code, lon, lat, street, life_stage, power_parent, communication_parent or "
        "like\n"
        "an attribute of the kind need no --map. The same file again changes nothing.\n"
        "Examples: vigie asset import street-lights.geojson --kind light_point --code-prefix LP-\n"
        "          vigie asset import car-parks.csv --kind car_park --code-prefix P- \\\n"
        "              --map COORD_X=lon --map COORD_Y=lat --map NBRE_PLACE=capacity");
    command->callback([&session, options] {
        session.run = [&session, options] {
            options->call.path = "/admin/v1/assets/import";
            options->call.query.emplace_back("kind", options->kind);
            return import_now(session, *options);
        };
    });
}

}  // namespace

void add_asset_commands(CLI::App& app, Session& session) {
    auto* asset = app.add_subcommand("asset", "urban equipment");
    asset->require_subcommand(1);
    add_asset_import(*asset, session);
    add_asset_reading(*asset, session);

    auto zone_options = std::make_shared<ImportOptions>();
    auto* zone = app.add_subcommand("zone", "communes and other named outlines");
    zone->require_subcommand(1);
    auto* zones = zone->add_subcommand("import", "outlines from a GeoJSON file");
    add_import_options(*zones, *zone_options, "GeoJSON with polygons");
    zones->add_option("--type", zone_options->type, "commune (default) or zone")
        ->check(CLI::IsMember({"commune", "zone"}));
    zones->footer(
        "Takes code, insee_code or code_insee as code, name or nom as name, and population.\n"
        "Assets find their commune anew.\nExample: vigie zone import communes.geojson");
    zones->callback([&session, zone_options] {
        session.run = [&session, zone_options] {
            zone_options->call.path = "/admin/v1/zones/import";
            zone_options->call.query.emplace_back("type", zone_options->type);
            return import_now(session, *zone_options);
        };
    });

    auto street_options = std::make_shared<ImportOptions>();
    auto* street = app.add_subcommand("street", "the street network");
    street->require_subcommand(1);
    auto* streets = street->add_subcommand("import", "streets from a GeoJSON file of lines");
    add_import_options(*streets, *street_options, "GeoJSON with lines");
    streets->footer(
        "Takes code, name (or nom) and hierarchy. Assets without a street get the nearest within "
        "60 m.\n"
        "Example: vigie street import streets.geojson --map LIB_OFF=name");
    streets->callback([&session, street_options] {
        session.run = [&session, street_options] {
            street_options->call.path = "/admin/v1/streets/import";
            return import_now(session, *street_options);
        };
    });
}

}  // namespace vigie::cli
