#include "tests/fuzz/payloads.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vigie::ingest::check_payload({reinterpret_cast<const char*>(data), size},
                                 vigie::ingest::Format::senml);
    return 0;
}
