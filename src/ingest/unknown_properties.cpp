#include "vigie/ingest/unknown_properties.hpp"

#include <nlohmann/json.hpp>

namespace vigie::ingest {

void UnknownProperties::add(const std::map<UnknownProperty, std::size_t>& seen, base::Instant at) {
    if (seen.empty()) return;
    const std::lock_guard lock(mutex_);
    for (const auto& [what, values] : seen) {
        const auto known = by_name_.find(what);
        if (known != by_name_.end()) {
            rows_.splice(rows_.begin(), rows_, known->second);
        } else {
            if (rows_.size() == unknown_properties_max) {
                by_name_.erase(rows_.back().what);
                rows_.pop_back();
            }
            rows_.push_front({what, 0, at, at});
            by_name_.emplace(what, rows_.begin());
        }
        rows_.front().values += values;
        rows_.front().last_at = at;
    }
}

std::vector<UnknownProperties::Row> UnknownProperties::rows() const {
    const std::lock_guard lock(mutex_);
    return {rows_.begin(), rows_.end()};
}

void add_unknown_property_routes(api::Router& admin, const UnknownProperties& unknown) {
    admin.handle("GET", "/admin/v1/unknown-properties", api::view("ingest"),
                 [&unknown](api::Request) -> boost::asio::awaitable<api::Answer> {
                     nlohmann::json rows = nlohmann::json::array();
                     for (const auto& row : unknown.rows())
                         rows.push_back({{"asset", row.what.asset},
                                         {"property", row.what.property},
                                         {"values", row.values},
                                         {"first_at", base::to_rfc3339(row.first_at)},
                                         {"last_at", base::to_rfc3339(row.last_at)}});
                     co_return api::json_response(200, {{"rows", std::move(rows)}});
                 });
}

}  // namespace vigie::ingest
