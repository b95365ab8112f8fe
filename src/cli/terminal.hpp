// What a person at a terminal sees.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace vigie::cli {

// Columns as wide as their widest cell; two blanks between.
class Table {
public:
    explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] std::size_t size() const { return rows_.size() - 1; }
    void print(std::ostream& out) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

// One line on standard error that is drawn over itself; nothing when that is no terminal.
class ProgressLine {
public:
    explicit ProgressLine(bool wanted);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    void bar(std::string_view label, std::size_t done, std::size_t of);
    void phase(std::string_view label);

private:
    void draw(const std::string& text);
    bool wanted_;
    std::size_t width_{};
    std::size_t turns_{};
};

// "[#########.......] 56 %"
[[nodiscard]] std::string bar_text(std::size_t done, std::size_t of);
// How many columns a text takes, roughly: its code points.
[[nodiscard]] std::size_t columns(std::string_view utf8);

}  // namespace vigie::cli
