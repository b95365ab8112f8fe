// Pure: which of the writers begins a transaction, and with what.
//
// While little is pending it all goes in one transaction of the first writer: what a transaction
// costs by itself (two requests to the disk, a dozen system calls) is then most of the work, and
// two of them side by side only make each other slow. When much is pending each writer stores the
// assets that fall to it, beside the others. Never both at once, so that an asset is never in two
// of their transactions that are under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vigie::store {

enum class Turn : std::uint8_t { wait, all, own };

// Not thread-safe.
class Turns {
public:
    Turns(std::size_t writers, std::size_t together_max)
        : pending_(writers), together_max_(together_max) {}

    // Frames came that fall to a writer; a batch took some of them.
    void came(std::size_t writer, std::size_t frames);
    void taken(std::size_t writer, std::size_t frames);
    // What a writer may begin, if it has nothing under way.
    [[nodiscard]] Turn of(std::size_t writer) const;
    void begin(Turn turn);
    void end(Turn turn);
    [[nodiscard]] bool nothing_pending() const { return total_ == 0; }

private:
    std::vector<std::size_t> pending_;  // by writer
    std::size_t together_max_;
    std::size_t total_{};
    bool together_{};             // a transaction of all is under way
    std::size_t side_by_side_{};  // so many of one writer's assets are
};

}  // namespace vigie::store
