// A request target and an Accept-Language from anybody: no crash; and what is understood is clean
// text, which written again is understood the same way.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "vigie/base/text.hpp"
#include "vigie/wire/http.hpp"

namespace {

void demand(bool holds) {
    if (!holds) std::abort();
}

bool is_clean(const std::string& text) {
    return vigie::base::is_utf8(text) && text.find('\0') == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace wire = vigie::wire;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto language = wire::language_of(text);
    demand(language == "en" || language == "fr");
    wire::Request request;
    if (!wire::parse_target(text, request)) return 0;
    demand(is_clean(request.path) && request.path.front() == '/');
    std::string written = "/" + wire::percent_encoded(request.path.substr(1));
    char mark = '?';
    for (const auto& [name, value] : request.query) {
        demand(is_clean(name) && is_clean(value));
        written += mark + wire::percent_encoded(name) + "=" + wire::percent_encoded(value);
        mark = '&';
    }
    wire::Request again;
    demand(wire::parse_target(written, again));
    demand(again.path == request.path && again.query == request.query);
    return 0;
}
