// What a writer must know beside its frames: which days are packed, so that what comes for them
// goes to frame_late, and which hours are marked already, so that a roll-up is recomputed.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <unordered_set>
#include <vector>

#include "vigie/store/frames.hpp"

namespace vigie::store {

// Immutable once in force.
struct Routes {
    std::uint64_t version{1};
    std::set<Day> late_days;
    // Marks of hours from this one on are not taken by whoever computes roll-ups: a writer need not
    // set them twice. Earlier ones are set again in each generation.
    std::int32_t open_hour{};
    std::int64_t generation{1};
};

// The routes in force, and which writers still follow older ones. Thread-safe.
class Routing {
public:
    explicit Routing(std::size_t writers) : following_(writers, outside) {}

    // A transaction of a writer: the routes it follows from begin to commit.
    class Passage {
    public:
        Passage(Routing& routing, std::size_t writer, std::shared_ptr<const Routes> routes)
            : routing_(routing), writer_(writer), routes_(std::move(routes)) {}
        ~Passage() { routing_.leave(writer_); }
        Passage(const Passage&) = delete;
        Passage& operator=(const Passage&) = delete;
        const Routes& operator*() const { return *routes_; }
        const Routes* operator->() const { return routes_.get(); }

    private:
        Routing& routing_;
        std::size_t writer_;
        std::shared_ptr<const Routes> routes_;
    };
    [[nodiscard]] Passage enter(std::size_t writer);

    // Puts changed routes in force, and returns once every transaction that follows older ones is
    // over. Answers the routes that were in force before.
    Routes change(const std::function<void(Routes&)>& edit);

    // Of the notes that a transaction sets which asks now: see ReplayNote.
    [[nodiscard]] std::int64_t note_generation() const { return note_generation_; }
    // The next one; not before `least`. Waits for nobody.
    std::int64_t renew_notes(std::int64_t least = 0);

private:
    static constexpr std::uint64_t outside = ~std::uint64_t{0};
    void leave(std::size_t writer);
    std::mutex mutex_;
    std::condition_variable left_;
    std::shared_ptr<const Routes> routes_{std::make_shared<const Routes>()};
    std::vector<std::uint64_t> following_;  // by writer: the version, or outside
    std::atomic<std::int64_t> note_generation_{1};
};

// An hour of an asset whose roll-up is to be recomputed.
struct Mark {
    std::int32_t asset_id{};
    std::int32_t hour{};  // since 1970
};

// The marks that one writer has set, so that the steady state sets none. Not thread-safe.
class MarkMemory {
public:
    // Of frames sorted by asset and time: the marks to set with them, in order, each once.
    [[nodiscard]] std::vector<Mark> missing(const Routes& routes, std::span<const Frame> frames);
    // Once they are committed.
    void remember(const std::vector<Mark>& marks);

private:
    std::int64_t generation_{};
    std::unordered_set<std::uint64_t> known_;
};

[[nodiscard]] std::int32_t hour_of(base::Instant instant);

}  // namespace vigie::store
