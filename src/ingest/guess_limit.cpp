#include "vigie/ingest/guess_limit.hpp"

#include <utility>

#include "vigie/access/throttle.hpp"
#include "vigie/ingest/door_throttle.hpp"

namespace vigie::ingest {

namespace {

constexpr std::chrono::minutes window{1};
constexpr std::chrono::hours known_half{12};
// No address is empty.
const std::string all_others;

std::string key_of(const std::string& network, std::string_view user_name) {
    return network + " " + std::string(user_name.substr(0, shown_name_bytes_max));
}

}  // namespace

void GuessLimit::begin_minute(std::int64_t minute) {
    if (minute == minute_) return;
    minute_ = minute;
    wrong_.clear();
    known_wrong_.clear();
}

bool GuessLimit::is_known(const std::string& who) const {
    return known_.contains(who) || known_before_.contains(who);
}

bool GuessLimit::count(Counts& counts, const std::string& key, std::size_t limit, Place& place) {
    std::size_t& wrong = counts[key];
    if (wrong >= limit) return false;
    ++wrong;
    place.counts_ = &counts;
    place.counted_as_ = key;
    return true;
}

bool GuessLimit::count_known(Place& place) {
    if (!is_known(place.who_)) return false;
    const std::size_t limit = limits_.known_wrong_per_minute_max;
    return count(known_wrong_, place.who_, limit, place);
}

bool GuessLimit::count_network(const std::string& network, Place& place) {
    const bool has_own = wrong_.contains(network) || wrong_.size() < limits_.addresses_max;
    return count(wrong_, has_own ? network : all_others, limits_.wrong_per_minute_max, place);
}

GuessLimit::Place GuessLimit::take(std::string_view user_name, std::string_view peer) {
    Place place;
    if (limits_.wrong_per_minute_max == 0) {
        place.given_ = true;
        return place;
    }
    const std::string network = access::network_of(host_of(peer));
    place.who_ = key_of(network, user_name);
    const std::lock_guard lock(mutex_);
    const auto since_start = clock_.steady().time_since_epoch();
    place.minute_ = since_start / window;
    begin_minute(place.minute_);
    place.given_ = count_known(place) || count_network(network, place);
    if (place.given_) return place;
    ++unread_;
    place.wait_ = std::chrono::ceil<base::Duration>(window * (place.minute_ + 1) - since_start);
    return place;
}

void GuessLimit::right(const Place& place) {
    if (place.who_.empty()) return;
    const std::lock_guard lock(mutex_);
    if (place.minute_ == minute_ && place.counts_ != nullptr) {
        const auto counted = place.counts_->find(place.counted_as_);
        if (counted != place.counts_->end() && --counted->second == 0)
            place.counts_->erase(counted);
    }
    remember(place.who_);
}

// Two halves, of which the earlier is forgotten as a whole: no time is spent on finding the oldest.
void GuessLimit::remember(const std::string& who) {
    const base::SteadyInstant now = clock_.steady();
    if (known_.size() >= limits_.known_max / 2 || now - known_since_ >= known_half) {
        known_before_ = std::exchange(known_, {});
        known_since_ = now;
    }
    known_.insert(who);
}

}  // namespace vigie::ingest
