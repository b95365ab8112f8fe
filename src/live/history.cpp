#include "live/history.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "live/history_store.hpp"
#include "live/kind_layout.hpp"
#include "live/value_json.hpp"
#include "vigie/api/paging.hpp"
#include "vigie/base/text.hpp"
#include "vigie/live/graph.hpp"
#include "vigie/live/json.hpp"
#include "vigie/live/rollups.hpp"
#include "vigie/store/series.hpp"

namespace vigie::live {

namespace {

using assets::PropertyType;
using base::Errc;

// Longer ranges would have the database read years for one chart.
constexpr std::chrono::hours range_max{24 * 400};

struct HistoryQuestion {
    const assets::Asset* asset{};
    std::vector<const assets::Property*> properties;
    // A gap is where none of these was heard; none named: where nothing at all was.
    std::vector<std::int64_t> judged;
    Interval range;
    Interval page;                   // the part of the range this answer is about
    std::chrono::seconds bucket{0};  // 0: raw
    std::string bucket_name;
    std::size_t limit{};
};

base::Result<base::Instant> instant_parameter(const api::Request& request, const char* name,
                                              base::Instant otherwise) {
    const auto text = request.query(name);
    if (!text) return otherwise;
    const auto instant = base::parse_rfc3339(*text);
    if (!instant) {
        return base::fail_at(Errc::invalid, name, "must be an RFC 3339 instant with its zone",
                             "doit être un instant RFC 3339 avec son fuseau");
    }
    return *instant;
}

base::Result<Interval> range_of(const api::Request& request) {
    const auto to = instant_parameter(request, "to", request.now);
    if (!to) return to.error();
    const auto from = instant_parameter(request, "from", *to - std::chrono::hours(24));
    if (!from) return from.error();
    if (*from >= *to) {
        return base::fail_at(Errc::invalid, "from", "must be before to", "doit précéder to");
    }
    if (*to - *from > range_max) {
        return base::fail_at(Errc::invalid, "from", "is more than 400 days before to",
                             "est plus de 400 jours avant to");
    }
    return Interval{*from, *to};
}

bool has_buckets(const assets::Property& property) {
    return property.type == PropertyType::number || property.type == PropertyType::boolean;
}

base::Result<std::vector<const assets::Property*>> properties_of(const api::Request& request,
                                                                 const assets::Kind& kind,
                                                                 bool bucketed) {
    std::vector<const assets::Property*> chosen;
    const auto asked = request.query("property");
    if (!asked) {
        for (const auto& property : kind.properties) {
            if (has_buckets(property) && property.position >= 0) chosen.push_back(&property);
        }
        return chosen;
    }
    for (const auto code : base::split(*asked, ',')) {
        const auto* property = kind.property(base::trimmed(code));
        if (property == nullptr || property->position < 0) {
            return base::fail_at(
                Errc::invalid, "property",
                "\"" + std::string(code) + "\" is not a property of this kind",
                "« " + std::string(code) + " » n'est pas une propriété de ce type");
        }
        if (bucketed && !has_buckets(*property)) {
            return base::fail_at(Errc::invalid, "property", "codes and positions have no buckets",
                                 "les codes et les positions n'ont pas d'agrégats");
        }
        chosen.push_back(property);
    }
    return chosen;
}

base::Result<std::chrono::seconds> bucket_of(const api::Request& request) {
    const auto name = request.query("bucket");
    if (!name) return std::chrono::seconds{0};
    if (*name == "15m") return std::chrono::seconds{900};
    if (*name == "1h") return std::chrono::seconds{3600};
    if (*name == "1d") return std::chrono::seconds{86'400};
    return base::fail_at(Errc::invalid, "bucket", "must be 15m, 1h or 1d",
                         "doit être 15m, 1h ou 1d");
}

base::Result<HistoryQuestion> parse_question(const api::Request& request,
                                             const assets::Catalogue& catalogue) {
    HistoryQuestion question;
    question.asset = catalogue.find(request.path_value("code"));
    if (question.asset == nullptr || question.asset->kind == nullptr) {
        return base::fail(Errc::not_found, "no such asset", "équipement inconnu");
    }
    if (!request.actor.may(access::Level::view, "live", request.now, question.asset->commune)) {
        return base::fail(Errc::forbidden, "your rights do not reach this commune",
                          "vos droits ne couvrent pas cette commune");
    }
    auto range = range_of(request);
    if (!range) return range.error();
    auto bucket = bucket_of(request);
    if (!bucket) return bucket.error();
    auto properties = properties_of(request, *question.asset->kind, bucket->count() > 0);
    if (!properties) return properties.error();
    auto limit = request.limit();
    if (!limit) return limit.error();
    auto after = api::read_cursor<base::Instant>(request);
    if (!after) return after.error();
    question.range = question.page = *range;
    if (*after) question.page.from = std::clamp(std::get<0>(**after), range->from, range->to);
    question.bucket = *bucket;
    question.bucket_name = request.query("bucket").value_or("");
    question.properties = *std::move(properties);
    if (request.query("property")) {
        for (const auto* property : question.properties)
            question.judged.push_back(property->position);
    }
    question.limit = *limit;
    return question;
}

std::vector<Interval> holes_of(store::Transaction& tx, const assets::Asset& asset,
                               const Interval& range, const RolledUp& rolled_up,
                               const std::vector<std::int64_t>& positions = {}) {
    const auto hole_min = hole_min_of(*asset.kind);
    return holes(read_stretches(tx, asset.id, range, hole_min, positions, rolled_up), range,
                 hole_min);
}

// When what feeds the asset was switched off or tripped, by what its cabinet said.
std::vector<Interval> unpowered_of(store::Transaction& tx, const assets::Catalogue& catalogue,
                                   const assets::Asset& asset, const Interval& range) {
    if (!asset.kind->switched_feeder) return {};
    const auto source_id =
        find_above(catalogue, assets::Graph::power, asset.id, [&](assets::AssetId id) {
            const auto* above = catalogue.find(id);
            return above != nullptr && above->kind != nullptr &&
                   feeder_position(*above->kind).has_value();
        });
    const auto* source = catalogue.find(source_id);
    if (source == nullptr) return {};
    const auto feeder = static_cast<int>(*feeder_position(*source->kind));
    auto intervals = read_intervals(tx, source->id, feeder, {0.0}, range);
    for (const auto& rule : source->kind->rules) {
        if (rule.suppresses != assets::Suppresses::fed) continue;
        if (rule.condition != assets::Condition::is) continue;
        const auto* property = source->kind->property(rule.property);
        if (property == nullptr || property->position < 0) continue;
        const auto tripped = read_intervals(tx, source->id, property->position, rule.values, range);
        intervals.insert(intervals.end(), tripped.begin(), tripped.end());
    }
    return intervals;
}

std::vector<Gap> gaps_of(store::Transaction& tx, const assets::Catalogue& catalogue,
                         const HistoryQuestion& question, const RolledUp& rolled_up,
                         base::Instant now) {
    const auto& asset = *question.asset;
    // What is yet to come is no gap.
    const Interval range{question.range.from, std::min(question.range.to, now)};
    if (range.from >= range.to || asset.kind->reporting_period.count() == 0) return {};
    const auto found = holes_of(tx, asset, range, rolled_up, question.judged);
    if (found.empty()) return {};
    const auto unpowered = unpowered_of(tx, catalogue, asset, range);
    const auto platform = read_absences(tx, range);
    const auto* gateway = catalogue.find(asset.communication_parent);
    const bool has_gateway =
        gateway != nullptr && gateway->kind != nullptr && !gateway->kind->properties.empty();
    std::vector<Interval> gateway_holes;
    if (has_gateway) {
        gateway_holes =
            holes_of(tx, *gateway, range,
                     read_rollups_around(tx, gateway->id, range, hole_min_of(*gateway->kind)));
    }
    std::vector<Gap> gaps;
    for (const auto& hole : found) {
        gaps.push_back({hole, explain(hole, {unpowered, platform, gateway_holes, has_gateway})});
    }
    return gaps;
}

void append_gaps(std::string& out, const std::vector<Gap>& gaps) {
    out += R"("gaps":[)";
    for (const auto& gap : gaps) {
        if (out.back() != '[') out += ',';
        out += R"({"from":)";
        json::append_instant(out, gap.interval.from);
        out += R"(,"to":)";
        json::append_instant(out, gap.interval.to);
        out += R"(,"cause":")";
        out += to_string(gap.cause);
        out += R"("})";
    }
    out += ']';
}

