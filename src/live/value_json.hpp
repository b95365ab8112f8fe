// A value as the contract shows it: number, boolean, code or [longitude, latitude].
#pragma once

#include <span>
#include <string>

#include "vigie/assets/kind.hpp"

namespace vigie::live {

// The value of `property` among the values of its layout; null when it is not there.
void append_value(std::string& out, const assets::Property& property,
                  std::span<const double> values);

}  // namespace vigie::live
