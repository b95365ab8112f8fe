// What a device answers to a command, and the topic it answers on: no crash; what is taken fits its
// limits, and what is refused says why in a text that PostgreSQL takes.
#include <algorithm>

#include "tests/fuzz/payloads.hpp"
#include "vigie/ingest/command_taker.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vigie;
    using ingest::demand;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto arrived = base::from_epoch_ms(1'795'348'800'000);
    if (const auto read = ingest::decode_result(text, arrived)) {
        demand(base::is_utf8(read->detail) && read->detail.find('\0') == std::string::npos);
        demand(read->detail.size() <= 4 * ingest::result_detail_chars_max);
        demand(read->at <= arrived + base::limits::observation_ahead_max);
        demand(ingest::result_status_from(to_string(read->status)) == read->status);
    } else {
        const auto& refusal = read.error();
        for (const auto* said : {&refusal.pointer, &refusal.detail.en, &refusal.detail.fr})
            demand(base::is_utf8(*said) && said->find('\0') == std::string::npos);
        demand(refusal.pointer.empty() || refusal.pointer.front() == '/');
        demand(!refusal.detail.en.empty() && !refusal.detail.fr.empty());
    }
    if (const auto topic = ingest::result_topic(text)) {
        demand(!topic->asset.empty() && !topic->command.empty());
        demand(ingest::command_topic(topic->asset) + "/" + std::string(topic->command) +
                   "/result" ==
               text);
    }
    return 0;
}
