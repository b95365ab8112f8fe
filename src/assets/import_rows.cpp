#include "assets/import_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "assets/place_code.hpp"
#include "vigie/assets/field_choice.hpp"
#include "vigie/base/text.hpp"

namespace vigie::assets {

namespace {

using base::Errc;
using base::Text;
using nlohmann::json;

std::string listed(const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words)
        list += (list.empty() ? "" : ", ") + word;
    return list;
}

// target -> the field that carries it
using Sources = std::map<std::string, std::string>;

base::Result<void> check_code_options(const SourceFile& file, const AssetImport& wish) {
    if (wish.code_from && !file.has(*wish.code_from))
        return base::fail_at(Errc::invalid, "code_from",
                             "the file has no field \"" + *wish.code_from + "\"",
                             "le fichier n'a pas de champ « " + *wish.code_from + " »");
    if (wish.code_prefix && (!base::is_code(*wish.code_prefix) || wish.code_prefix->size() > 40))
        return base::fail_at(Errc::invalid, "code_prefix",
                             "must be 1 to 40 of A-Z a-z 0-9 - _ . :, not beginning with - or .",
                             "doit compter 1 à 40 caractères parmi A-Z a-z 0-9 - _ . :, sans "
                             "commencer par - ou .");
    return {};
}

base::Result<Sources> sources_of(const Kind& kind, const SourceFile& file,
                                 const AssetImport& wish) {
    if (auto good = check_code_options(file, wish); !good) return std::move(good).error();
    std::vector<FieldWish> wishes{{"code", {"code"}},
                                  {"lon", {"lon", "longitude"}},
                                  {"lat", {"lat", "latitude"}},
                                  {"street", {"street"}},
                                  {"life_stage", {"life_stage"}},
                                  {"power_parent", {"power_parent"}},
                                  {"communication_parent", {"communication_parent"}}};
    for (const Attribute& attribute : kind.attributes)
        wishes.push_back({attribute.code, {attribute.code}});
    auto sources = choose_fields(file, wish.map, wishes);
    if (!sources) return sources;
    if (wish.code_from) (*sources)["code"] = *wish.code_from;
    if (wish.code_prefix && !wish.code_from) sources->erase("code");
    return sources;
}

Text wrong_attribute(const Attribute& attribute) {
    switch (attribute.type) {
        case AttributeType::boolean:
            return {"must be true or false", "doit être vrai ou faux"};
        case AttributeType::code:
            return {"must be one of " + listed(attribute.codes),
                    "doit être l'un de " + listed(attribute.codes)};
        case AttributeType::text:
            return {"must be a text of at most 4000 characters",
                    "doit être un texte d'au plus 4000 caractères"};
        case AttributeType::number:
            break;
    }
    const std::string low = attribute.min ? fmt::format("{}", *attribute.min) : "";
    const std::string high = attribute.max ? fmt::format("{}", *attribute.max) : "";
    Text text{"must be a number", "doit être un nombre"};
    if (!low.empty()) text.en += ", at least " + low;
    if (!low.empty()) text.fr += ", au moins " + low;
    if (!high.empty()) text.en += ", at most " + high;
    if (!high.empty()) text.fr += ", au plus " + high;
    return text;
}

std::optional<json> checked(const Attribute& attribute, const FieldValue& value) {
    if (attribute.type == AttributeType::boolean) {
        const auto truth = truth_in(value);
        return truth ? std::optional<json>(*truth) : std::nullopt;
    }
    if (attribute.type == AttributeType::number) {
        const auto number = number_in(value);
        const bool good = number && (!attribute.min || *number >= *attribute.min) &&
                          (!attribute.max || *number <= *attribute.max);
        if (!good) return std::nullopt;
        const bool whole = std::abs(*number) < 1e15 && std::trunc(*number) == *number;
        return whole ? json(static_cast<std::int64_t>(*number)) : json(*number);
    }
    std::string text = text_in(value);
    const bool known = std::ranges::find(attribute.codes, text) != attribute.codes.end();
    if (attribute.type == AttributeType::code && !known) return std::nullopt;
    if (text.size() > 4000) return std::nullopt;
    return json(std::move(text));
}

// Reads one row; stops at the first thing that is wrong with it.
class RowReader {
public:
    RowReader(const Kind& kind, const Sources& sources, const AssetImport& wish)
        : kind_(kind), sources_(sources), wish_(wish) {}

    // Nothing: `reason` says why.
    std::optional<ImportRow> read(const SourceRow& from, Text& reason, std::string& code) {
        ImportRow row;
        row.number = from.number;
        if (!read_code(from, row, reason)) return std::nullopt;
        code = row.code;
        if (!read_place(from, row, reason) || !read_stage(from, row, reason)) return std::nullopt;
        row.street = text_of(from, "street");
        row.power_parent = text_of(from, "power_parent");
        row.communication_parent = text_of(from, "communication_parent");
        if (!read_attributes(from, row, reason)) return std::nullopt;
        return row;
    }

private:
    // Nothing when the row does not speak of the target.
    [[nodiscard]] const FieldValue* value_of(const SourceRow& from,
                                             const std::string& target) const {
        const auto source = sources_.find(target);
        return source == sources_.end() ? nullptr : from.field(source->second);
    }
    [[nodiscard]] std::optional<std::string> text_of(const SourceRow& from,
                                                     const std::string& target) const {
        const FieldValue* value = value_of(from, target);
        return value ? std::optional(text_in(*value)) : std::nullopt;
    }

