// How deep a JSON text nests, told before anything is built from it.
#pragma once

#include <cstddef>
#include <string_view>

namespace vigie::base {

// Whether more than `depth_max` objects and arrays stand inside one another; brackets within texts
// do not count. One pass without memory: building the tree of a hostile payload is what must not
// happen, and the parser's own callback takes time with the square of an array's length. What is no
// JSON gets some answer; the parser then says what is wrong with it.
[[nodiscard]] bool nests_deeper_than(std::string_view json, std::size_t depth_max);

}  // namespace vigie::base
