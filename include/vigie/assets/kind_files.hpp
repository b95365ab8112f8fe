// Kinds as files: config/kinds/*.toml, one a kind. A wrong file is answered with everything that is
// wrong in it: file, line, pointer, reason.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/assets/kind.hpp"
#include "vigie/base/result.hpp"

namespace vigie::assets {

// `file` is the name that errors carry. Codes are numbered in the order of the file and positions
// are not allotted yet: load_kinds (kind_store.hpp) does both for good. Each of the error's fields
// has a JSON pointer into the file ("/property/3/unit"); its detail lists them all with their line.
[[nodiscard]] base::Result<Kind> parse_kind(std::string_view toml_text, const std::string& file);

// Every *.toml of the folder, by file name. Two files with one code are refused; no file at all
// too. The error is about all files that are wrong: the pointers of its fields have the file before
// them ("kinds/lamp.toml#/property/3/unit").
[[nodiscard]] base::Result<std::vector<Kind>> read_kinds(const std::filesystem::path& folder);

}  // namespace vigie::assets
