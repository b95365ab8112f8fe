// One city, on which faults are tried round by round: a load, a fault in the midst of it, and then
// a look at every row.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "tests/e2e/support/disks.hpp"
#include "tests/faults/faults.hpp"
#include "tests/faults/load.hpp"

namespace vigie::faults {

// What came of one round.
struct Outcome {
    bool counts{};    // acknowledged and unacknowledged observations were on their way
    std::string why;  // it does not count
    std::size_t acknowledged{};
    std::size_t unacknowledged{};
    std::size_t refused{};
    std::size_t found{};
    std::size_t lost{};
    std::size_t doubled{};
    std::size_t wrong{};               // another value than sent, or a row that nobody sent
    std::size_t unshown{};             // the live city shows something older than what is stored
    std::size_t missing_in_the_end{};  // after what was not acknowledged was sent again
    std::size_t spooled{};             // taken by the spool during a fault that is about it
    bool flushed{};                    // last values of this round were, before the fault
    bool on_idle{};                    // the backend that was killed stored nothing just then
    // From the start of a killed server, or the end of another fault, until an observation is
    // acknowledged and /readyz agrees.
    std::chrono::milliseconds back{};

    [[nodiscard]] bool broke_the_promise() const {
        return lost + doubled + wrong + unshown + missing_in_the_end > 0;
    }
};

class Trial {
public:
    // Each attempt takes a piece of event time. What is observed ahead of the clock is refused, and
    // so is what is older than 30 days: so many attempts fit in between, with two days to spare for
    // attempts that last longer than the time they take.
    static const std::size_t attempts_max;

    // The data lie under `parent`; `disk`, if given, is where that is, and power_cut can be tried.
    // `found_limit`: how long what was acknowledged may take to be found. There is event time for
    // at least `attempts` rounds.
    Trial(const std::filesystem::path& parent, e2e::LoopDisk* disk,
          std::chrono::seconds found_limit, std::size_t attempts);

    Outcome play(const FaultKind& kind, Random& random);
    // In the end: rows that are too many or missing over all rounds, and what was quarantined.
    [[nodiscard]] std::size_t astray() const;
    [[nodiscard]] std::vector<std::string> log() const { return city_.log(); }

private:
    [[nodiscard]] LoadPlan plan(const FaultKind& kind, Random& random);
    void begin_before_a_flush() const;
    [[nodiscard]] bool is_flushed(e2e::Run run) const;
    Befallen strike(const FaultKind& kind, std::chrono::milliseconds lasts, Load& load,
                    Relay& relay);
    [[nodiscard]] std::chrono::milliseconds wait_until_back(const FaultKind& kind);
    [[nodiscard]] bool takes_observations();
    [[nodiscard]] e2e::Found look_until_found(e2e::Run run,
                                              const std::vector<bool>& expected) const;
    [[nodiscard]] std::size_t look_until_shown(std::size_t first) const;
    [[nodiscard]] std::size_t unshown(std::size_t first) const;
    void send_again(e2e::Run run, const std::vector<bool>& acknowledged);

    e2e::LoopDisk* disk_;
    std::chrono::seconds found_limit_;
    e2e::Installation city_;
    std::vector<std::string> assets_;
    e2e::Numbered sent_;
    e2e::Secrets gateway_;
    std::size_t next_{};
    std::size_t probes_{};
    std::chrono::steady_clock::time_point over_at_;
};

}  // namespace vigie::faults
