#include "vigie/access/throttle.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "vigie/base/text.hpp"

namespace vigie::access {

namespace {

template <typename Table>
void take_back(Table& table, const std::string& key) {
    const auto found = table.find(key);
    if (found != table.end() && --found->second.count <= 0) table.erase(found);
}

}  // namespace

// One household or firm has a whole /64 of IPv6: counting single addresses would count nothing.
std::string network_of(std::string_view peer) {
    boost::system::error_code failed;
    const auto address = boost::asio::ip::make_address(std::string(peer), failed);
    if (failed || !address.is_v6()) return std::string(peer);
    const auto v6 = address.to_v6();
    const auto bytes = v6.to_bytes();
    if (v6.is_v4_mapped())
        return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return base::to_hex({reinterpret_cast<const char*>(bytes.data()), 8});
}

SignInThrottle::SignInThrottle(const base::Clock& clock, ThrottleLimits limits)
    : clock_(clock), limits_(limits) {}

base::Duration SignInThrottle::wait(const Table& table, const std::string& key, int free,
                                    base::SteadyInstant now) const {
    const auto found = table.find(key);
    if (found == table.end()) return base::Duration{0};
    const auto& [count, last] = found->second;
    if (count < free || now - last >= limits_.forgotten_after) return base::Duration{0};
    const int doublings = std::min(count - free, 20);
    const auto delay =
        std::min<base::Duration>(std::chrono::seconds{1LL << doublings}, limits_.wait_max);
    return std::max(last + delay - now, base::Duration{0});
}

void SignInThrottle::make_room(Table& table, base::SteadyInstant now) const {
    if (table.size() < limits_.entries_max) return;
    std::erase_if(table, [&](const auto& entry) {
        return now - entry.second.last >= limits_.forgotten_after;
    });
    if (table.size() < limits_.entries_max) return;
    table.erase(
        std::ranges::min_element(table, {}, [](const auto& entry) { return entry.second.last; }));
}

void SignInThrottle::add(Table& table, const std::string& key, base::SteadyInstant now) {
    if (!table.contains(key)) make_room(table, now);
    auto& failures = table[key];
    if (now - failures.last >= limits_.forgotten_after) failures.count = 0;
    ++failures.count;
    failures.last = now;
}

std::optional<base::Duration> SignInThrottle::begin(std::string_view login, std::string_view peer) {
    const std::string who(login);
    const std::string network = network_of(peer);
    const auto now = clock_.steady();
    const std::lock_guard lock(mutex_);
    const auto delay = std::max(wait(logins_, who, limits_.login_failures, now),
                                wait(peers_, network, limits_.peer_failures, now));
    if (delay > base::Duration{0}) return delay;
    add(logins_, who, now);
    add(peers_, network, now);
    return std::nullopt;
}

void SignInThrottle::succeeded(std::string_view login, std::string_view peer) {
    const std::lock_guard lock(mutex_);
    logins_.erase(std::string(login));
    take_back(peers_, network_of(peer));
}

void SignInThrottle::withdraw(std::string_view login, std::string_view peer) {
    const std::lock_guard lock(mutex_);
    take_back(logins_, std::string(login));
    take_back(peers_, network_of(peer));
}

std::size_t SignInThrottle::entries() const {
    const std::lock_guard lock(mutex_);
    return std::max(logins_.size(), peers_.size());
}

}  // namespace vigie::access
