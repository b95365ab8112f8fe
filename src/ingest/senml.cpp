// SenML in JSON (RFC 8428): records are resolved against the base values before them, named
// properties of assets, and gathered into one frame an asset and instant.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <utility>

#include "ingest/decode_parts.hpp"
#include "ingest/senml_units.hpp"
#include "vigie/base/limits.hpp"

namespace vigie::ingest {

namespace {

constexpr double version_max = 10;
// A base text is repeated for every record: a long one would cost far more than its bytes.
constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t asset_code_bytes_max = 64;
// RFC 8428, section 4.5.3: below, a time is relative to now.
constexpr double relative_time_bound = 268'435'456;
constexpr double senml_time_s_max = 7'258'118'400;  // 2200-01-01

// What a record and the base values before it come to.
struct Measured {
    std::string name;
    std::string unit;
    double time{};
    const nlohmann::json* value{};  // v, vs, vb or vd; null: the base value alone
    const char* label{};            // of the value
    double number{};                // of v, with the base value
};

struct Bases {
    std::string name;
    double time{};
    std::string unit;
    double value{};
    double version{version_max};
    bool version_seen{};
};

std::unexpected<Refusal> wrong_record(std::string pointer, std::string en, std::string fr) {
    return refuse(Reason::wrong_shape, std::move(pointer), std::move(en), std::move(fr));
}

bool is_label(std::string_view member) {
    constexpr std::string_view labels[] = {"bn", "bt", "bu", "bv", "bs", "bver", "n", "u",
                                           "v",  "vs", "vb", "vd", "s",  "t",    "ut"};
    return std::ranges::find(labels, member) != std::end(labels);
}

// Every label is of its type; one that must be understood (it ends in '_') is not there.
std::expected<void, Refusal> check_labels(const nlohmann::json& record,
                                          const std::string& pointer) {
    constexpr std::string_view texts[] = {"bn", "bu", "n", "u", "vs", "vd"};
    for (const auto& [member, value] : record.items()) {
        if (!is_label(member)) {
            if (!member.ends_with('_')) continue;
            return wrong_record(pointer + pointer_step(member),
                                "this field must be understood, and is not",
                                "ce champ doit être compris, et ne l'est pas");
        }
        const bool is_text = std::ranges::find(texts, member) != std::end(texts);
        const bool fits = is_text          ? value.is_string()
                          : member == "vb" ? value.is_boolean()
                                           : value.is_number();
        if (!fits) {
            const char* en = is_text ? "a text" : member == "vb" ? "true or false" : "a number";
            const char* fr = is_text ? "un texte" : member == "vb" ? "true ou false" : "un nombre";
            return wrong_record(pointer + "/" + member, member + " is " + en,
                                member + " est " + fr);
        }
        const bool is_repeated = is_text && member != "vs" && member != "vd";
        if (is_repeated && value.get_ref<const std::string&>().size() > name_bytes_max) {
            return wrong_record(pointer + "/" + member, member + " is too long",
                                member + " est trop long");
        }
    }
    return {};
}

std::expected<void, Refusal> take_bases(const nlohmann::json& record, const std::string& pointer,
                                        Bases& bases) {
    const auto number = [&record](const char* label, double& target) {
        const auto found = record.find(label);
        if (found != record.end()) target = found->get<double>();
        return found != record.end();
    };
    if (record.contains("bn")) bases.name = record["bn"].get<std::string>();
    if (record.contains("bu")) bases.unit = record["bu"].get<std::string>();
    number("bt", bases.time);
    number("bv", bases.value);
    double version = bases.version;
    if (!number("bver", version)) return {};
    if (version > version_max || (bases.version_seen && version != bases.version)) {
        return wrong_record(pointer + "/bver", "SenML up to version 10, and one version a pack",
                            "SenML jusqu'à la version 10, et une seule par envoi");
    }
    bases.version = version;
    bases.version_seen = true;
    return {};
}

bool is_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
        return is_letter(c) || std::string_view("-:./_").find(c) != std::string_view::npos;
    });
}

