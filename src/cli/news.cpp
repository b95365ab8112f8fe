#include "cli/news.hpp"

#include <algorithm>
#include <map>

#include "cli/session.hpp"

namespace vigie::cli {

using nlohmann::json;

namespace {

constexpr const char* look_page_rows = "1000";

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
    json rows = json::array();
    std::string until;
    for (std::string next;;) {
        Query query = filter_;
        query.push_back(from_);
        query.emplace_back("limit", look_page_rows);
        if (!next.empty()) {
            query.emplace_back("until", until);
            query.emplace_back("cursor", next);
        }
        DoorReply reply = door_.get(target("/admin/v1/live", query));
        if (!reply.ok()) return reply;
        until = cell(reply.body, "until");
        for (json& row : reply.body["rows"])
            rows.push_back(std::move(row));
        next = cell(reply.body, "next");
        if (!next.empty()) continue;
        from_ = {"after", until};
        reply.body = {{"rows", std::move(rows)}};
        return reply;
    }
}

std::vector<NewsLine> news_lines(const json& rows) {
    std::vector<NewsLine> lines;
    for (const json& row : rows)
        add_lines(row, lines);
    std::ranges::sort(lines);
    return lines;
}

}  // namespace vigie::cli
