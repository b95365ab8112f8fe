#include "control/dispatcher.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

#include "control/codec.hpp"
#include "control/store_commands.hpp"

namespace vigie::control {

namespace {

using net::MqttOutcome;

// How often time is looked at while something has not ended.
constexpr std::chrono::milliseconds tick{200};
// How often rows are held against what is remembered, should a change have gone unheard.
constexpr std::chrono::seconds look_again_every{10};
constexpr std::chrono::seconds try_again_after{1};

}  // namespace

void Dispatcher::keep_in(store::Spool& spool) {
    kept_.emplace(spool);
}

void Dispatcher::load() {
    const std::lock_guard working(work_mutex_);
    if (kept_) {
        for (auto& result : kept_->left_over()) {
            results_.push_back({std::move(result), {}});
            const std::lock_guard lock(mutex_);
            ++results_waiting_;
        }
    }
    look_again();
}

void Dispatcher::start() {
    const std::lock_guard lock(mutex_);
    if (thread_.joinable()) return;
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
}

void Dispatcher::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    woken_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Dispatcher::run() {
    auto look_again_at = std::chrono::steady_clock::now() + look_again_every;
    bool well = true;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (well) {
                woken_.wait_for(lock, idle_ ? std::chrono::milliseconds{look_again_every} : tick,
                                [this] { return stopping_ || wanted_; });
            } else {
                woken_.wait_for(lock, try_again_after, [this] { return stopping_; });
            }
            if (stopping_) break;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now >= look_again_at) {
            look_again_at = now + look_again_every;
            const std::lock_guard working(work_mutex_);
            look_again_ = true;
        }
        well = work_once();
    }
    // What the goodbyes of the connections told.
    (void)work_once();
}

// --- what happens, on any thread
// ------------------------------------------------------------------

void Dispatcher::wake() {
    wanted_ = true;
    woken_.notify_one();
}

void Dispatcher::changed(const Change& change) {
    const std::lock_guard lock(mutex_);
    happened_.changes.push_back(change);
    wake();
}

void Dispatcher::listening(const std::string& filter) {
    const std::lock_guard lock(mutex_);
    // A city that comes back after an outage, and nobody asks anything of it.
    if (idle_ && happened_.changes.empty()) return;
    happened_.filters.insert(filter);
    wake();
}

void Dispatcher::delivered(std::uint64_t command, MqttOutcome outcome) {
    const std::lock_guard lock(mutex_);
    happened_.outcomes.emplace_back(static_cast<std::int64_t>(command), outcome);
    wake();
}

bool Dispatcher::take(ingest::CommandResult result, ingest::ResultAnswer answer) {
    const std::lock_guard lock(mutex_);
    if (results_waiting_ >= results_waiting_max) {
        turned_away_ = true;
        return false;
    }
    ++results_waiting_;
    happened_.results.push_back({std::move(result), std::move(answer)});
    wake();
    return true;
}

// --- a round
// --------------------------------------------------------------------------------------

bool Dispatcher::work_once() {
    const std::lock_guard working(work_mutex_);
    bool well = true;
    try {
        note_happened();
        if (look_again_) look_again();
        well = settle();
        note_happened();
        well = well && send_next();
        note_happened();
        if (away_ && well) spdlog::info("commands: the database is back");
        if (well) away_ = false;
    } catch (const std::exception& error) {
        if (!std::exchange(away_, true)) spdlog::warn("commands wait: {}", error.what());
        look_again_ = true;
        keep_results();
        well = false;
    }
    answer_all();
    const std::lock_guard lock(mutex_);
    idle_ = lines_.empty() && results_.empty() && moves_.empty() && unanswered_.empty();
    return well;
}

void Dispatcher::note_happened() {
    Happened happened;
    {
        const std::lock_guard lock(mutex_);
        happened = std::exchange(happened_, {});
        wanted_ = false;
        idle_ = false;
    }
    note_changes(happened.changes);
    for (const auto& [command, outcome] : happened.outcomes)
        note_outcome(command, outcome);
    for (const auto& filter : happened.filters)
        note_filter(filter);
    std::ranges::move(happened.results, std::back_inserter(results_));
}

void Dispatcher::note_changes(const std::vector<Change>& changes) {
    for (const auto& [command, transition] : changes) {
        lines_.put(open_of(command));
        // Where there was no room, or nobody after all, it is tried when somebody comes or the rows
        // are looked at, not at once again and again.
        const bool may_go = command.state == State::queued && transition.cause != "no_room" &&
                            transition.cause != "nobody_hears";
        if (may_go || is_final(command.state)) ready_.insert(command.asset);
    }
}

