#include "store/frame_route.hpp"

#include <algorithm>

namespace vigie::store {

namespace {

// Beyond, what was remembered is forgotten and set again: memory is bounded, whatever is filled in.
constexpr std::size_t remembered_marks_max = 1'000'000;

std::uint64_t key_of(const Mark& mark) {
    return (std::uint64_t{static_cast<std::uint32_t>(mark.asset_id)} << 32U) |
           static_cast<std::uint32_t>(mark.hour);
}

std::int32_t hour_in(std::uint64_t key) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(key));
}

}  // namespace

Routing::Passage Routing::enter(std::size_t writer) {
    const std::lock_guard lock(mutex_);
    following_[writer] = routes_->version;
    return {*this, writer, routes_};
}

void Routing::leave(std::size_t writer) {
    const std::lock_guard lock(mutex_);
    following_[writer] = outside;
    left_.notify_all();
}

Routes Routing::change(const std::function<void(Routes&)>& edit) {
    std::unique_lock lock(mutex_);
    const auto before = routes_;
    auto changed = std::make_shared<Routes>(*before);
    edit(*changed);
    changed->version = before->version + 1;
    routes_ = changed;
    left_.wait(lock, [&] {
        return std::ranges::all_of(following_, [&](auto v) { return v >= changed->version; });
    });
    return *before;
}

std::int64_t Routing::renew_notes(std::int64_t least) {
    const std::lock_guard lock(mutex_);
    note_generation_ = std::max(note_generation_ + 1, least);
    return note_generation_;
}

std::int32_t hour_of(base::Instant instant) {
    return static_cast<std::int32_t>(
        std::chrono::floor<std::chrono::hours>(instant).time_since_epoch().count());
}

std::vector<Mark> MarkMemory::missing(const Routes& routes, std::span<const Frame> frames) {
    if (routes.generation != generation_) {
        std::erase_if(known_, [&](auto key) { return hour_in(key) < routes.open_hour; });
        generation_ = routes.generation;
    }
    std::vector<Mark> marks;
    Mark last{-1, -1};
    for (const Frame& frame : frames) {
        const Mark mark{frame.asset_id, hour_of(frame.observed_at)};
        if (mark.asset_id == last.asset_id && mark.hour == last.hour) continue;
        last = mark;
        if (!known_.contains(key_of(mark))) marks.push_back(mark);
    }
    return marks;
}

void MarkMemory::remember(const std::vector<Mark>& marks) {
    if (known_.size() + marks.size() > remembered_marks_max) known_.clear();
    for (const Mark& mark : marks)
        known_.insert(key_of(mark));
}

}  // namespace vigie::store
