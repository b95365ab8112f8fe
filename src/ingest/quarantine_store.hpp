#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"

namespace vigie::ingest {

struct QuarantineRow {
    std::int64_t id{};
    base::Instant received_at;
    std::string credential;
    std::string channel;
    std::string topic;
    std::string reason;
    std::string detail;
    std::string payload;
};

// Newest first, before `before_id`.
[[nodiscard]] std::vector<QuarantineRow> list_quarantine(store::Transaction& tx,
                                                         std::int64_t before_id,
                                                         const std::string& reason,
                                                         std::size_t limit);
[[nodiscard]] std::optional<QuarantineRow> find_quarantine(store::Transaction& tx, std::int64_t id);
void delete_quarantine(store::Transaction& tx, std::int64_t id);

}  // namespace vigie::ingest