void begin_series(std::string& out, const assets::Property& property) {
    if (out.back() != '[') out += ',';
    out += R"({"property":)";
    json::append_text(out, property.code);
    if (!property.unit.empty()) {
        out += R"(,"unit":)";
        json::append_text(out, property.unit);
    }
    out += R"(,"points":[)";
}

// A place is two values.
std::vector<std::int64_t> positions_of(const HistoryQuestion& question) {
    std::vector<std::int64_t> positions;
    for (const auto* property : question.properties) {
        positions.push_back(property->position);
        if (property->type == PropertyType::position) positions.push_back(property->position + 1);
    }
    return positions;
}

// Answers the instant from which the next page goes on; nothing when this was the last.
std::optional<base::Instant> append_raw(std::string& out, store::Transaction& tx,
                                        const HistoryQuestion& question) {
    auto frames = read_frames(tx, question.asset->id, question.page, positions_of(question),
                              question.limit + 1);
    std::optional<base::Instant> next;
    if (frames.size() > question.limit) {
        next = frames.back().observed_at;
        frames.pop_back();
    }
    for (const auto* property : question.properties) {
        begin_series(out, *property);
        const auto position = static_cast<std::size_t>(property->position);
        for (const auto& frame : frames) {
            if (position >= frame.values.size() || std::isnan(frame.values[position])) continue;
            if (out.back() != '[') out += ',';
            out += '[';
            json::append_integer(out, base::epoch_ms(frame.observed_at));
            out += ',';
            append_value(out, *property, frame.values);
            out += ']';
        }
        out += "]}";
    }
    return next;
}

