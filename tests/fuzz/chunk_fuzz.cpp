// Any bytes, made a chunk by their checksum: no crash, no more memory than the limits allow; and
// what is understood, packed again, is understood the same way.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "vigie/store/chunk.hpp"

namespace store = vigie::store;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    (void)store::decode_chunk(bytes);
    const auto frames = store::decode_chunk(store::with_checksum(bytes));
    if (!frames) return 0;
    const auto again = store::decode_chunk(store::encode_chunk(*frames));
    if (!again || *again != *frames) std::abort();
    return 0;
}
