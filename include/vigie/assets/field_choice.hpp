// Which field of a file carries what: as mapped, or by its usual names. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "vigie/assets/source_file.hpp"
#include "vigie/base/result.hpp"

namespace vigie::assets {

// A thing wanted from a file, and the names its field usually has.
struct FieldWish {
    std::string target;
    std::vector<std::string> usual_names;
};

// target -> field of the file, for those found. `map` is field -> target and goes first. invalid:
// the file lacks a mapped field, or a target is none of the wishes.
[[nodiscard]] base::Result<std::map<std::string, std::string>> choose_fields(
    const SourceFile& file, const std::map<std::string, std::string>& map,
    const std::vector<FieldWish>& wishes);

// Fields that nothing was taken from.
[[nodiscard]] std::vector<std::string> ignored_fields(
    const SourceFile& file, const std::map<std::string, std::string>& chosen);

}  // namespace vigie::assets
