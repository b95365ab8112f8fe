// Any bytes, as a stream of packets in both versions: no crash; and what is understood, written
// again, is understood the same way.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "vigie/base/limits.hpp"
#include "vigie/wire/mqtt/packets.hpp"

namespace mqtt = vigie::wire::mqtt;

namespace {

void check_again(const mqtt::Packet& packet, mqtt::Version version) {
    // CONNECT says its version itself.
    if (const auto* connect = std::get_if<mqtt::Connect>(&packet)) version = connect->version;
    std::string written;
    mqtt::encode(packet, version, written);
    const auto frame = mqtt::next_frame(written, mqtt::remaining_length_max);
    if (!frame || !*frame || (*frame)->bytes != written.size()) std::abort();
    const auto again = mqtt::decode(**frame, version);
    if (!again || again->index() != packet.index()) std::abort();
    std::string twice;
    mqtt::encode(*again, version, twice);
    if (twice != written) std::abort();
}

void read_stream(std::string_view stream, mqtt::Version version) {
    while (true) {
        const auto frame = mqtt::next_frame(stream, vigie::base::limits::mqtt_packet_bytes_max);
        if (!frame || !*frame) return;
        const auto packet = mqtt::decode(**frame, version);
        if (packet) check_again(*packet, version);
        stream.remove_prefix((*frame)->bytes);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view stream{reinterpret_cast<const char*>(data), size};
    read_stream(stream, mqtt::Version::v3_1_1);
    read_stream(stream, mqtt::Version::v5);
    return 0;
}
