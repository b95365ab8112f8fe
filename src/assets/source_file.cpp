#include "vigie/assets/source_file.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "assets/csv.hpp"
#include "vigie/assets/geojson.hpp"
#include "vigie/base/text.hpp"

namespace vigie::assets {

const FieldValue* SourceRow::field(std::string_view name) const {
    for (const auto& [each, value] : fields) {
        if (each == name) return &value;
    }
    return nullptr;
}

bool SourceFile::has(std::string_view name) const {
    return std::ranges::find(names, name) != names.end();
}

base::Result<SourceFile> read_source(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (!base::is_utf8(text))
        return base::fail(base::Errc::malformed, "the file is not UTF-8: convert it first",
                          "le fichier n'est pas en UTF-8 : le convertir d'abord");
    const std::string_view content = base::trimmed(text);
    if (content.empty())
        return base::fail(base::Errc::malformed, "the file is empty", "le fichier est vide");
    return content.front() == '{' || content.front() == '[' ? read_geojson(content)
                                                            : read_csv(text);
}

std::optional<double> number_in(const FieldValue& value) {
    if (const auto* number = std::get_if<double>(&value)) return *number;
    const auto* text = std::get_if<std::string>(&value);
    if (!text) return std::nullopt;
    std::string plain(base::trimmed(*text));
    const bool decimal_comma =
        std::ranges::count(plain, ',') == 1 && plain.find('.') == std::string::npos;
    if (decimal_comma) plain[plain.find(',')] = '.';
    return base::parse_double(plain);
}

std::string text_in(const FieldValue& value) {
    if (const auto* text = std::get_if<std::string>(&value))
        return std::string(base::trimmed(*text));
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
    if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
    return {};
}

std::optional<bool> truth_in(const FieldValue& value) {
    if (const auto* truth = std::get_if<bool>(&value)) return *truth;
    const std::string text = base::folded(text_in(value));
    for (const std::string_view word : {"true", "1", "yes", "oui"}) {
        if (text == word) return true;
    }
    for (const std::string_view word : {"false", "0", "no", "non"}) {
        if (text == word) return false;
    }
    return std::nullopt;
}

}  // namespace vigie::assets
