#include "cli/terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>

namespace vigie::cli {

namespace {
constexpr std::size_t bar_columns = 30;
}

std::size_t columns(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void Table::print(std::ostream& out) const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], columns(row[i]));
    }
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) line += std::string(widths[i] - columns(row[i]) + 2, ' ');
        }
        out << line << "\n";
    }
}

std::string bar_text(std::size_t done, std::size_t of) {
    const std::size_t percent = of == 0 ? 100 : std::min<std::size_t>(100, done * 100 / of);
    const std::size_t full = percent * bar_columns / 100;
    return "[" + std::string(full, '#') + std::string(bar_columns - full, '.') + "] " +
           std::to_string(percent) + " %";
}

ProgressLine::ProgressLine(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
    if (wanted_ && width_ > 0) std::cerr << "\r" << std::string(width_, ' ') << "\r" << std::flush;
}

void ProgressLine::bar(std::string_view label, std::size_t done, std::size_t of) {
    draw(std::string(label) + " " + bar_text(done, of));
}

void ProgressLine::phase(std::string_view label) {
    constexpr std::array turning{'|', '/', '-', '\\'};
    draw(std::string(label) + " " + turning[turns_++ % turning.size()]);
}

void ProgressLine::draw(const std::string& text) {
    if (!wanted_) return;
    const std::size_t width = columns(text);
    const std::size_t rest = width_ > width ? width_ - width : 0;
    std::cerr << "\r" << text << std::string(rest, ' ') << std::flush;
    width_ = width;
}

}  // namespace vigie::cli
