#include "bench/consoles.hpp"

#include <fmt/format.h>

namespace vigie::bench {

namespace {

std::vector<std::vector<std::string>> subscriptions_to(const std::string& kind,
                                                       const std::vector<std::string>& communes,
                                                       std::size_t count) {
    std::vector<std::vector<std::string>> said(count);
    for (std::size_t i = 0; i < count; ++i) {
        said[i] = {fmt::format(R"({{"type":"subscribe","id":"v","topic":"values",)"
                               R"("filter":{{"kind":"{}","commune":"{}"}}}})",
                               kind, communes[i % communes.size()])};
    }
    return said;
}

}  // namespace

Consoles::Consoles(std::uint16_t port, const std::string& cookie, const std::string& kind,
                   const std::vector<std::string>& communes, std::size_t count)
    : links_(port, cookie, subscriptions_to(kind, communes, count),
             [this](std::string_view, StreamLinks::Instant) { ++messages_; }) {}

}  // namespace vigie::bench