void Dispatcher::note_outcome(std::int64_t command, MqttOutcome outcome) {
    const auto flight = flights_.find(command);
    if (flight == flights_.end()) return;
    Flight& known = flight->second;
    switch (outcome) {
        case MqttOutcome::written:
        case MqttOutcome::acknowledged:
            if (std::exchange(known.delivered, true)) break;
            moves_.push_back({command, State::delivered, Hand::server,
                              outcome == MqttOutcome::acknowledged ? "acknowledged" : "written"});
            break;
        case MqttOutcome::rejected:
            known.rejected = true;
            break;
        case MqttOutcome::lost:
            known.lost = true;
            break;
        case MqttOutcome::refused:
            known.refused = true;
            break;
        case MqttOutcome::no_room:
            known.no_room = true;
            break;
        case MqttOutcome::expired:
        case MqttOutcome::unsent:
            break;
    }
    if (--known.pending > 0) return;
    settle_flight(command, known);
    flights_.erase(flight);
}

// Once every connection has told. What one of them may have seen is not sent again.
void Dispatcher::settle_flight(std::int64_t command, const Flight& flight) {
    if (flight.delivered) return;
    if (flight.rejected) {
        moves_.push_back({command, State::failed, Hand::device, "rejected"});
    } else if (flight.lost) {
        return;
    } else if (flight.refused) {
        moves_.push_back({command, State::failed, Hand::server, "too_large"});
    } else {
        moves_.push_back(
            {command, State::queued, Hand::server, flight.no_room ? "no_room" : "unsent"});
    }
}

void Dispatcher::note_filter(const std::string& filter) {
    if (filter.find_first_of("+#") != std::string::npos) {
        const auto waiting = lines_.waiting();
        ready_.insert(waiting.begin(), waiting.end());
        return;
    }
    constexpr std::string_view prefix = "vigie/v1/";
    constexpr std::string_view suffix = "/commands";
    if (!filter.starts_with(prefix) || !filter.ends_with(suffix)) return;
    if (filter.size() <= prefix.size() + suffix.size()) return;
    const auto catalogue = room_.registry.current();
    const auto* asset = catalogue->find(std::string_view(filter).substr(
        prefix.size(), filter.size() - prefix.size() - suffix.size()));
    if (asset && lines_.waits(asset->id)) ready_.insert(asset->id);
}

void Dispatcher::look_again() {
    const auto open =
        pool_.read_now([](store::Transaction& tx) { return command_store::open(tx); });
    look_again_ = false;
    lines_.clear();
    for (const auto& one : open)
        lines_.put(one);
    const auto waiting = lines_.waiting();
    ready_.insert(waiting.begin(), waiting.end());
}

// --- outwards
// -------------------------------------------------------------------------------------

bool Dispatcher::send_next() {
    const auto now = room_.clock.now();
    const auto catalogue = room_.registry.current();
    std::vector<std::int64_t> ids;
    for (const auto asset : ready_) {
        const auto id = lines_.next(asset, now);
        const auto* known = id ? catalogue->find(asset) : nullptr;
        if (known && carrier_.hears(ingest::command_topic(known->code))) ids.push_back(*id);
    }
    if (ids.empty()) {
        ready_.clear();
        return true;
    }
    std::ranges::sort(ids);
    // The transaction's end is the point of no return: what it says is sent goes out now or never.
    const auto sent = pool_.write_now([&](store::Transaction& tx) {
        std::vector<Change> changes;
        for (auto& command : command_store::find_locked(tx, ids)) {
            if (command.state != State::queued || command.expires_at <= now) continue;
            changes.push_back(take_step(command, {.to = State::sent,
                                                  .author = server_author(),
                                                  .at = now,
                                                  .recorded_at = now,
                                                  .cause = {},
                                                  .detail = {}}));
        }
        write_changes(room_, tx, changes);
        return changes;
    });
    ready_.clear();
    for (const auto& change : sent) {
        hand_over(change.command);
        std::erase(ids, change.command.id);
    }
    for (const auto id : ids)  // moved by somebody else meanwhile
        lines_.drop(id);
    look_again_ = look_again_ || !ids.empty();
    return true;
}

void Dispatcher::hand_over(const Command& command) {
    const auto catalogue = room_.registry.current();
    const auto* asset = catalogue->find(command.asset);
    const std::size_t count = asset == nullptr
                                  ? 0
                                  : carrier_.send({.topic = ingest::command_topic(asset->code),
                                                   .payload = payload_of(command),
                                                   .qos = wire::mqtt::Qos::at_least_once,
                                                   .expires_at = command.expires_at,
                                                   .tag = static_cast<std::uint64_t>(command.id)});
    if (count == 0) {
        moves_.push_back({command.id, State::queued, Hand::server, "nobody_hears"});
    } else {
        flights_[command.id] = Flight{.pending = count};
    }
}

}  // namespace vigie::control