// Nothing: the record only sets base values.
std::expected<std::optional<Measured>, Refusal> resolve(const nlohmann::json& record,
                                                        const std::string& pointer,
                                                        const Bases& bases) {
    constexpr const char* values[] = {"v", "vs", "vb", "vd"};
    Measured measured;
    std::size_t count = 0;
    for (const char* label : values) {
        const auto found = record.find(label);
        if (found == record.end()) continue;
        ++count;
        measured.value = &*found;
        measured.label = label;
    }
    const bool says_more = record.contains("n") || record.contains("t") || record.contains("u") ||
                           record.contains("s") || record.contains("ut");
    if (count == 0 && !says_more) return std::nullopt;
    if (count > 1 || (count == 0 && !record.contains("bv") && bases.value == 0)) {
        return wrong_record(pointer, "a record has one of v, vs, vb and vd",
                            "un enregistrement a un seul de v, vs, vb et vd");
    }
    measured.name = bases.name + record.value("n", std::string{});
    if (!is_name(measured.name)) {
        return wrong_record(pointer + "/n",
                            "bn and n make a name of A-Z a-z 0-9 - : . / _, beginning with one of "
                            "the first three",
                            "bn et n font un nom de A-Z a-z 0-9 - : . / _, qui commence par l'un "
                            "des trois premiers");
    }
    measured.unit = record.value("u", bases.unit);
    measured.time = bases.time + record.value("t", 0.0);
    const bool is_number = count == 0 || measured.value->is_number();
    measured.number = is_number ? bases.value + record.value("v", 0.0) : 0;
    if (count == 0) measured.label = "v";
    return measured;
}

struct Named {
    const assets::Asset* asset{};
    std::string_view name;
    const assets::Property* property{};  // null: not one of the kind's
};

// The asset of "CODE", or of "urn:...:CODE" with the longest code that there is; null: none.
const assets::Asset* asset_of_name(const assets::Catalogue& catalogue, std::string_view name) {
    const auto present = [&](std::string_view code) -> const assets::Asset* {
        const assets::Asset* asset = catalogue.find(code);
        return asset == nullptr || asset->life_stage == assets::LifeStage::removed ? nullptr
                                                                                   : asset;
    };
    if (const auto* asset = present(name)) return asset;
    if (!name.starts_with("urn:")) return nullptr;
    const auto shortest = name.size() - std::min(name.size(), asset_code_bytes_max + 1);
    for (auto colon = name.find(':', shortest); colon != std::string_view::npos;
         colon = name.find(':', colon + 1)) {
        if (const auto* asset = present(name.substr(colon + 1))) return asset;
    }
    return nullptr;
}

std::expected<Named, Refusal> named_by(const SenmlScope& scope, std::string_view name,
                                       const std::string& pointer) {
    const auto cut = name.find_last_of("/:");
    const auto property = name.substr(cut == std::string_view::npos ? 0 : cut + 1);
    const auto of = [&](const assets::Asset& asset) {
        const auto* known = asset.kind->property(property);
        return Named{&asset, property, known != nullptr && known->position >= 0 ? known : nullptr};
    };
    if (cut == std::string_view::npos) {
        if (scope.topic_asset != nullptr) return of(*scope.topic_asset);
        return wrong_record(pointer + "/n", "the name is asset/property, asset:property or a urn",
                            "le nom est équipement/propriété, équipement:propriété ou une urn");
    }
    const auto whose = name.substr(0, cut);
    const assets::Asset* asset = asset_of_name(scope.catalogue, whose);
    if (scope.topic_asset != nullptr) {
        // A device's own number is no other asset: the topic says which one it is.
        const bool is_own = asset == scope.topic_asset;
        const bool is_number = asset == nullptr && whose.starts_with("urn:");
        if (is_own || is_number) return of(*scope.topic_asset);
        return wrong_record(pointer + "/n", "the name is of another asset than the topic",
                            "le nom est d'un autre équipement que le sujet");
    }
    if (asset == nullptr)
        return refuse(Reason::unknown_asset, pointer + "/n", "there is no such asset",
                      "équipement inconnu");
    if (!scope.sender->may(asset->id)) {
        return refuse(Reason::not_yours, pointer + "/n", "the credential does not cover this asset",
                      "l'identifiant ne couvre pas cet équipement");
    }
    return of(*asset);
}

