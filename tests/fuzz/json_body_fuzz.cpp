// A request body from anybody, read as a route reads it: no crash; and every fault is a pointer and
// two sentences that can be written into an answer.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "vigie/api/body.hpp"
#include "vigie/base/text.hpp"

namespace {

void demand(bool holds) {
    if (!holds) std::abort();
}

void check(const vigie::base::Error& error) {
    demand(!error.detail.en.empty() && !error.detail.fr.empty());
    for (const auto& [pointer, message] : error.fields) {
        demand(pointer.empty() || pointer.front() == '/');
        demand(vigie::base::is_utf8(pointer) && vigie::base::is_utf8(message.en));
        demand(!message.fr.empty());
        // It has to be written as JSON.
        demand(!nlohmann::json(pointer + message.en + message.fr).dump().empty());
    }
}

void read_person(vigie::api::Body& body) {
    const auto name = body.text("name", {1, 20});
    const auto age = body.optional_integer("age", 0, 150);
    if (!body.faulty()) demand(!name.empty() && (!age || (*age >= 0 && *age <= 150)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto parsed = vigie::api::parse_json({reinterpret_cast<const char*>(data), size});
    if (!parsed) {
        check(parsed.error());
        return 0;
    }
    vigie::api::Body body(**parsed);
    body.text("title", {1, 200});
    const auto note = body.optional_text("note", {0, 10});
    const auto count = body.integer("count", -5, 5);
    const auto share = body.optional_number("share", 0, 1);
    body.boolean("urgent");
    const auto at = body.optional_instant("at");
    const auto place = body.optional_position("place");
    const auto code = body.optional_code("code");
    const auto desk = body.optional_choice("desk", {"traffic", "police"});
    const bool none = body.given_null("until");
    if (body.has("tags")) body.texts("tags", 3, {1, 5});
    body.optional_object("caller", read_person);
    if (body.has("crew")) body.objects("crew", 1, 3, read_person);
    const bool faulty = body.faulty();
    const auto read = body.finish();
    if (!read) {
        demand(!read.error().fields.empty());
        check(read.error());
        return 0;
    }
    demand(!faulty && count >= -5 && count <= 5);
    demand(!share || (*share >= 0 && *share <= 1));
    demand(!place || vigie::base::valid(*place));
    demand(!code || vigie::base::is_code(*code));
    demand(!desk || *desk == "traffic" || *desk == "police");
    demand(!note || vigie::base::is_utf8(*note));
    demand(!at || vigie::base::epoch_us(*at) >= 0);
    (void)none;
    return 0;
}
