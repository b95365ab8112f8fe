// Reads a JSON body member by member and collects every fault with its JSON pointer, so that one
// answer names all that is wrong.
//
//   Body body(request.json());
//   const auto title = body.text("title", {1, 200});
//   const auto priority = body.optional_integer("priority", 1, 4);
//   const auto position = body.optional_position("position");
//   if (const auto read = body.finish(); !read.ok()) return read.error();
//
// What a required reader returns after a fault is a default value that nobody may use: finish()
// fails then. `null` counts as absent; given_null() tells it apart where it means "take away".
// finish() also refuses members that nobody asked for. Texts are counted in characters and may not
// hold control characters (PostgreSQL stores no NUL), but tab and line ends.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/base/geometry.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"

namespace vigie::api {

inline constexpr std::size_t json_depth_max = 64;

// RFC 8259, UTF-8, at most json_depth_max deep. `malformed` with line and column otherwise.
[[nodiscard]] base::Result<std::shared_ptr<const nlohmann::json>> parse_json(std::string_view text);

struct TextLimits {
    std::size_t chars_min{0};
    std::size_t chars_max{base::limits::text_chars_max};
};

class Body {
public:
    // `pointer` is where `value` stands in the whole body. `value` must outlive the Body. A value
    // that is no object is a fault by itself.
    explicit Body(const nlohmann::json& value, std::string pointer = {});

    std::string text(std::string_view name, TextLimits limits = {1});
    std::optional<std::string> optional_text(std::string_view name, TextLimits limits = {});
    std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max);
    std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t min,
                                                 std::int64_t max);
    double number(std::string_view name, double min, double max);
    std::optional<double> optional_number(std::string_view name, double min, double max);
    bool boolean(std::string_view name);
    std::optional<bool> optional_boolean(std::string_view name);
    base::Instant instant(std::string_view name);
    std::optional<base::Instant> optional_instant(std::string_view name);
    // [longitude, latitude]
    base::LonLat position(std::string_view name);
    std::optional<base::LonLat> optional_position(std::string_view name);
    // A code of an asset, a crew, a kind: base::is_code.
    std::string code(std::string_view name);
    std::optional<std::string> optional_code(std::string_view name);
    // One of a closed list of words.
    std::string choice(std::string_view name, std::initializer_list<std::string_view> words);
    std::optional<std::string> optional_choice(std::string_view name,
                                               std::initializer_list<std::string_view> words);
    std::vector<std::string> texts(std::string_view name, std::size_t count_max,
                                   TextLimits limits = {1});

    // Calls `read` with a Body for the object of that name; its faults are this Body's faults.
    void object(std::string_view name, const std::function<void(Body&)>& read);
    bool optional_object(std::string_view name, const std::function<void(Body&)>& read);
    // The same for each object of an array.
    void objects(std::string_view name, std::size_t count_min, std::size_t count_max,
                 const std::function<void(Body&)>& read);

    // The member as it came, counted as asked for; null when absent.
    const nlohmann::json* raw(std::string_view name);
    // Present and null; counted as asked for.
    bool given_null(std::string_view name);
    [[nodiscard]] bool has(std::string_view name) const;
    // A fault that only the caller can see. `name` empty: the object itself.
    void fault(std::string_view name, std::string en, std::string fr);
    [[nodiscard]] bool faulty() const;

    // `invalid` with every fault found, or nothing. Call once, after everything was asked for.
    [[nodiscard]] base::Result<void> finish();

private:
    using Faults = std::vector<base::FieldError>;
    Body(const nlohmann::json& value, std::string pointer, std::shared_ptr<Faults> faults);
    // The member when it is there and not null.
    const nlohmann::json* member(std::string_view name);
    // The same, with a fault when it is not.
    const nlohmann::json* required(std::string_view name);
    std::optional<std::string> text_of(const nlohmann::json* found, std::string_view name,
                                       TextLimits limits);
    void refuse_unknown();
    [[nodiscard]] std::string pointer_to(std::string_view name) const;

    const nlohmann::json* value_;
    std::string pointer_;
    std::shared_ptr<Faults> faults_;
    std::set<std::string, std::less<>> asked_;
};

}  // namespace vigie::api
