// A filter and a topic, divided by the first line end: no crash; the two ways of matching agree.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "vigie/base/text.hpp"
#include "vigie/wire/mqtt/subscription_tree.hpp"
#include "vigie/wire/mqtt/topic.hpp"

namespace mqtt = vigie::wire::mqtt;

namespace {

// The same levels again and again, as deep as a packet can make them: what is not bearable leaves
// nothing behind, and the rest is as any filter.
void try_deep(std::string_view filter, std::size_t times) {
    std::string deep;
    for (; times > 0 && deep.size() + filter.size() < mqtt::field_bytes_max; --times)
        deep.append(filter).append("/");
    deep += "x";
    if (!mqtt::is_topic_filter(deep)) return;
    mqtt::SubscriptionTree tree;
    const bool bearable = mqtt::is_bearable_filter(deep);
    if (tree.add(deep, 1, mqtt::Qos::at_least_once) != bearable) std::abort();
    if (tree.size() != (bearable ? 1U : 0U) || tree.remove(deep, 1) != bearable) std::abort();
}

}  // namespace

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
    for (const std::size_t times : {2U, 8U, 65'535U})
        try_deep(filter, times);
    mqtt::SubscriptionTree tree;
    if (!tree.add(filter, 1, mqtt::Qos::at_least_once)) return 0;
    if (tree.match(topic).size() != (mqtt::matches(filter, topic) ? 1U : 0U)) std::abort();
    if (mqtt::matches(filter, filter) && filter.find_first_of("+#$") != filter.npos) return 0;
    if (!tree.remove(filter, 1) || !tree.match(topic).empty()) std::abort();
    return 0;
}
