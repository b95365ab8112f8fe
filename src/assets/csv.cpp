#include "assets/csv.hpp"

#include <algorithm>
#include <array>

#include "vigie/base/text.hpp"

namespace vigie::assets {

namespace {

// The separator that stands most often outside quotes in the first line.
char separator_of(std::string_view text) {
    constexpr std::array candidates{',', ';', '\t'};
    std::array<std::size_t, 3> counts{};
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (c == '\n' && !quoted) break;
        for (std::size_t i = 0; i < candidates.size() && !quoted; ++i)
            counts[i] += c == candidates[i] ? 1U : 0U;
    }
    const auto most = std::ranges::max_element(counts);
    return candidates[static_cast<std::size_t>(most - counts.begin())];
}

// Reads record after record; a quoted cell may hold separators, line ends and doubled quotes.
class CsvReader {
public:
    CsvReader(std::string_view text, char separator) : text_(text), separator_(separator) {}

    [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
    [[nodiscard]] std::size_t line() const { return line_; }
    [[nodiscard]] bool unclosed() const { return unclosed_; }

    std::vector<std::string> record() {
        std::vector<std::string> cells;
        for (;;) {
            cells.push_back(cell());
            if (at_end() || text_[at_] != separator_) break;
            ++at_;
        }
        if (!at_end() && text_[at_] == '\r') ++at_;
        if (!at_end() && text_[at_] == '\n') next_line();
        return cells;
    }

private:
    void next_line() {
        ++at_;
        ++line_;
    }

    std::string cell() {
        std::string value;
        if (!at_end() && text_[at_] == '"') {
            quoted(value);
        }
        // What follows a closing quote belongs to the cell all the same: such files exist.
        while (!at_end() && text_[at_] != separator_ && text_[at_] != '\n' && !at_line_end())
            value += text_[at_++];
        return value;
    }

    [[nodiscard]] bool at_line_end() const {
        return text_[at_] == '\r' && (at_ + 1 >= text_.size() || text_[at_ + 1] == '\n');
    }

    void quoted(std::string& value) {
        ++at_;
        while (!at_end()) {
            const char c = text_[at_];
            if (c == '"' && at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
                value += '"';
                at_ += 2;
                continue;
            }
            if (c == '"') {
                ++at_;
                return;
            }
            if (c == '\n') ++line_;
            value += c;
            ++at_;
        }
        unclosed_ = true;
    }

    std::string_view text_;
    char separator_;
    std::size_t at_{};
    std::size_t line_{1};
    bool unclosed_{};
};

// "NBRE_PLACE,N,4,0" is a dBASE column: name, type, width, decimals.
std::string column_name(const std::string& cell) {
    const std::string_view whole = base::trimmed(cell);
    return std::string(base::trimmed(whole.substr(0, whole.find(','))));
}

void read_row(const std::vector<std::string>& cells, std::size_t line, SourceFile& file) {
    const bool blank = cells.size() == 1 && base::trimmed(cells[0]).empty();
    if (blank) return;
    if (cells.size() > file.names.size()) {
        const std::string found = std::to_string(cells.size());
        const std::string wanted = std::to_string(file.names.size());
        file.refused.push_back({line,
                                "",
                                {found + " cells where the header has " + wanted,
                                 found + " cellules alors que l'en-tête en a " + wanted}});
        return;
    }
    SourceRow row;
    row.number = line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string_view text = base::trimmed(cells[i]);
        const bool nothing = text.empty() || text == "#N/A";
        row.fields.emplace_back(file.names[i],
                                nothing ? FieldValue{} : FieldValue{std::string(text)});
    }
    file.rows.push_back(std::move(row));
}

}  // namespace

base::Result<SourceFile> read_csv(std::string_view text) {
    CsvReader reader(text, separator_of(text));
    SourceFile file;
    file.csv = true;
    for (const std::string& cell : reader.record())
        file.names.push_back(column_name(cell));
    while (!reader.at_end()) {
        const std::size_t line = reader.line();
        const auto cells = reader.record();
        if (reader.unclosed()) {
            const std::string number = std::to_string(line);
            return base::fail(base::Errc::malformed,
                              "line " + number + ": a quote is opened and never closed",
                              "ligne " + number + " : un guillemet ouvert n'est jamais fermé");
        }
        read_row(cells, line, file);
    }
    return file;
}

}  // namespace vigie::assets
