// A file that a city hands over, GeoJSON or CSV, as rows of named fields. Pure: text in, values
// out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "vigie/base/geometry.hpp"
#include "vigie/base/result.hpp"

namespace vigie::assets {

// What a field holds. Of a CSV file only text and nothing: its types are the reader's to know.
using FieldValue = std::variant<std::monostate, bool, double, std::string>;

struct Geometry {
    std::optional<base::LonLat> point;
    std::vector<std::vector<base::LonLat>> lines;
    std::vector<base::Polygon> polygons;
};

struct SourceRow {
    std::size_t number{};  // the line in a CSV file (the header is line 1), the feature from 1
    Geometry geometry;
    std::vector<std::pair<std::string, FieldValue>> fields;

    [[nodiscard]] const FieldValue* field(std::string_view name) const;
};

// A row that was not taken, and why.
struct Refusal {
    std::size_t number{};  // as SourceRow's
    std::string code;      // empty when the row did not get as far as having one
    base::Text reason;
    std::size_t line{};  // where it begins; 0 while nobody looked
};

struct SourceFile {
    bool csv{};
    std::vector<std::string> names;  // of all fields, in the order they were met
    std::vector<SourceRow> rows;
    std::vector<Refusal> refused;
    [[nodiscard]] bool has(std::string_view name) const;
};

// GeoJSON: a FeatureCollection; points, lines and polygons and their multiples; a field that holds
// a list or an object is passed over. CSV: RFC 4180, separated by comma, semicolon or tabulator,
// whichever the header has most of; empty fields and #N/A are nothing; of a header such as
// "NAME,C,50" (dBASE) the part before the comma is the name. A byte order mark is skipped.
// malformed: neither format, or not UTF-8.
[[nodiscard]] base::Result<SourceFile> read_source(std::string_view text);

// Numbers as people write them: "43,61" and "43.61". Nothing when it is not one.
[[nodiscard]] std::optional<double> number_in(const FieldValue& value);
// Text, or the shortest text of a number; empty for nothing.
[[nodiscard]] std::string text_in(const FieldValue& value);
// true, false, 1, 0, yes, no, oui, non.
[[nodiscard]] std::optional<bool> truth_in(const FieldValue& value);

}  // namespace vigie::assets
