// The properties of MQTT 5.0: a view on encoded ones, and a builder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vigie/wire/mqtt/types.hpp"

namespace vigie::wire::mqtt {

enum class PropertyId : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

// How a property's value is written.
enum class PropertyForm : std::uint8_t {
    byte,
    two_bytes,
    four_bytes,
    variable,
    text,
    binary,
    pair
};

// One property. `number` for the numeric forms, `text` for text and binary; a user property has its
// name in `name` and its value in `text`.
struct Property {
    PropertyId id{};
    std::uint32_t number{0};
    std::string_view text{};
    std::string_view name{};
};

// Where properties stand: each packet type, and the will inside CONNECT.
enum class PropertyPlace : std::uint8_t {
    will = 0,
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    disconnect = 14,
    auth = 15,
};

// A view on properties that are known to be well-formed (decoded here, or built below). It lives as
// long as the bytes it looks at.
class PropertyView {
public:
    PropertyView() = default;

    // The bytes after the property length, checked: every identifier known and allowed at `place`,
    // no repetition but of user properties (and, in PUBLISH, subscription identifiers), values in
    // their range.
    [[nodiscard]] static Decoded<PropertyView> checked(std::string_view bytes, PropertyPlace place);

    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    // The first property with that identifier.
    [[nodiscard]] std::optional<Property> find(PropertyId id) const;
    [[nodiscard]] std::optional<std::uint32_t> number(PropertyId id) const;
    [[nodiscard]] std::optional<std::string_view> text(PropertyId id) const;
    // Takes the first property off `rest`; nothing when none is left. Walks all of them in order.
    [[nodiscard]] static std::optional<Property> take(std::string_view& rest);

private:
    friend class Properties;
    explicit PropertyView(std::string_view bytes) : bytes_(bytes) {}
    std::string_view bytes_;
};

// Builds properties in the order of the calls. Texts longer than a field can be are the caller's
// bug.
class Properties {
public:
    Properties& number(PropertyId id, std::uint32_t value);
    Properties& text(PropertyId id, std::string_view value);
    Properties& user(std::string_view name, std::string_view value);
    // Valid until the next change.
    [[nodiscard]] PropertyView view() const { return PropertyView{bytes_}; }

private:
    std::string bytes_;
};

}  // namespace vigie::wire::mqtt