std::optional<base::Instant> append_buckets(std::string& out, store::Transaction& tx,
                                            const HistoryQuestion& question,
                                            const RolledUp& rolled_up) {
    const auto whole = question.bucket * static_cast<std::int64_t>(question.limit);
    auto page = question.page;
    std::optional<base::Instant> next;
    // Pages end on a boundary, so that no bucket is told in two halves.
    const auto end = std::chrono::floor<std::chrono::seconds>(page.from) + whole;
    const auto boundary = end - (end.time_since_epoch() % question.bucket);
    if (boundary < page.to) {
        next = boundary;
        page.to = boundary;
    }
    const auto buckets = read_buckets(tx, question.asset->id, page, question.bucket,
                                      positions_of(question), rolled_up);
    for (const auto* property : question.properties) {
        begin_series(out, *property);
        for (const auto& bucket : buckets) {
            if (bucket.position != property->position) continue;
            if (out.back() != '[') out += ',';
            out += '[';
            json::append_integer(out, base::epoch_ms(bucket.start));
            out += ',';
            json::append_integer(out, bucket.count);
            for (const double value : {bucket.min, bucket.max, bucket.mean, bucket.last}) {
                out += ',';
                json::append_number(out, value);
            }
            out += ']';
        }
        out += "]}";
    }
    return next;
}

}  // namespace

api::Answer answer_observations(const api::Request& request, store::Transaction& tx,
                                const assets::Catalogue& catalogue) {
    auto parsed = parse_question(request, catalogue);
    if (!parsed) return parsed.error();
    const auto& question = *parsed;
    store::hold_series(tx);
    std::string out = R"({"asset":)";
    json::append_text(out, question.asset->code);
    out += R"(,"from":)";
    json::append_instant(out, question.range.from);
    out += R"(,"to":)";
    json::append_instant(out, question.range.to);
    if (!question.bucket_name.empty()) {
        out += R"(,"bucket":)";
        json::append_text(out, question.bucket_name);
    }
    out += R"(,"series":[)";
    const AskedRollups asked(tx, question.asset->id, question.range,
                             hole_min_of(*question.asset->kind));
    std::optional<base::Instant> next;
    if (question.bucket.count() == 0) next = append_raw(out, tx, question);
    const auto rolled_up = asked.read();
    if (question.bucket.count() > 0) next = append_buckets(out, tx, question, rolled_up);
    out += "],";
    append_gaps(out, gaps_of(tx, catalogue, question, rolled_up, request.now));
    if (next) {
        out += R"(,"next":)";
        json::append_text(out, api::make_cursor(*next));
    }
    out += '}';
    wire::Response response;
    response.headers.set("Content-Type", "application/json");
    response.body = std::move(out);
    return response;
}

}  // namespace vigie::live
