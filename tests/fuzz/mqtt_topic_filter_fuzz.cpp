// A filter and a topic, divided by the first line end: no crash; the two ways of matching agree.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vigie/base/text.hpp"
#include "vigie/wire/mqtt/subscription_tree.hpp"
#include "vigie/wire/mqtt/topic.hpp"

namespace mqtt = vigie::wire::mqtt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::size_t end = text.find('\n');
    const std::string_view filter = text.substr(0, end);
    const std::string_view topic = end == text.npos ? filter : text.substr(end + 1);
    if (mqtt::is_text(filter) &&
        (!vigie::base::is_utf8(filter) || filter.find('\0') != filter.npos)) {
        std::abort();
    }
    if (mqtt::is_topic_name(topic) && !mqtt::is_topic_filter(topic)) std::abort();
    static_cast<void>(mqtt::is_shared_filter(filter));
    if (!mqtt::is_topic_filter(filter) || !mqtt::is_topic_name(topic)) return 0;
    mqtt::SubscriptionTree tree;
    tree.add(filter, 1, mqtt::Qos::at_least_once);
    if (tree.match(topic).size() != (mqtt::matches(filter, topic) ? 1U : 0U)) std::abort();
    if (mqtt::matches(filter, filter) && filter.find_first_of("+#$") != filter.npos) return 0;
    if (!tree.remove(filter, 1) || !tree.match(topic).empty()) std::abort();
    return 0;
}