    bool read_code(const SourceRow& from, ImportRow& row, Text& reason) const {
        const bool by_place = wish_.code_prefix && !wish_.code_from;
        if (by_place) return true;  // given once all rows are known
        const std::string prefix = wish_.code_prefix.value_or("");
        const std::string found = text_of(from, "code").value_or("");
        row.code = prefix + found;
        if (!found.empty() && base::is_code(row.code)) return true;
        reason = found.empty()
                     ? Text{"has no code", "n'a pas de code"}
                     : Text{"\"" + row.code + "\" is not a code: 1 to 64 of A-Z a-z 0-9 - _ . :",
                            "« " + row.code +
                                " » n'est pas un code : 1 à 64 caractères parmi "
                                "A-Z a-z 0-9 - _ . :"};
        return false;
    }

    bool read_place(const SourceRow& from, ImportRow& row, Text& reason) const {
        if (from.geometry.point) {
            row.place = *from.geometry.point;
            return true;
        }
        const FieldValue* lon = value_of(from, "lon");
        const FieldValue* lat = value_of(from, "lat");
        const auto x = lon ? number_in(*lon) : std::nullopt;
        const auto y = lat ? number_in(*lat) : std::nullopt;
        reason = {"has no position: a Point, or lon and lat in degrees",
                  "n'a pas de position : un Point, ou lon et lat en degrés"};
        if (!x || !y) return false;
        row.place = {*x, *y};
        return base::valid(row.place);
    }

    bool read_stage(const SourceRow& from, ImportRow& row, Text& reason) const {
        const auto text = text_of(from, "life_stage");
        if (!text || text->empty()) return true;
        row.life_stage = life_stage_from(*text);
        reason = {"/life_stage: must be one of planned, works, in_service, removed",
                  "/life_stage : doit être l'un de planned, works, in_service, removed"};
        return row.life_stage.has_value();
    }

    bool read_attributes(const SourceRow& from, ImportRow& row, Text& reason) const {
        for (const Attribute& attribute : kind_.attributes) {
            const FieldValue* value = value_of(from, attribute.code);
            if (!value) continue;
            if (text_in(*value).empty()) {
                row.attributes[attribute.code] = nullptr;
                continue;
            }
            auto kept = attribute_value(attribute, *value);
            if (!kept) {
                reason = kept.error().detail;
                return false;
            }
            row.attributes[attribute.code] = std::move(*kept);
        }
        return true;
    }

    const Kind& kind_;
    const Sources& sources_;
    const AssetImport& wish_;
};

void refuse_repeated_codes(ImportRows& found, bool csv) {
    std::map<std::string, std::size_t> first;
    std::erase_if(found.rows, [&](const ImportRow& row) {
        const auto [place, fresh] = first.emplace(row.code, row.number);
        if (fresh) return false;
        const std::string number = (csv ? " line " : " feature ") + std::to_string(place->second);
        const std::string french = (csv ? " ligne " : " feature ") + std::to_string(place->second);
        found.refused.push_back({row.number,
                                 row.code,
                                 {"the code " + row.code + " is already at" + number,
                                  "le code " + row.code + " figure déjà en" + french}});
        return true;
    });
}

}  // namespace

base::Result<json> attribute_value(const Attribute& attribute, const FieldValue& value) {
    if (auto kept = checked(attribute, value)) return std::move(*kept);
    const Text wrong = wrong_attribute(attribute);
    const std::string pointer = "/attributes/" + attribute.code;
    return base::fail_at(Errc::invalid, pointer, pointer + ": " + wrong.en,
                         pointer + " : " + wrong.fr);
}

base::Result<ImportRows> rows_for(const Kind& kind, SourceFile file, const AssetImport& wish) {
    auto sources = sources_of(kind, file, wish);
    if (!sources) return std::move(sources).error();
    ImportRows found;
    found.refused = std::move(file.refused);
    RowReader reader(kind, *sources, wish);
    for (const SourceRow& row : file.rows) {
        Text reason;
        std::string code;
        if (auto read = reader.read(row, reason, code)) {
            found.rows.push_back(std::move(*read));
        } else {
            found.refused.push_back({row.number, code, reason});
        }
    }
    if (wish.code_prefix && !wish.code_from) give_place_codes(*wish.code_prefix, found.rows);
    refuse_repeated_codes(found, file.csv);
    found.ignored_fields = ignored_fields(file, *sources);
    return found;
}

}  // namespace vigie::assets
