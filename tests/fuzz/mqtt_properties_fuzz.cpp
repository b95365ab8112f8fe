// The first byte chooses the place, the rest are the properties: no crash; and those accepted can
// be walked to their end and built again, byte for byte.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "vigie/wire/mqtt/properties.hpp"

namespace mqtt = vigie::wire::mqtt;

namespace {

void add_again(mqtt::Properties& built, const mqtt::Property& property) {
    using Id = mqtt::PropertyId;
    switch (property.id) {
        case Id::user_property:
            built.user(property.name, property.text);
            break;
        case Id::content_type:
        case Id::response_topic:
        case Id::correlation_data:
        case Id::assigned_client_identifier:
        case Id::authentication_method:
        case Id::authentication_data:
        case Id::response_information:
        case Id::server_reference:
        case Id::reason_string:
            built.text(property.id, property.text);
            break;
        default:
            built.number(property.id, property.number);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto place = static_cast<mqtt::PropertyPlace>(data[0] % 16);
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto view = mqtt::PropertyView::checked(bytes, place);
    if (!view) return 0;
    mqtt::Properties built;
    std::string_view rest = view->bytes();
    while (const auto property = mqtt::PropertyView::take(rest)) {
        if (!view->find(property->id)) std::abort();
        add_again(built, *property);
    }
    if (!rest.empty() || built.view().bytes() != bytes) std::abort();
    return 0;
}
