#include "store/room.hpp"

#include <utility>

namespace vigie::store {

void Room::on_room(std::function<void()> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
}

std::uint64_t Room::left() const {
    const std::uint64_t taken = taken_;
    return taken < size_max_ ? size_max_ - taken : 0;
}

bool Room::take(std::uint32_t sender, std::size_t size) {
    const auto taken = taken_.fetch_add(size) + size;
    if (taken > size_max_) {
        wanted_ = true;  // before it is given back: whoever makes room meanwhile finds it said
        taken_ -= size;
        done();
        return false;
    }
    if (sender == 0) return true;
    Share& share = shares_[sender % shares];
    const auto held = share.held.fetch_add(size);
    if (held == 0 || held + size <= size_max_ - taken) return true;
    share.wanted = size;  // likewise
    share.held -= size;
    taken_ -= size;
    if (is_free_again(share)) share_is_free_ = true;
    done();
    return false;
}

void Room::give_back_of(std::uint32_t sender, std::size_t size) {
    if (sender == 0) return;
    Share& share = shares_[sender % shares];
    share.held -= size;
    if (is_free_again(share)) share_is_free_ = true;
}

// What was refused would be taken now, and well more: who is told at each batch asks too often.
bool Room::is_free_again(Share& share) const {
    const std::uint64_t wanted = share.wanted;
    if (wanted == 0) return false;
    const std::uint64_t held = share.held;
    const std::uint64_t free = left();
    const bool has_room = held == 0 || (held <= free / 4 && held + 2 * wanted <= free);
    return has_room && share.wanted.exchange(0) != 0;
}

void Room::done() {
    const bool is_low = wanted_ && taken_ <= size_max_ / 2 && wanted_.exchange(false);
    const bool share_is_free = share_is_free_ && share_is_free_.exchange(false);
    if (!is_low && !share_is_free) return;
    const std::lock_guard lock(mutex_);
    if (listener_) listener_();
}

}  // namespace vigie::store
