// Units of SenML (RFC 8428, section 12.1, and RFC 8798) and of our kinds, and what lies between.
#pragma once

#include <optional>
#include <string_view>

namespace vigie::ingest {

// The value in the property's unit; nothing when the one unit says nothing about the other.
[[nodiscard]] std::optional<double> in_unit(double value, std::string_view senml_unit,
                                            std::string_view property_unit);

}  // namespace vigie::ingest