// The frames of a pack while it is read.
class Pack {
public:
    Pack(const SenmlScope& scope, const Arrival& arrival) : scope_(scope), arrival_(arrival) {}

    std::expected<void, Refusal> add(const nlohmann::json& record, const std::string& pointer) {
        if (!record.is_object())
            return wrong_record(pointer, "a record is an object", "un enregistrement est un objet");
        if (auto fits = check_labels(record, pointer); !fits) return fits;
        if (auto taken = take_bases(record, pointer, bases_); !taken) return taken;
        const auto measured = resolve(record, pointer, bases_);
        if (!measured) return std::unexpected(measured.error());
        if (!*measured) return {};
        return put(**measured, record.contains("s"), pointer);
    }

    std::expected<Decoded, Refusal> finish() {
        for (const auto& [frame, at] : half_positions_) {
            const auto& vals = decoded_.frames[frame].vals;
            if (std::isnan(vals[at]) == std::isnan(vals[at + 1])) continue;
            return wrong_record("", "a position is two records, of units lon and lat",
                                "une position est deux enregistrements, en lon et lat");
        }
        if (decoded_.messages == 0) return wrong_record("", "no observation", "aucune mesure");
        std::erase_if(decoded_.frames, [](const store::Frame& frame) {
            return std::ranges::all_of(frame.vals, [](double v) { return std::isnan(v); });
        });
        return std::move(decoded_);
    }

private:
    std::expected<void, Refusal> put(const Measured& measured, bool with_sum,
                                     const std::string& pointer) {
        const auto named = named_by(scope_, measured.name, pointer);
        if (!named) return std::unexpected(named.error());
        const auto at = instant_of(measured.time, pointer);
        if (!at) return std::unexpected(at.error());
        if (auto fits = check_time(*named->asset->kind, *at, arrival_, pointer + "/t"); !fits)
            return fits;
        const auto frame = frame_at(*named->asset, *at, measured.time < relative_time_bound);
        if (!frame) return std::unexpected(frame.error());
        if (with_sum) set_aside(decoded_, *named->asset, "s");  // a sum is no property of ours
        if (named->property == nullptr) {
            set_aside(decoded_, *named->asset, named->name);
            return {};
        }
        ++decoded_.values;
        return put_measured(*named, *at, *frame, measured, pointer);
    }

    std::expected<base::Instant, Refusal> instant_of(double time,
                                                     const std::string& pointer) const {
        if (!std::isfinite(time) || std::abs(time) >= senml_time_s_max) {
            return refuse(Reason::bad_time, pointer + "/t", "bt and t make no time of this age",
                          "bt et t ne font pas un temps de notre époque");
        }
        const auto us = std::chrono::microseconds{std::llround(time * 1e6)};
        const auto at = time < relative_time_bound ? arrival_.said_at() + us : base::Instant{us};
        if (at >= base::Instant{}) return at;
        return refuse(Reason::bad_time, pointer + "/t", "bt and t make no time of this age",
                      "bt et t ne font pas un temps de notre époque");
    }

    // The frame of that asset and instant, made when it is the first record of it.
    std::expected<std::size_t, Refusal> frame_at(const assets::Asset& asset, base::Instant at,
                                                 bool relative) {
        const auto [place, fresh] = places_.try_emplace({asset.id, at}, decoded_.frames.size());
        if (!fresh) return place->second;
        if (++decoded_.messages > base::limits::observations_per_message_max) return too_many();
        decoded_.without_time += relative ? 1 : 0;
        decoded_.frames.push_back(empty_frame(asset, at, arrival_));
        decoded_.frames.back().stamped = relative;
        return place->second;
    }

