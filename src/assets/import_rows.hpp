// From the rows of a file to assets as the file wants them: which field means what, values checked
// against the kind. Pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/assets/import.hpp"
#include "vigie/assets/source_file.hpp"

namespace vigie::assets {

// What is absent here the file does not speak of: what is known stays.
struct ImportRow {
    std::size_t number{};
    std::string code;
    base::LonLat place;
    std::optional<std::string> street;
    std::optional<LifeStage> life_stage;
    std::optional<std::string> power_parent;               // empty: none
    std::optional<std::string> communication_parent;       // empty: none
    nlohmann::json attributes = nlohmann::json::object();  // null takes one away
};

struct ImportRows {
    std::vector<ImportRow> rows;
    std::vector<Refusal> refused;
    std::vector<std::string> ignored_fields;
};

// invalid: a field that the file does not have or a target that the kind does not have is mapped.
[[nodiscard]] base::Result<ImportRows> rows_for(const Kind& kind, SourceFile file,
                                                const AssetImport& wish);

// The value as it is kept, or why it is not one.
[[nodiscard]] base::Result<nlohmann::json> attribute_value(const Attribute& attribute,
                                                           const FieldValue& value);

}  // namespace vigie::assets
