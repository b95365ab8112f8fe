#include "store/spool_drain.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "store/frame_batch.hpp"
#include "store/frame_record.hpp"

namespace vigie::store {

namespace {
constexpr std::chrono::milliseconds drain_pause_min{50};
constexpr std::chrono::milliseconds drain_pause_max{500};
}  // namespace

void go_away(FrameWriterCounters& counters, const char* why) {
    if (counters.away.exchange(true)) return;
    spdlog::error("the database is away: {}", why);
}

void come_back(FrameWriterCounters& counters) {
    if (counters.away.exchange(false)) spdlog::info("the database is back; storing goes on");
}

SpoolDrain::SpoolDrain(const FrameWriterSettings& settings, std::size_t number,
                       Partitions& partitions, Routing& routing, FrameWriterCounters& counters)
    : settings_(settings),
      counters_(counters),
      lane_(settings, number, partitions, routing, newest_, counters),
      at_once_(settings.batch_frames_max) {}

void SpoolDrain::start() {
    thread_ = std::thread([this] { run(); });
}

void SpoolDrain::wake() {
    wake_.notify_one();
}

void SpoolDrain::hold(bool held) {
    held_ = held;
    wake_.notify_one();
}

void SpoolDrain::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

bool SpoolDrain::has_nothing_to_do() const {
    return settings_.spool->empty() || (held_ && !counters_.away);
}

// False: the program ends.
bool SpoolDrain::nap(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, limit, [this] { return stopping_; });
    return !stopping_;
}

void SpoolDrain::run() {
    auto pause = drain_pause_min;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            // The wake-up may be missed by a hair: look again after a while.
            while (!stopping_ && has_nothing_to_do())
                wake_.wait_for(lock, drain_pause_max);
            if (stopping_) return;
        }
        if (held_ ? reach() : drain_oldest()) {
            pause = drain_pause_min;
        } else {
            if (!nap(pause)) return;
            pause = std::min(pause * 2, drain_pause_max);
        }
    }
}

// False: it is still away.
bool SpoolDrain::reach() {
    try {
        lane_.reach();
        come_back(counters_);
        return true;
    } catch (const Unavailable& away) {
        go_away(counters_, away.what());
        return false;
    }
}

// False: not now. A segment goes only once all of it is committed; what was committed before it
// failed is merged again.
bool SpoolDrain::drain_oldest() {
    try {
        const auto segment = settings_.spool->oldest();
        if (!segment) return true;
        FrameRecord together;
        for (std::size_t i = 0; i < segment->payloads.size(); ++i) {
            auto record = decode_frame_record(segment->payloads[i]);
            if (!record) {
                settings_.spool->set_aside(segment->number, i, segment->payloads[i]);
                continue;
            }
            std::ranges::move(record->frames, std::back_inserter(together.frames));
            std::ranges::move(record->quarantined, std::back_inserter(together.quarantined));
            if (together.frames.size() + together.quarantined.size() < settings_.batch_frames_max)
                continue;
            store(together.frames, together.quarantined);
            if (held_ || !nap(std::chrono::milliseconds{0})) return false;
        }
        store(together.frames, together.quarantined);
        settings_.spool->drop(segment->number);
        if (settings_.spool->empty()) spdlog::info("the spool is empty again");
        return true;
    } catch (const Unavailable& away) {
        go_away(counters_, away.what());
    } catch (const FilesError& error) {
        spdlog::error("the spool cannot be emptied: {}", error.what());
    }
    return false;
}

void SpoolDrain::store(std::vector<Frame>& frames, std::vector<Quarantined>& quarantined) {
    if (frames.empty() && quarantined.empty()) return;
    const std::size_t conflicts = sort_and_merge(frames);
    Instalments batch{frames, quarantined};
    while (!batch.done()) {
        const auto tried = at_once_.now();
        try {
            lane_.store(batch, at_once_, true);
        } catch (const TooSlow& slow) {
            go_away(counters_, slow.what());
            if (tried == 1 || !nap(std::chrono::milliseconds{0})) throw;
        }
    }
    counters_.drained += frames.size();
    counters_.conflicts += conflicts;
    come_back(counters_);
    frames.clear();
    quarantined.clear();
}

void read_spooled(Spool& spool, const std::function<void(std::vector<Frame>)>& take) {
    spool.each([&take](std::string_view payload) {
        auto record = decode_frame_record(payload);
        if (record && !record->frames.empty()) take(std::move(record->frames));
        return true;  // the drain sets aside what means nothing
    });
}

}  // namespace vigie::store
