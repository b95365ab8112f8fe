#include "assets/feature_lines.hpp"

#include <algorithm>
#include <tuple>

#include "vigie/assets/import.hpp"

namespace vigie::assets {

namespace {

constexpr std::string_view list_name = "features";
// Inside the collection, and inside its list.
constexpr int collection_depth = 1;
constexpr int list_depth = 2;

class FeatureWalk {
public:
    explicit FeatureWalk(std::string_view text) : text_(text) {}

    std::vector<std::size_t> walk() {
        for (; at_ < text_.size(); ++at_)
            take(text_[at_]);
        return std::move(lines_);
    }

private:
    void take(char c) {
        if (c == '\n') ++line_;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') return;
        const bool in_list = in_list_ && depth_ == list_depth;
        if (in_list && due_ && c != ']') {
            lines_.push_back(line_);
            due_ = false;
        }
        switch (c) {
            case '"':
                take_string();
                return;
            case '[':
            case '{':
                open(c);
                return;
            case ']':
            case '}':
                if (in_list) in_list_ = false;
                --depth_;
                return;
            case ',':
                due_ = in_list;
                return;
            default:
                return;
        }
    }

    // At the opening quote; leaves the closing one to be stepped over. No line ends in a string.
    void take_string() {
        const std::size_t start = at_ + 1;
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
            at_ += text_[at_] == '\\' ? 1 : 0;
        if (depth_ == collection_depth) last_ = text_.substr(start, at_ - start);
    }

    // Of two lists of that name the later one counts, as for whoever read the file.
    void open(char c) {
        if (depth_ == collection_depth && last_ == list_name && c == '[') {
            in_list_ = due_ = true;
            lines_.clear();
        }
        ++depth_;
    }

    std::string_view text_;
    std::size_t at_{};
    std::size_t line_{1};
    int depth_{};
    std::string_view last_;  // string of the collection itself: before a list, that is its name
    bool in_list_{};
    bool due_{};  // a feature begins with the next byte that is not blank
    std::vector<std::size_t> lines_;
};

}  // namespace

std::vector<std::size_t> feature_lines(std::string_view text) {
    return FeatureWalk(text).walk();
}

void place_refusals(std::string_view text, ImportReport& report) {
    if (report.refused.empty()) return;
    const auto lines = report.csv ? std::vector<std::size_t>{} : feature_lines(text);
    for (Refusal& refusal : report.refused) {
        if (report.csv) refusal.line = refusal.number;
        if (refusal.number > 0 && refusal.number <= lines.size())
            refusal.line = lines[refusal.number - 1];
    }
    std::ranges::sort(report.refused, {},
                      [](const Refusal& each) { return std::tie(each.number, each.code); });
}

}  // namespace vigie::assets