    std::expected<void, Refusal> put_measured(const Named& named, base::Instant at,
                                              std::size_t frame, const Measured& measured,
                                              const std::string& pointer) {
        const assets::Property& property = *named.property;
        const std::string where = pointer + "/" + measured.label;
        const bool is_number = measured.value == nullptr || measured.value->is_number();
        if (is_number && property.type == assets::PropertyType::position)
            return put_half_position(property, frame, measured, pointer);
        // The same once more: the writers merge both, and count it if they differ.
        auto* vals = &decoded_.frames[frame].vals;
        if (!std::isnan((*vals)[static_cast<std::size_t>(property.position)])) {
            decoded_.frames.push_back(empty_frame(*named.asset, at, arrival_));
            decoded_.frames.back().stamped = decoded_.frames[frame].stamped;
            vals = &decoded_.frames.back().vals;
        }
        if (!is_number) return put_value(property, *measured.value, where, *vals);
        if (property.type != assets::PropertyType::number)
            return put_value(property, nlohmann::json(measured.number), where, *vals);
        const auto number = measured.unit.empty()
                                ? std::optional(measured.number)
                                : in_unit(measured.number, measured.unit, property.unit);
        if (!number) {
            return refuse(
                Reason::wrong_type, pointer + "/u",
                property.code + " is in " + (property.unit.empty() ? "no unit" : property.unit),
                property.code + " est en " +
                    (property.unit.empty() ? "aucune unité" : property.unit));
        }
        return put_value(property, nlohmann::json(*number), where, *vals);
    }

    std::expected<void, Refusal> put_half_position(const assets::Property& property,
                                                   std::size_t frame, const Measured& measured,
                                                   const std::string& pointer) {
        const bool is_lon = measured.unit == "lon";
        if (!is_lon && measured.unit != "lat") {
            return refuse(Reason::wrong_type, pointer + "/u",
                          property.code + " is two records, of units lon and lat",
                          property.code + " est deux enregistrements, en lon et lat");
        }
        if (std::abs(measured.number) > (is_lon ? 180 : 90)) {
            return refuse(Reason::out_of_range, pointer + "/v", "not a position on Earth",
                          "ce n'est pas une position sur Terre");
        }
        const auto at = static_cast<std::size_t>(property.position);
        decoded_.frames[frame].vals[is_lon ? at : at + 1] = measured.number;
        half_positions_.emplace_back(frame, at);
        return {};
    }

    const SenmlScope& scope_;
    const Arrival& arrival_;
    Bases bases_;
    Decoded decoded_;
    std::map<std::pair<assets::AssetId, base::Instant>, std::size_t> places_;
    std::vector<std::pair<std::size_t, std::size_t>> half_positions_;
};

}  // namespace

bool looks_like_senml(const nlohmann::json& root) {
    if (!root.is_array() || root.empty() || !root.front().is_object()) return false;
    const nlohmann::json& first = root.front();
    if (first.contains("values")) return false;
    constexpr const char* telling[] = {"bn", "bt", "bu", "bv", "bver", "n", "v", "vs", "vb", "vd"};
    return std::ranges::any_of(telling, [&](const char* label) { return first.contains(label); });
}

std::expected<Decoded, Refusal> decode_senml(const nlohmann::json& root, const SenmlScope& scope,
                                             const Arrival& arrival) {
    if (!root.is_array() || root.empty()) {
        return wrong_record("", "a SenML pack is an array of records",
                            "un envoi SenML est un tableau d'enregistrements");
    }
    if (root.size() > base::limits::senml_records_per_message_max) return too_many();
    Pack pack(scope, arrival);
    for (std::size_t i = 0; i < root.size(); ++i) {
        if (auto added = pack.add(root[i], "/" + std::to_string(i)); !added)
            return std::unexpected(std::move(added).error());
    }
    return pack.finish();
}

}  // namespace vigie::ingest
