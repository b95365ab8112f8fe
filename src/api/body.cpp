#include "vigie/api/body.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "vigie/base/text.hpp"

namespace vigie::api {

namespace {

using nlohmann::json;

bool control_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string escaped(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

// Whole numbers may come as 3.0: JSON knows one kind of number.
std::optional<std::int64_t> whole(const json& value) {
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (!value.is_number_float()) return std::nullopt;
    const double number = value.get<double>();
    constexpr double exact_max = 9007199254740992.0;
    if (std::floor(number) != number || std::abs(number) > exact_max) return std::nullopt;
    return static_cast<std::int64_t>(number);
}

std::string as_text(double value) {
    return json(value).dump();
}

std::string listed(std::initializer_list<std::string_view> words) {
    std::string out;
    for (const auto word : words) {
        if (!out.empty()) out += ", ";
        out += word;
    }
    return out;
}

std::optional<base::LonLat> position_of(const json& value) {
    if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number())
        return std::nullopt;
    const base::LonLat place{value[0].get<double>(), value[1].get<double>()};
    return base::valid(place) ? std::optional(place) : std::nullopt;
}

}  // namespace

Body::Body(const json& value, std::string pointer)
    : Body(value, std::move(pointer), std::make_shared<Faults>()) {}

Body::Body(const json& value, std::string pointer, std::shared_ptr<Faults> faults)
    : value_(&value), pointer_(std::move(pointer)), faults_(std::move(faults)) {
    if (!value_->is_object()) fault({}, "must be an object", "doit être un objet");
}

std::string Body::pointer_to(std::string_view name) const {
    return name.empty() ? pointer_ : pointer_ + "/" + escaped(name);
}

void Body::fault(std::string_view name, std::string en, std::string fr) {
    faults_->push_back({pointer_to(name), {std::move(en), std::move(fr)}});
}

bool Body::faulty() const {
    return !faults_->empty();
}

bool Body::has(std::string_view name) const {
    return value_->is_object() && value_->contains(name) && !(*value_)[std::string(name)].is_null();
}

const json* Body::raw(std::string_view name) {
    asked_.emplace(name);
    if (!value_->is_object()) return nullptr;
    const auto found = value_->find(name);
    return found == value_->end() ? nullptr : &*found;
}

bool Body::given_null(std::string_view name) {
    const json* found = raw(name);
    return found != nullptr && found->is_null();
}

const json* Body::member(std::string_view name) {
    const json* found = raw(name);
    return found == nullptr || found->is_null() ? nullptr : found;
}

const json* Body::required(std::string_view name) {
    const json* found = member(name);
    if (found == nullptr && value_->is_object()) fault(name, "is missing", "manque");
    return found;
}

std::optional<std::string> Body::text_of(const json* found, std::string_view name,
                                         TextLimits limits) {
    if (found == nullptr) return std::nullopt;
    if (!found->is_string()) {
        fault(name, "must be a text", "doit être un texte");
        return std::nullopt;
    }
    const auto& text = found->get_ref<const std::string&>();
    if (std::ranges::any_of(text, control_character)) {
        fault(name, "holds a control character", "contient un caractère de contrôle");
        return std::nullopt;
    }
    const std::size_t count = characters(text);
    if (count < limits.chars_min || (limits.chars_min > 0 && base::trimmed(text).empty())) {
        const std::string min = std::to_string(limits.chars_min);
        fault(name, "must have at least " + min + " characters",
              "doit avoir au moins " + min + " caractères");
        return std::nullopt;
    }
    if (count > limits.chars_max) {
        const std::string max = std::to_string(limits.chars_max);
        fault(name, "must have at most " + max + " characters",
              "doit avoir au plus " + max + " caractères");
        return std::nullopt;
    }
    return text;
}

std::optional<std::string> Body::optional_text(std::string_view name, TextLimits limits) {
    return text_of(member(name), name, limits);
}

std::string Body::text(std::string_view name, TextLimits limits) {
    return text_of(required(name), name, limits).value_or(std::string{});
}

std::optional<std::int64_t> Body::optional_integer(std::string_view name, std::int64_t min,
                                                   std::int64_t max) {
    const json* found = member(name);
    if (found == nullptr) return std::nullopt;
    const auto value = whole(*found);
    if (!value) {
        fault(name, "must be a whole number", "doit être un nombre entier");
        return std::nullopt;
    }
    if (*value < min || *value > max) {
        const std::string low = std::to_string(min);
        const std::string high = std::to_string(max);
        fault(name, "must be from " + low + " to " + high, "doit être de " + low + " à " + high);
        return std::nullopt;
    }
    return value;
}

std::int64_t Body::integer(std::string_view name, std::int64_t min, std::int64_t max) {
    if (required(name) == nullptr) return min;
    return optional_integer(name, min, max).value_or(min);
}

std::optional<double> Body::optional_number(std::string_view name, double min, double max) {
    const json* found = member(name);
    if (found == nullptr) return std::nullopt;
    if (!found->is_number()) {
        fault(name, "must be a number", "doit être un nombre");
        return std::nullopt;
    }
    const double value = found->get<double>();
    if (!(value >= min && value <= max)) {
        const std::string low = as_text(min);
        const std::string high = as_text(max);
        fault(name, "must be from " + low + " to " + high, "doit être de " + low + " à " + high);
        return std::nullopt;
    }
    return value;
}

double Body::number(std::string_view name, double min, double max) {
    if (required(name) == nullptr) return min;
    return optional_number(name, min, max).value_or(min);
}

std::optional<bool> Body::optional_boolean(std::string_view name) {
    const json* found = member(name);
    if (found == nullptr) return std::nullopt;
    if (!found->is_boolean()) {
        fault(name, "must be true or false", "doit être true ou false");
        return std::nullopt;
    }
    return found->get<bool>();
}

bool Body::boolean(std::string_view name) {
    return required(name) != nullptr && optional_boolean(name).value_or(false);
}

std::optional<base::Instant> Body::optional_instant(std::string_view name) {
    const json* found = member(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_string()) {
        const auto instant = base::parse_rfc3339(found->get_ref<const std::string&>());
        if (instant) return instant;
    }
    fault(name, "must be a time as in 2026-11-22T18:04:05Z",
          "doit être un instant comme 2026-11-22T18:04:05Z");
    return std::nullopt;
}

base::Instant Body::instant(std::string_view name) {
    if (required(name) == nullptr) return {};
    return optional_instant(name).value_or(base::Instant{});
}

std::optional<base::LonLat> Body::optional_position(std::string_view name) {
    const json* found = member(name);
    if (found == nullptr) return std::nullopt;
    const auto place = position_of(*found);
    if (!place)
        fault(name, "must be [longitude, latitude] in degrees",
              "doit être [longitude, latitude] en degrés");
    return place;
}

base::LonLat Body::position(std::string_view name) {
    if (required(name) == nullptr) return {};
    return optional_position(name).value_or(base::LonLat{});
}

std::optional<std::string> Body::optional_code(std::string_view name) {
    const json* found = member(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_string() && base::is_code(found->get_ref<const std::string&>()))
        return found->get<std::string>();
    fault(name, "must be a code: 1 to 64 of A-Z a-z 0-9 - _ . :",
          "doit être un code : 1 à 64 parmi A-Z a-z 0-9 - _ . :");
    return std::nullopt;
}

std::string Body::code(std::string_view name) {
    if (required(name) == nullptr) return {};
    return optional_code(name).value_or(std::string{});
}

std::optional<std::string> Body::optional_choice(std::string_view name,
                                                 std::initializer_list<std::string_view> words) {
    const json* found = member(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_string()) {
        const auto& word = found->get_ref<const std::string&>();
        if (std::ranges::find(words, word) != words.end()) return word;
    }
    const std::string list = listed(words);
    fault(name, "must be one of " + list, "doit être parmi " + list);
    return std::nullopt;
}

std::string Body::choice(std::string_view name, std::initializer_list<std::string_view> words) {
    if (required(name) == nullptr) return {};
    return optional_choice(name, words).value_or(std::string{});
}

std::vector<std::string> Body::texts(std::string_view name, std::size_t count_max,
                                     TextLimits limits) {
    const json* found = member(name);
    if (found == nullptr) return {};
    if (!found->is_array() || found->size() > count_max) {
        const std::string max = std::to_string(count_max);
        fault(name, "must be a list of at most " + max + " texts",
              "doit être une liste d'au plus " + max + " textes");
        return {};
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < found->size(); ++i) {
        Body element(*value_, pointer_to(name), faults_);
        out.push_back(element.text_of(&(*found)[i], std::to_string(i), limits).value_or(""));
    }
    return out;
}

bool Body::optional_object(std::string_view name, const std::function<void(Body&)>& read) {
    const json* found = member(name);
    if (found == nullptr) return false;
    Body inner(*found, pointer_to(name), faults_);
    read(inner);
    inner.refuse_unknown();
    return true;
}

void Body::object(std::string_view name, const std::function<void(Body&)>& read) {
    if (required(name) != nullptr) optional_object(name, read);
}

void Body::objects(std::string_view name, std::size_t count_min, std::size_t count_max,
                   const std::function<void(Body&)>& read) {
    const json* found = count_min > 0 ? required(name) : member(name);
    if (found == nullptr) return;
    if (!found->is_array() || found->size() < count_min || found->size() > count_max) {
        const std::string low = std::to_string(count_min);
        const std::string high = std::to_string(count_max);
        fault(name, "must be a list of " + low + " to " + high + " objects",
              "doit être une liste de " + low + " à " + high + " objets");
        return;
    }
    for (std::size_t i = 0; i < found->size(); ++i) {
        Body inner((*found)[i], pointer_to(name) + "/" + std::to_string(i), faults_);
        read(inner);
        inner.refuse_unknown();
    }
}

void Body::refuse_unknown() {
    if (!value_->is_object()) return;
    for (const auto& [name, ignored] : value_->items())
        if (!asked_.contains(name)) fault(name, "is not known here", "n'est pas connu ici");
}

base::Result<void> Body::finish() {
    refuse_unknown();
    if (faults_->empty()) return {};
    auto error =
        base::fail(base::Errc::invalid, "the request is not valid", "la requête n'est pas valable");
    error.fields = *faults_;
    return error;
}

}  // namespace vigie::api
