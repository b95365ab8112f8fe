// What assets say, look by look: each value once, however late it comes.
#pragma once

#include "cli/admin_door.hpp"
#include "vigie/base/time.hpp"

namespace vigie::cli {

class News {
public:
    // Of the assets that `filter` names; the first look is at what was observed after `since`.
    News(AdminDoor door, Query filter, base::Instant since);

    // What came since the look before: all of it, page by page. The body has "rows": [LiveAsset
    // with the new values], by code; or it is the refusal.
    [[nodiscard]] DoorReply look();

private:
    AdminDoor door_;
    Query filter_;
    std::pair<std::string, std::string> from_;  // where the next look begins
};

// A row of a look as lines, one for each instant at which something was observed.
struct NewsLine {
    base::Instant observed;
    std::string text;  // "2026-11-22T18:00:00Z  FEUX-012  mode=plan  plan=7"
    friend auto operator<=>(const NewsLine&, const NewsLine&) = default;
};
// In the order in which they were observed.
[[nodiscard]] std::vector<NewsLine> news_lines(const nlohmann::json& rows);

}  // namespace vigie::cli
