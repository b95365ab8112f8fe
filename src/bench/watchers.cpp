#include "bench/watchers.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "vigie/base/time.hpp"

namespace vigie::bench {

namespace {

std::vector<std::vector<std::string>> subscriptions_to(
    const std::vector<std::vector<std::string>>& filters) {
    std::vector<std::vector<std::string>> said(filters.size());
    for (std::size_t i = 0; i < filters.size(); ++i) {
        for (std::size_t number = 0; number < filters[i].size(); ++number) {
            said[i].push_back(
                fmt::format(R"({{"type":"subscribe","id":"v{}","topic":"values","filter":{}}})",
                            number, filters[i][number]));
        }
    }
    return said;
}

}  // namespace

Watchers::Watchers(std::uint16_t port, const std::string& cookie,
                   const std::vector<std::vector<std::string>>& filters, Spoken& spoken)
    : spoken_(spoken), links_(port, cookie, subscriptions_to(filters), [this](auto text, auto now) {
          take(text, now);
      }) {}

void Watchers::begin() {
    const std::lock_guard lock(mutex_);
    latency_.clear();
    messages_ = 0;
}

Latency Watchers::latency() const {
    const std::lock_guard lock(mutex_);
    return latency_;
}

void Watchers::take(std::string_view text, Spoken::Steady::time_point now) {
    if (!text.starts_with(R"({"type":"delta")")) return;
    ++messages_;
    const auto message = nlohmann::json::parse(text);
    for (const auto& row : message.at("rows")) {
        const auto at = base::parse_rfc3339(row.value("observed_at", ""));
        if (!at) continue;
        const auto took = spoken_.heard(row.at("code"), base::epoch_ms(*at), now);
        if (!took) continue;
        const std::lock_guard lock(mutex_);
        latency_.add(*took);
    }
}

}  // namespace vigie::bench
