#include "assets/toml_table.hpp"

#include <algorithm>
#include <cmath>

#include "vigie/base/text.hpp"

namespace vigie::assets {

void TomlFindings::add(const std::string& pointer, unsigned line, const base::Text& reason) {
    const std::string place = file_ + ":" + std::to_string(line) + ": " + pointer + ": ";
    const std::string gap = error_.fields.empty() ? "" : "\n";
    error_.detail.en += gap + place + reason.en;
    error_.detail.fr += gap + place + reason.fr;
    error_.fields.push_back({pointer, reason});
}

std::string TomlTable::at(std::string_view key) const {
    return pointer_ + "/" + std::string(key);
}

unsigned TomlTable::line_of(std::string_view key) const {
    if (const toml::node* node = table_.get(key)) return node->source().begin.line;
    return table_.source().begin.line;
}

void TomlTable::wrong(std::string_view key, const std::string& en, const std::string& fr) {
    findings_.add(at(key), line_of(key), {en, fr});
}

void TomlTable::wrong_at(const std::string& pointer, const toml::node& node, const std::string& en,
                         const std::string& fr) {
    findings_.add(pointer, node.source().begin.line, {en, fr});
}

void TomlTable::missing(std::string_view key) {
    wrong(key, "is missing", "est absent");
}

const toml::node* TomlTable::ask(std::string_view key) {
    asked_.emplace_back(key);
    return table_.get(key);
}

std::string TomlTable::text(std::string_view key) {
    if (!table_.contains(key)) {
        asked_.emplace_back(key);
        missing(key);
        return {};
    }
    return text_or(key, {});
}

std::string TomlTable::text_or(std::string_view key, std::string otherwise) {
    const toml::node* node = ask(key);
    if (!node) return otherwise;
    const auto* found = node->as_string();
    if (found && !base::trimmed(found->get()).empty()) return found->get();
    wrong(key, "must be a text that is not empty", "doit être un texte non vide");
    return otherwise;
}

std::string TomlTable::code(std::string_view key) {
    std::string found = text(key);
    const bool plain =
        found.size() <= 64 &&
        found.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    const bool starts = !found.empty() && found.front() >= 'a' && found.front() <= 'z';
    if (!found.empty() && (!plain || !starts)) {
        wrong(key, "must be 1 to 64 of a-z, 0-9 and _, beginning with a letter",
              "doit compter 1 à 64 caractères parmi a-z, 0-9 et _, et commencer par une lettre");
    }
    return found;
}

std::optional<double> TomlTable::number(std::string_view key) {
    const toml::node* node = ask(key);
    if (!node) return std::nullopt;
    const auto value = node->is_number() ? node->value<double>() : std::nullopt;
    if (value && std::isfinite(*value)) return value;
    wrong(key, "must be a number", "doit être un nombre");
    return std::nullopt;
}

std::int64_t TomlTable::integer_or(std::string_view key, std::int64_t otherwise, std::int64_t min,
                                   std::int64_t max) {
    const toml::node* node = ask(key);
    if (!node) return otherwise;
    const auto* found = node->as_integer();
    if (found && found->get() >= min && found->get() <= max) return found->get();
    const std::string low = std::to_string(min);
    const std::string high = std::to_string(max);
    wrong(key, "must be a whole number from " + low + " to " + high,
          "doit être un nombre entier de " + low + " à " + high);
    return otherwise;
}

bool TomlTable::boolean_or(std::string_view key, bool otherwise) {
    const toml::node* node = ask(key);
    if (!node) return otherwise;
    if (const auto* found = node->as_boolean()) return found->get();
    wrong(key, "must be true or false", "doit être true ou false");
    return otherwise;
}

base::Text TomlTable::bilingual(std::string_view key) {
    const toml::node* node = ask(key);
    if (!node) {
        missing(key);
        return {};
    }
    const toml::table* found = node->as_table();
    if (!found) {
        wrong(key, R"(must be { en = "...", fr = "..." })",
              R"(doit être { en = "...", fr = "..." })");
        return {};
    }
    TomlTable words(*found, at(key), findings_);
    base::Text text{words.text("en"), words.text("fr")};
    words.refuse_unknown();
    return text;
}

std::optional<std::size_t> TomlTable::word(std::string_view key,
                                           const std::vector<std::string>& words, bool required) {
    if (!required && !table_.contains(key)) {
        asked_.emplace_back(key);
        return std::nullopt;
    }
    const std::string found = text(key);
    if (found.empty()) return std::nullopt;
    const auto place = std::ranges::find(words, found);
    if (place != words.end()) return static_cast<std::size_t>(place - words.begin());
    std::string list;
    for (const std::string& each : words)
        list += (list.empty() ? "" : ", ") + each;
    wrong(key, "must be one of " + list, "doit être l'un de " + list);
    return std::nullopt;
}

const toml::array* TomlTable::array(std::string_view key) {
    const toml::node* node = ask(key);
    if (!node) return nullptr;
    if (const toml::array* found = node->as_array()) return found;
    wrong(key, "must be a list", "doit être une liste");
    return nullptr;
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
    std::vector<TomlTable> found;
    const toml::array* sections = array(key);
    for (std::size_t i = 0; sections && i < sections->size(); ++i) {
        const std::string pointer = at(key) + "/" + std::to_string(i);
        const toml::node& node = (*sections)[i];
        if (const toml::table* section = node.as_table()) {
            found.emplace_back(*section, pointer, findings_);
        } else {
            wrong_at(pointer, node, "must be a table", "doit être une table");
        }
    }
    return found;
}

void TomlTable::refuse_unknown() {
    for (const auto& [key, node] : table_) {
        if (std::ranges::find(asked_, key.str()) != asked_.end()) continue;
        wrong_at(at(key.str()), node, "is not a known key", "n'est pas une clé connue");
    }
}

}  // namespace vigie::assets
