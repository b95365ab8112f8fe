#include "cli/news.hpp"

#include <algorithm>
#include <map>

#include "cli/session.hpp"

namespace vigie::cli {

using nlohmann::json;

namespace {

void add_lines(const json& row, std::vector<NewsLine>& lines) {
    std::map<base::Instant, std::string> by_instant;
    for (const json& value : row.value("values", json::array())) {
        const auto observed = base::parse_rfc3339(cell(value, "observed_at"));
        if (!observed) continue;
        by_instant[*observed] += "  " + cell(value, "property") + "=" + cell(value, "value");
    }
    for (const auto& [observed, values] : by_instant)
        lines.push_back({observed, base::to_rfc3339(observed) + "  " + cell(row, "code") + values});
}

}  // namespace

News::News(AdminDoor door, Query filter, base::Instant since)
    : door_(std::move(door)), filter_(std::move(filter)), from_("since", base::to_rfc3339(since)) {}

DoorReply News::look() {
    Query query = filter_;
    query.push_back(from_);
    DoorReply reply = all_pages(door_, "/admin/v1/live", query, 0);
    if (reply.ok()) from_ = {"after", cell(reply.body, "until")};
    return reply;
}

std::vector<NewsLine> news_lines(const json& rows) {
    std::vector<NewsLine> lines;
    for (const json& row : rows)
        add_lines(row, lines);
    std::ranges::sort(lines);
    return lines;
}

}  // namespace vigie::cli
