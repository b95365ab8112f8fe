// Which properties that their kind does not know which assets speak of: how city IT finds the
// device. In memory, since the start; beyond unknown_properties_max the one that was
// silent longest makes room.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <vector>

#include "vigie/api/router.hpp"
#include "vigie/base/time.hpp"
#include "vigie/ingest/decode.hpp"

namespace vigie::ingest {

inline constexpr std::size_t unknown_properties_max = 1'000;

class UnknownProperties {
public:
    struct Row {
        UnknownProperty what;
        std::uint64_t values{};
        base::Instant first_at;
        base::Instant last_at;
    };
    void add(const std::map<UnknownProperty, std::size_t>& seen, base::Instant at);
    // The one heard last comes first.
    [[nodiscard]] std::vector<Row> rows() const;

private:
    mutable std::mutex mutex_;
    std::list<Row> rows_;
    std::map<UnknownProperty, std::list<Row>::iterator> by_name_;
};

// GET /admin/v1/unknown-properties: all of them, {"rows": [{"asset", "property", "values",
// "first_at", "last_at"}]}.
void add_unknown_property_routes(api::Router& admin, const UnknownProperties& unknown);

}  // namespace vigie::ingest
