#include "live/views.hpp"

#include <cmath>
#include <limits>

#include "live/value_json.hpp"
#include "vigie/live/json.hpp"

namespace vigie::live {

LiveTable live_table(const CityState& state, const assets::Kind& kind, const Communes& communes,
                     base::Instant now) {
    LiveTable table;
    table.catalogue = state.catalogue();
    table.kind = &kind;
    table.at = now;
    const auto width = static_cast<std::size_t>(kind.width);
    for (const auto& asset : table.catalogue->assets()) {
        if (asset.kind != &kind || asset.life_stage == assets::LifeStage::removed) continue;
        if (!communes.empty() && !communes.contains(asset.commune)) continue;
        table.assets.push_back(&asset);
        table.freshness.push_back(state.freshness(asset.id));
        const auto newest = state.newest(asset.id);
        table.newest.push_back(newest ? base::epoch_us(*newest) : LastValue::never);
        const auto values = state.values(asset.id);
        table.values.insert(table.values.end(), values.begin(), values.end());
        table.values.resize(table.assets.size() * width, std::numeric_limits<double>::quiet_NaN());
    }
    return table;
}

std::string to_json(const LiveTable& table) {
    const auto width = static_cast<std::size_t>(table.kind->width);
    std::string out;
    out.reserve(200 + table.assets.size() * (60 + 10 * width));
    out += R"({"kind":)";
    json::append_text(out, table.kind->code);
    out += R"(,"at":)";
    json::append_instant(out, table.at);
    out += R"(,"properties":[)";
    for (const auto& property : table.kind->properties) {
        if (out.back() != '[') out += ',';
        json::append_text(out, property.code);
    }
    out += R"(],"rows":[)";
    for (std::size_t i = 0; i < table.assets.size(); ++i) {
        if (i > 0) out += ',';
        out += '[';
        json::append_text(out, table.assets[i]->code);
        out += ",\"";
        out += to_string(table.freshness[i]);
        out += "\",";
        if (table.newest[i] == LastValue::never) {
            out += "null";
        } else {
            json::append_integer(out, table.newest[i] / 1000);
        }
        for (const auto& property : table.kind->properties) {
            out += ',';
            append_value(out, property, {table.values.data() + i * width, width});
        }
        out += ']';
    }
    out += "]}";
    return out;
}

MapPoints map_points(const CityState& state, const Stream& stream, const Communes& communes) {
    MapPoints points;
    points.catalogue = state.catalogue();
    points.epoch = stream.epoch();
    points.sequence = stream.last();
    const auto count = points.catalogue->assets().size();
    points.assets.reserve(count);
    points.places.reserve(count);
    points.states.reserve(count);
    for (const auto& asset : points.catalogue->assets()) {
        if (asset.kind == nullptr || asset.life_stage == assets::LifeStage::removed) continue;
        if (!communes.empty() && !communes.contains(asset.commune)) continue;
        points.assets.push_back(&asset);
        points.places.push_back(state.place(asset.id));
        points.states.push_back(state.display(asset.id));
    }
    return points;
}

namespace {

template <typename Rows, typename Append>
void append_array(std::string& out, const char* name, const Rows& rows, Append&& append) {
    out += ",\"";
    out += name;
    out += "\":[";
    bool first = true;
    for (const auto& row : rows) {
        if (!std::exchange(first, false)) out += ',';
        append(row);
    }
    out += ']';
}

// A tenth of a millimetre is more than a map shows.
double rounded(double degrees) {
    return std::round(degrees * 1e7) / 1e7;
}

}  // namespace

std::string to_json(const MapPoints& points) {
    std::string out;
    out.reserve(1000 + points.assets.size() * 64);
    out += R"({"epoch":)";
    json::append_text(out, points.epoch);
    out += R"(,"sequence":)";
    json::append_integer(out, static_cast<std::int64_t>(points.sequence));
    const auto kinds = points.catalogue->kinds();
    append_array(out, "ids", points.assets,
                 [&](const auto* asset) { json::append_integer(out, asset->id); });
    append_array(out, "codes", points.assets,
                 [&](const auto* asset) { json::append_text(out, asset->code); });
    append_array(out, "kinds", kinds, [&](const auto& kind) { json::append_text(out, kind.code); });
    append_array(out, "kind", points.assets,
                 [&](const auto* asset) { json::append_integer(out, asset->kind - kinds.data()); });
    append_array(out, "lon", points.places,
                 [&](const auto& place) { json::append_number(out, rounded(place.lon)); });
    append_array(out, "lat", points.places,
                 [&](const auto& place) { json::append_number(out, rounded(place.lat)); });
    append_array(out, "state", points.states,
                 [&](auto state) { json::append_integer(out, static_cast<int>(state)); });
    std::vector<DisplayState> names;
    for (int i = 0; i < display_states; ++i)
        names.push_back(static_cast<DisplayState>(i));
    append_array(out, "states", names,
                 [&](auto state) { json::append_text(out, to_string(state)); });
    out += '}';
    return out;
}

}  // namespace vigie::live
