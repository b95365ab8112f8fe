#include <nlohmann/json.hpp>

#include "vigie/api/body.hpp"
#include "vigie/base/json_depth.hpp"
#include "vigie/base/text.hpp"

namespace vigie::api {

namespace {

base::Error not_json(std::string_view text, std::size_t at) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i < std::min(at, text.size()); ++i) {
        ++column;
        if (text[i] == '\n') {
            ++line;
            column = 1;
        }
    }
    const std::string l = std::to_string(line);
    const std::string c = std::to_string(column);
    return base::fail(base::Errc::malformed, "not JSON, at line " + l + ", column " + c,
                      "pas du JSON, ligne " + l + ", colonne " + c);
}

}  // namespace

base::Result<std::shared_ptr<const nlohmann::json>> parse_json(std::string_view text) {
    using nlohmann::json;
    if (!base::is_utf8(text))
        return base::fail(base::Errc::malformed, "not UTF-8", "pas de l'UTF-8");
    if (base::nests_deeper_than(text, json_depth_max)) {
        const std::string max = std::to_string(json_depth_max);
        return base::fail(base::Errc::malformed, "more than " + max + " levels deep",
                          "plus de " + max + " niveaux d'imbrication");
    }
    try {
        return std::make_shared<const json>(json::parse(text));
    } catch (const json::parse_error& error) {
        return not_json(text, error.byte == 0 ? 0 : error.byte - 1);
    } catch (const json::exception&) {
        return base::fail(base::Errc::malformed, "a number is out of range",
                          "un nombre est hors limites");
    }
}

}  // namespace vigie::api
