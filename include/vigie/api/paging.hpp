// Lists page by keyset: the cursor holds the sort keys of the last row seen, so that rows added or
// removed meanwhile are neither shown twice nor skipped. Opaque to clients.
//
//   const auto limit = request.limit();                                   // Result
//   const auto after = read_cursor<base::Instant, std::int64_t>(request);  //
//   Result<optional<tuple>>
//   ... select ... where (at, id) < ($1, $2) order by at desc, id desc limit $3     -- limit + 1
//   Page page(*limit);
//   for (const auto& row : rows)
//       if (!page.add(to_json(row), make_cursor(at, id))) break;
//   return page.response();
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "vigie/api/router.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/text.hpp"
#include "vigie/base/time.hpp"

namespace vigie::api {

inline constexpr std::size_t cursor_chars_max = 1'024;

[[nodiscard]] std::string encode_cursor(const std::vector<std::string>& keys);
// Nothing when it is not a cursor of that many keys.
[[nodiscard]] std::optional<std::vector<std::string>> decode_cursor(std::string_view cursor,
                                                                    std::size_t keys);
[[nodiscard]] base::Error bad_cursor();

[[nodiscard]] inline std::string to_key(std::string text) {
    return text;
}
[[nodiscard]] inline std::string to_key(std::int64_t number) {
    return std::to_string(number);
}
[[nodiscard]] inline std::string to_key(base::Instant instant) {
    return std::to_string(base::epoch_us(instant));
}
[[nodiscard]] inline bool from_key(const std::string& key, std::string& out) {
    out = key;
    return key.find('\0') == std::string::npos;
}
[[nodiscard]] inline bool from_key(const std::string& key, std::int64_t& out) {
    const auto number = base::parse_int(key);
    out = number.value_or(0);
    return number.has_value();
}
// Years 1970 to 2199, as base::parse_rfc3339 takes them.
[[nodiscard]] inline bool from_key(const std::string& key, base::Instant& out) {
    const auto us = base::parse_int(key);
    out = base::from_epoch_us(us.value_or(0));
    return us && *us >= 0 && *us < 7'258'118'400'000'000;
}

template <typename... Keys>
[[nodiscard]] std::string make_cursor(const Keys&... keys) {
    return encode_cursor({to_key(keys)...});
}

// The keys in the parameter `cursor`; nothing on the first page; an error when it was not ours.
template <typename... Keys>
[[nodiscard]] base::Result<std::optional<std::tuple<Keys...>>> read_cursor(const Request& request) {
    const auto given = request.query("cursor");
    if (!given) return std::optional<std::tuple<Keys...>>{};
    const auto texts = decode_cursor(*given, sizeof...(Keys));
    if (!texts) return bad_cursor();
    std::tuple<Keys...> keys;
    std::size_t index = 0;
    const bool good =
        std::apply([&](Keys&... key) { return (from_key((*texts)[index++], key) && ...); }, keys);
    if (!good) return bad_cursor();
    return std::optional(std::move(keys));
}

// {"rows": [...], "next": "..."}; `next` only when there is more. And what was said beside.
class Page {
public:
    explicit Page(std::size_t limit) : limit_(limit) {}

    // `cursor` belongs to this row. False: the page was full, this row only proves that there is
    // more.
    bool add(const nlohmann::json& row, std::string cursor);
    // The same with a row that was serialised already.
    bool add_text(std::string_view row_json, std::string cursor);
    // A member of the answer as a whole.
    void say(std::string_view name, std::int64_t number);
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] wire::Response response() const;

private:
    std::size_t limit_;
    std::size_t count_{};
    std::string rows_;
    std::string beside_;
    std::string last_;
    bool more_{};
};

}  // namespace vigie::api
