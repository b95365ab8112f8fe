#include "vigie/wire/mqtt/properties.hpp"

#include <array>

#include "vigie/wire/mqtt/topic.hpp"
#include "wire/mqtt/bytes.hpp"

namespace vigie::wire::mqtt {

namespace {

struct PropertyRule {
    PropertyForm form{};
    std::uint32_t places{0};  // a bit for each PropertyPlace; 0: no such property
    std::uint32_t least{0};
    std::uint32_t greatest{0xFFFF'FFFF};
};

template <typename... Places>
constexpr std::uint32_t at(Places... places) {
    return ((1U << static_cast<unsigned>(places)) | ...);
}

// Table 2-4 of MQTT 5.0, with the ranges of the single properties.
constexpr auto property_rules = [] {
    using enum PropertyPlace;
    using enum PropertyForm;
    using Id = PropertyId;
    std::array<PropertyRule, 0x2B> rules{};
    const auto rule = [&rules](Id id) -> PropertyRule& {
        return rules[static_cast<std::size_t>(id)];
    };
    const std::uint32_t message = at(publish, will);
    const std::uint32_t authentication = at(connect, connack, auth);
    rule(Id::payload_format_indicator) = {byte, message, 0, 1};
    rule(Id::message_expiry_interval) = {four_bytes, message};
    rule(Id::content_type) = {text, message};
    rule(Id::response_topic) = {text, message};
    rule(Id::correlation_data) = {binary, message};
    rule(Id::subscription_identifier) = {variable, at(publish, subscribe), 1};
    rule(Id::session_expiry_interval) = {four_bytes, at(connect, connack, disconnect)};
    rule(Id::assigned_client_identifier) = {text, at(connack)};
    rule(Id::server_keep_alive) = {two_bytes, at(connack)};
    rule(Id::authentication_method) = {text, authentication};
    rule(Id::authentication_data) = {binary, authentication};
    rule(Id::request_problem_information) = {byte, at(connect), 0, 1};
    rule(Id::will_delay_interval) = {four_bytes, at(will)};
    rule(Id::request_response_information) = {byte, at(connect), 0, 1};
    rule(Id::response_information) = {text, at(connack)};
    rule(Id::server_reference) = {text, at(connack, disconnect)};
    rule(Id::reason_string) = {
        text, at(connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, auth)};
    rule(Id::receive_maximum) = {two_bytes, at(connect, connack), 1};
    rule(Id::topic_alias_maximum) = {two_bytes, at(connect, connack)};
    rule(Id::topic_alias) = {two_bytes, at(publish), 1};
    rule(Id::maximum_qos) = {byte, at(connack), 0, 1};
    rule(Id::retain_available) = {byte, at(connack), 0, 1};
    rule(Id::user_property) = {pair, 0xFFFF'FFFF};
    rule(Id::maximum_packet_size) = {four_bytes, at(connect, connack), 1};
    rule(Id::wildcard_subscription_available) = {byte, at(connack), 0, 1};
    rule(Id::subscription_identifier_available) = {byte, at(connack), 0, 1};
    rule(Id::shared_subscription_available) = {byte, at(connack), 0, 1};
    return rules;
}();

const PropertyRule& rule_of(unsigned id) {
    static constexpr PropertyRule unknown{};
    return id < property_rules.size() ? property_rules[id] : unknown;
}

void read_value(Reader& reader, PropertyForm form, Property& property) {
    switch (form) {
        case PropertyForm::byte:
            property.number = reader.byte();
            return;
        case PropertyForm::two_bytes:
            property.number = reader.two_bytes();
            return;
        case PropertyForm::four_bytes:
            property.number = reader.four_bytes();
            return;
        case PropertyForm::variable:
            property.number = reader.variable();
            return;
        case PropertyForm::pair:
            property.name = reader.field();
            [[fallthrough]];
        case PropertyForm::text:
        case PropertyForm::binary:
            property.text = reader.field();
            return;
    }
}

bool is_in_range(const Property& property, const PropertyRule& rule) {
    switch (rule.form) {
        case PropertyForm::pair:
            return is_text(property.name) && is_text(property.text);
        case PropertyForm::text:
            return is_text(property.text);
        case PropertyForm::binary:
            return true;
        default:
            return property.number >= rule.least && property.number <= rule.greatest;
    }
}

Fault out_of_range(const Property& property, const PropertyRule& rule) {
    if (rule.form == PropertyForm::pair || rule.form == PropertyForm::text) {
        return {Reason::malformed_packet, "a property is not UTF-8 or contains U+0000"};
    }
    // [MQTT-3.3.2-8]
    if (property.id == PropertyId::topic_alias) {
        return {Reason::topic_alias_invalid, "a topic alias of 0"};
    }
    return {Reason::protocol_error, "a property is out of its range"};
}

bool may_repeat(PropertyId id, PropertyPlace place) {
    return id == PropertyId::user_property ||
           (id == PropertyId::subscription_identifier && place == PropertyPlace::publish);
}

}  // namespace

Decoded<PropertyView> PropertyView::checked(std::string_view bytes, PropertyPlace place) {
    Reader reader{bytes};
    std::uint64_t seen = 0;
    while (!reader.at_end()) {
        const unsigned id = reader.variable();
        const PropertyRule& rule = rule_of(id);
        if (!reader.ok() || (rule.places & at(place)) == 0) {
            return std::unexpected(
                Fault{Reason::malformed_packet, "a property that does not belong here"});
        }
        Property property{.id = static_cast<PropertyId>(id)};
        read_value(reader, rule.form, property);
        if (!reader.ok()) {
            return std::unexpected(Fault{Reason::malformed_packet, "a property is cut short"});
        }
        if (!is_in_range(property, rule)) return std::unexpected(out_of_range(property, rule));
        const std::uint64_t bit = std::uint64_t{1} << id;
        if ((seen & bit) != 0 && !may_repeat(property.id, place)) {
            return std::unexpected(Fault{Reason::protocol_error, "a property is given twice"});
        }
        seen |= bit;
    }
    const auto has = [seen](PropertyId id) {
        return (seen & (std::uint64_t{1} << static_cast<unsigned>(id))) != 0;
    };
    if (has(PropertyId::authentication_data) && !has(PropertyId::authentication_method)) {
        return std::unexpected(
            Fault{Reason::protocol_error, "authentication data without a method"});
    }
    return PropertyView{bytes};
}

std::optional<Property> PropertyView::take(std::string_view& rest) {
    if (rest.empty()) return std::nullopt;
    Reader reader{rest};
    const unsigned id = reader.variable();
    const PropertyRule& rule = rule_of(id);
    Property property{.id = static_cast<PropertyId>(id)};
    if (rule.places == 0) return std::nullopt;
    read_value(reader, rule.form, property);
    if (!reader.ok()) return std::nullopt;
    rest = reader.rest();
    return property;
}

std::optional<Property> PropertyView::find(PropertyId id) const {
    std::string_view rest = bytes_;
    while (const auto property = take(rest)) {
        if (property->id == id) return property;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> PropertyView::number(PropertyId id) const {
    const auto property = find(id);
    return property ? std::optional{property->number} : std::nullopt;
}

std::optional<std::string_view> PropertyView::text(PropertyId id) const {
    const auto property = find(id);
    return property ? std::optional{property->text} : std::nullopt;
}

Properties& Properties::number(PropertyId id, std::uint32_t value) {
    put_byte(bytes_, static_cast<unsigned>(id));
    switch (rule_of(static_cast<unsigned>(id)).form) {
        case PropertyForm::byte:
            put_byte(bytes_, value);
            break;
        case PropertyForm::two_bytes:
            put_two_bytes(bytes_, value);
            break;
        case PropertyForm::four_bytes:
            put_four_bytes(bytes_, value);
            break;
        default:
            assert(rule_of(static_cast<unsigned>(id)).form == PropertyForm::variable);
            put_variable(bytes_, value);
    }
    return *this;
}

Properties& Properties::text(PropertyId id, std::string_view value) {
    put_byte(bytes_, static_cast<unsigned>(id));
    put_field(bytes_, value);
    return *this;
}

Properties& Properties::user(std::string_view name, std::string_view value) {
    put_byte(bytes_, static_cast<unsigned>(PropertyId::user_property));
    put_field(bytes_, name);
    put_field(bytes_, value);
    return *this;
}

}  // namespace vigie::wire::mqtt
