#include "store/turns.hpp"

namespace vigie::store {

void Turns::came(std::size_t writer, std::size_t frames) {
    pending_[writer] += frames;
    total_ += frames;
}

void Turns::taken(std::size_t writer, std::size_t frames) {
    pending_[writer] -= frames;
    total_ -= frames;
}

Turn Turns::of(std::size_t writer) const {
    if (together_ || total_ == 0) return Turn::wait;
    if (total_ > together_max_) return pending_[writer] > 0 ? Turn::own : Turn::wait;
    return writer == 0 && side_by_side_ == 0 ? Turn::all : Turn::wait;
}

void Turns::begin(Turn turn) {
    if (turn == Turn::all) together_ = true;
    if (turn == Turn::own) ++side_by_side_;
}

void Turns::end(Turn turn) {
    if (turn == Turn::all) together_ = false;
    if (turn == Turn::own) --side_by_side_;
}

}  // namespace vigie::store
