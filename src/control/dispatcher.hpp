// Brings commands to their devices, and what devices answer to the rows. One thread, woken by what
// happens and, while something has not ended, often enough to see time pass.
//
// A command is `sent` in a committed row before it is handed to a socket, so that no crash can make
// it go out twice. What comes back (PUBACK, results) is recorded here, too; the database has the
// last word, and what is held in memory is only a mirror of it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "control/kept_results.hpp"
#include "control/lines.hpp"
#include "control/room.hpp"
#include "vigie/control/control.hpp"

namespace vigie::control {

class Dispatcher final : public ingest::CommandTaker {
public:
    // Results taken and not answered, or not recorded; beyond: no room.
    static constexpr std::size_t results_waiting_max = 10'000;

    Dispatcher(Room& room, store::Pool& pool, Carrier carrier)
        : room_(room), pool_(pool), carrier_(std::move(carrier)) {}
    ~Dispatcher() override { stop(); }
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    // Opened; outlives the dispatcher. Before load(). Without, results wait while the database is
    // away.
    void keep_in(store::Spool& spool);
    // What had not ended when the last run did. Throws store::Unavailable.
    void load();
    void start();
    void stop();

    // By hand, on the calling thread: one round of everything. False: the database is away.
    bool work_once();

    // After a commit, any thread.
    void changed(const Change& change);

    void listening(const std::string& filter) override;
    void delivered(std::uint64_t command, net::MqttOutcome outcome) override;
    [[nodiscard]] bool take(ingest::CommandResult result, ingest::ResultAnswer answer) override;

private:
    struct Taken {
        ingest::CommandResult result;
        ingest::ResultAnswer answer;  // empty: answered, as it is kept
    };
    struct Happened {
        std::vector<Change> changes;
        std::set<std::string> filters;
        std::vector<std::pair<std::int64_t, net::MqttOutcome>> outcomes;
        std::vector<Taken> results;
    };
    // What is known of a command that was handed to connections.
    struct Flight {
        std::size_t pending{};
        bool delivered{};
        bool rejected{};
        bool lost{};
        bool refused{};
        bool no_room{};
    };
    struct Move {
        std::int64_t command{};
        State to{};
        Hand hand{};
        std::string cause{};
    };
    struct Unanswered {
        Taken taken;
        std::optional<ingest::Refusal> refusal;
    };
    using Refusals = std::vector<std::optional<ingest::Refusal>>;

    void run();
    void wake();
    void note_happened();
    void note_changes(const std::vector<Change>& changes);
    void note_outcome(std::int64_t command, net::MqttOutcome outcome);
    void settle_flight(std::int64_t command, const Flight& flight);
    void note_filter(const std::string& filter);
    void look_again();

    // One transaction: what became of deliveries, results, and what is due.
    bool settle();
    bool try_to_settle(std::size_t results, const std::vector<std::int64_t>& due);
    Refusals settle_in(store::Transaction& tx, std::size_t results,
                       const std::vector<std::int64_t>& due);
    std::optional<ingest::Refusal> settle_result(const ingest::CommandResult& result,
                                                 Command* command, std::vector<Change>& changes);
    void settled(std::size_t results, const Refusals& refusals,
                 const std::vector<std::int64_t>& due);
    void keep_results();
    void answer_all();

    bool send_next();
    void hand_over(const Command& command);

    Room& room_;
    store::Pool& pool_;
    Carrier carrier_;
    std::optional<KeptResults> kept_;

    std::mutex work_mutex_;  // of a round, and of what follows
    Lines lines_;
    std::set<assets::AssetId> ready_;  // where the next may be tried
    std::map<std::int64_t, Flight> flights_;
    std::vector<Move> moves_;
    std::deque<Taken> results_;
    std::deque<Unanswered> unanswered_;
    bool away_{};
    bool look_again_{};

    std::mutex mutex_;
    std::condition_variable woken_;
    Happened happened_;
    std::size_t results_waiting_{};
    bool turned_away_{};  // somebody waits for room
    bool wanted_{};
    bool idle_{};  // nothing has not ended
    bool stopping_{};
    std::thread thread_;
};

}  // namespace vigie::control
