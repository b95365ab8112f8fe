// The room for what is accepted and not yet durable, and how senders share it.
//
// Whoever holds some takes no more of it than is left free then: one who sends without end has
// half, two a third each, and there is some for whoever sends little (the dynamic threshold of A.
// K. Choudhury and E. L. Hahne, "Dynamic queue length thresholds for shared-memory packet
// switches", IEEE/ACM Transactions on Networking 6 (2), 1998). Senders are told apart by a number
// modulo `shares`: two of the same have one part.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace vigie::store {

// Thread-safe.
class Room {
public:
    static constexpr std::size_t shares = 4'096;

    // `taken` is what is taken now, for whoever watches; it outlives the room.
    Room(std::size_t size_max, std::atomic<std::uint64_t>& taken)
        : size_max_(size_max), taken_(taken) {}

    // Called, on any thread, when there is room again for somebody who was refused.
    void on_room(std::function<void()> listener);

    // False: none for this sender; nothing was taken. Whoever holds nothing may take more than its
    // part. 0: nobody in particular, who has no part.
    [[nodiscard]] bool take(std::uint32_t sender, std::size_t size);
    // For a batch: the sum, then what each sender had of it, then the listener's turn.
    void give_back(std::size_t size) { taken_ -= size; }
    void give_back_of(std::uint32_t sender, std::size_t size);
    void done();
    // Somebody was refused for another reason, and wants to hear of room at a done().
    void want() { wanted_ = true; }

private:
    struct Share {
        std::atomic<std::uint64_t> held{0};
        std::atomic<std::uint64_t> wanted{0};  // the size that was refused last
    };
    [[nodiscard]] std::uint64_t left() const;
    [[nodiscard]] bool is_free_again(Share& share) const;

    const std::size_t size_max_;
    std::atomic<std::uint64_t>& taken_;
    std::atomic<bool> wanted_{false};         // by somebody for whom there was none at all
    std::atomic<bool> share_is_free_{false};  // of somebody who held its part
    std::array<Share, shares> shares_;
    std::mutex mutex_;
    std::function<void()> listener_;
};

}  // namespace vigie::store
