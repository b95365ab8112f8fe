#include "vigie/api/paging.hpp"

#include <sodium.h>

#include <nlohmann/json.hpp>

namespace vigie::api {

namespace {

constexpr int cursor_alphabet = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

std::string encode_cursor(const std::vector<std::string>& keys) {
    const std::string plain = nlohmann::json(keys).dump();
    std::string out(sodium_base64_encoded_len(plain.size(), cursor_alphabet), '\0');
    sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(plain.data()),
                      plain.size(), cursor_alphabet);
    out.pop_back();  // libsodium ends with a NUL
    return out;
}

std::optional<std::vector<std::string>> decode_cursor(std::string_view cursor, std::size_t keys) {
    if (cursor.empty() || cursor.size() > cursor_chars_max) return std::nullopt;
    std::string plain(cursor.size(), '\0');
    std::size_t length = 0;
    const int failed =
        sodium_base642bin(reinterpret_cast<unsigned char*>(plain.data()), plain.size(),
                          cursor.data(), cursor.size(), nullptr, &length, nullptr, cursor_alphabet);
    if (failed != 0) return std::nullopt;
    plain.resize(length);
    const auto list = nlohmann::json::parse(plain, nullptr, false);
    if (!list.is_array() || list.size() != keys) return std::nullopt;
    std::vector<std::string> out;
    for (const auto& key : list) {
        if (!key.is_string()) return std::nullopt;
        out.push_back(key.get<std::string>());
    }
    return out;
}

base::Error bad_cursor() {
    return base::fail_at(base::Errc::invalid, "cursor", "not a cursor of this list",
                         "pas un curseur de cette liste");
}

bool Page::add(const nlohmann::json& row, std::string cursor) {
    if (count_ == limit_) {
        more_ = true;
        return false;
    }
    return add_text(row.dump(), std::move(cursor));
}

bool Page::add_text(std::string_view row_json, std::string cursor) {
    if (count_ == limit_) {
        more_ = true;
        return false;
    }
    if (count_++ > 0) rows_ += ',';
    rows_ += row_json;
    last_ = std::move(cursor);
    return true;
}

void Page::say(std::string_view name, std::int64_t number) {
    beside_ += ",\"" + std::string(name) + "\":" + std::to_string(number);
}

wire::Response Page::response() const {
    wire::Response response;
    response.headers.set("Content-Type", "application/json");
    response.body = "{\"rows\":[" + rows_ + "]" + beside_;
    if (more_) response.body += ",\"next\":\"" + last_ + "\"";
    response.body += "}";
    return response;
}

}  // namespace vigie::api
