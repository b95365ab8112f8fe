// Settings and files of an installation that a test changes before a start.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "tests/e2e/support/installation.hpp"

namespace vigie::e2e {

inline std::string text_of_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void replace_in_settings(const Installation& city, const std::string& old_text,
                                const std::string& new_text) {
    const auto path = city.folder() / "vigie.toml";
    std::string text = text_of_file(path);
    const auto at = text.find(old_text);
    if (at == std::string::npos) throw std::runtime_error("the settings have no " + old_text);
    text.replace(at, old_text.size(), new_text);
    std::ofstream(path) << text;
}

// What a page shows between ``` and ```, found by how it begins, that line included.
inline std::string fenced_block(const std::filesystem::path& page, const std::string& beginning) {
    const std::string text = text_of_file(page);
    const auto begin = text.find(beginning);
    const auto first = text.find('\n', begin) + 1;
    const auto end = text.find("\n```", first);
    if (begin == std::string::npos || end == std::string::npos)
        throw std::runtime_error(page.string() + " has no " + beginning);
    return text.substr(first, end + 1 - first);
}

}  // namespace vigie::e2e
