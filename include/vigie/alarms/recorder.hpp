// Makes what happens to alarms last: row and transition in one transaction, then the stream, then
// whoever listens, in that order and in the order in which it was decided.
//
// The database has the last word: each occurrence is applied to the row as it is found there, so
// that an operator's acknowledgement and a returning sensor may cross without harm. While the
// database is away occurrences wait here in order, are kept in a spool of their own, and are
// streamed as what was shown last would look with them; recorded twice they change nothing. What
// is open, as shown last, is there in memory for who begins to look meanwhile.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "vigie/alarms/alarm.hpp"
#include "vigie/alarms/occurrence.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/base/result.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/store/database.hpp"
#include "vigie/store/spool.hpp"

namespace vigie::alarms {

class Meanwhile;

// Who acts: the login is kept, the name is for people to read.
struct Person {
    std::string login;
    std::string name;
};

class Recorder {
public:
    static constexpr std::size_t batch_max = 512;

    Recorder(store::Pool& pool, live::Stream& stream, const assets::Registry& registry,
             const base::Clock& clock);
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    // --- before start() -------------------------------------------------------------------------
    // What must be written together with each change (the logbook). An exception rolls all back and
    // the batch is tried again.
    void in_transaction(std::function<void(store::Transaction&, const AlarmChange&)> work);
    // What follows a change, after its commit, on the committing thread.
    void on_recorded(std::function<void(const AlarmChange&)> listener);
    // Where the states go that the database has come to: the engine.
    void on_answer(std::function<void(std::vector<Standing>)> listener);

    // Where occurrences are kept while the database is away (opened, outlives the recorder);
    // without, in memory only.
    void keep_in(store::Spool& spool);
    // Records what an earlier run kept there. Throws store::Unavailable.
    void record_left_over();
    // What stands, as the database has it.
    void shown(const std::vector<Alarm>& alarms);

    // --- any thread -----------------------------------------------------------------------------
    void submit(std::vector<Occurrence> occurrences);
    [[nodiscard]] std::size_t waiting() const;
    // Waits until everything submitted so far is recorded. False: not within `limit`.
    bool settle(std::chrono::milliseconds limit);
    // What waits is more than its spool takes: nothing more should be judged.
    [[nodiscard]] bool crowded() const { return crowded_; }
    // What was shown is more than the database has: transitions are in the spool alone.
    [[nodiscard]] bool ahead() const;
    // What is open as it was shown last, of what is wanted; in any order. While the recorder is
    // ahead or the database away that is the truth. Nothing: it is kept in no spool.
    [[nodiscard]] std::optional<std::vector<Alarm>> open(
        const std::function<bool(const Alarm&)>& wanted) const;

    void start();
    // Records what waits, for at most `limit`.
    void stop(std::chrono::milliseconds limit = std::chrono::seconds(5));
    // By hand, without start(): one batch. False: the database is away, it waits on.
    bool record_batch();

    // --- in somebody's transaction --------------------------------------------------------------
    // not_found; conflict (with the state) when there is nothing to acknowledge. Streams, tells
    // listeners and engine after the commit.
    base::Result<Alarm> acknowledge(store::Transaction& tx, const std::string& id,
                                    const Person& person, const std::string& reason,
                                    base::Instant now);
    // The incident an alarm belongs to; streams the changed row after the commit.
    base::Result<Alarm> attach(store::Transaction& tx, const std::string& id,
                               std::int64_t incident);
    // Those of `ids` that belong to that incident and are not over stand by themselves from now on;
    // which ones. What is over keeps the incident that handled it. Streams as attach().
    std::vector<std::string> let_go(store::Transaction& tx, const std::vector<std::string>& ids,
                                    std::int64_t incident);

private:
    void run();
    void keep_and_show();
    [[nodiscard]] std::vector<Occurrence> next_batch();
    void drop_batch(std::size_t count);
    void record(store::Transaction& tx, const std::vector<Occurrence>& batch);
    bool try_to_record(const std::vector<Occurrence>& batch);
    bool record_each(const std::vector<Occurrence>& batch);
    // `touched`: further alarms whose row looks different now.
    void follow(store::Transaction& tx, std::vector<AlarmChange> changes,
                std::vector<Standing> answers, std::set<std::string> touched = {});
    void publish(const std::vector<Alarm>& alarms);
    void stream(const std::vector<Alarm>& alarms);

    store::Pool& pool_;
    live::Stream& stream_;
    const assets::Registry& registry_;
    const base::Clock& clock_;
    std::function<void(store::Transaction&, const AlarmChange&)> in_transaction_;
    std::vector<std::function<void(const AlarmChange&)>> listeners_;
    std::function<void(std::vector<Standing>)> answer_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Occurrence> queue_;
    std::uint64_t submitted_{};
    std::uint64_t recorded_{};
    std::size_t kept_{};  // of the queue, from its front: in the spool as well
    std::unique_ptr<Meanwhile> meanwhile_;
    std::atomic<bool> crowded_{false};
    bool stopping_{};
    bool away_{};      // of the recording thread: the last attempt failed
    bool in_doubt_{};  // of the recording thread: the last commit may have come through
    std::thread thread_;
};

}  // namespace vigie::alarms
