// Reading a TOML table strictly: every key is asked for by name, and what was not asked for is an
// error. Errors are collected, not thrown, so that a person sees all of them at once.
#pragma once

#include <toml++/toml.h>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/result.hpp"

namespace vigie::assets {

class TomlFindings {
public:
    explicit TomlFindings(std::string file) : file_(std::move(file)) {}
    void add(const std::string& pointer, unsigned line, const base::Text& reason);
    [[nodiscard]] bool empty() const { return error_.fields.empty(); }
    [[nodiscard]] const base::Error& error() const { return error_; }

private:
    std::string file_;
    base::Error error_;
};

class TomlTable {
public:
    TomlTable(const toml::table& table, std::string pointer, TomlFindings& findings)
        : table_(table), pointer_(std::move(pointer)), findings_(findings) {}

    [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
    // A required text answers "" when it is missing; that is an error already noted.
    std::string text(std::string_view key);
    std::string text_or(std::string_view key, std::string otherwise);
    std::string code(std::string_view key);
    std::optional<double> number(std::string_view key);
    // A whole number within [min, max]; `otherwise` when absent.
    std::int64_t integer_or(std::string_view key, std::int64_t otherwise, std::int64_t min,
                            std::int64_t max);
    bool boolean_or(std::string_view key, bool otherwise);
    // { en = "...", fr = "..." }: both are demanded.
    base::Text bilingual(std::string_view key);
    // One of the words, answered by its place in `words`.
    std::optional<std::size_t> word(std::string_view key, const std::vector<std::string>& words,
                                    bool required);
    const toml::array* array(std::string_view key);
    // [[key]] sections, in the order of the file.
    std::vector<TomlTable> tables(std::string_view key);

    void wrong(std::string_view key, const std::string& en, const std::string& fr);
    void wrong_at(const std::string& pointer, const toml::node& node, const std::string& en,
                  const std::string& fr);
    // Keys that cannot be judged because of an error already noted.
    void overlook(std::initializer_list<const char*> keys) {
        asked_.insert(asked_.end(), keys.begin(), keys.end());
    }
    // To be called last: whatever was not asked for is unknown.
    void refuse_unknown();
    [[nodiscard]] std::string at(std::string_view key) const;

private:
    const toml::node* ask(std::string_view key);
    void missing(std::string_view key);
    [[nodiscard]] unsigned line_of(std::string_view key) const;

    const toml::table& table_;
    std::string pointer_;
    TomlFindings& findings_;
    std::vector<std::string> asked_;
};

}  // namespace vigie::assets
