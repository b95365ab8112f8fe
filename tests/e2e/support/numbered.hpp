// Observations that follow from their number alone: a key of its own for each, and values that show
// whose they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/support/device.hpp"
#include "vigie/base/time.hpp"

namespace vigie::e2e {

// Light points in turn, a step further after each turn.
class Numbered {
public:
    Numbered(std::vector<std::string> assets, base::Instant start, base::Duration step)
        : assets_(std::move(assets)), start_(start), step_(step) {}

    [[nodiscard]] const std::string& asset(std::size_t number) const;
    [[nodiscard]] base::Instant observed_at(std::size_t number) const;
    [[nodiscard]] std::string payload(std::size_t number) const;
    [[nodiscard]] Device::Message message(std::size_t number) const;

    struct Values {
        double power_w{};
        double burning_hours_h{};
        double lamp_on{};
        std::string fault;
        friend bool operator==(const Values&, const Values&) = default;
    };
    [[nodiscard]] static Values values(std::size_t number);

private:
    std::vector<std::string> assets_;
    base::Instant start_;
    base::Duration step_;
};

// A light point's row, as the database holds it.
struct StoredRow {
    std::string asset;
    std::int64_t observed_at_us{};
    Numbered::Values values;
};

// All rows of assets whose code begins so, in [from, to].
[[nodiscard]] std::vector<StoredRow> stored_rows(const Installation& city,
                                                 const std::string& code_prefix, base::Instant from,
                                                 base::Instant to);

}  // namespace vigie::e2e
