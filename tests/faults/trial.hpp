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
    std::size_t missing_in_the_end{};  // after what was not acknowledged was sent again
    std::size_t spooled{};             // taken by the spool during a fault that is about it
    // From the start of a killed server, or the end of another fault, until an observation is
    // acknowledged and /readyz agrees.
    std::chrono::milliseconds back{};

    [[nodiscard]] bool broke_the_promise() const {
        return lost + doubled + wrong + missing_in_the_end > 0;
    }
};

class Trial {
public:
    // The data lie under `parent`; `disk`, if given, is where that is, and power_cut can be tried.
    // `found_limit`: how long what was acknowledged may take to be found.
    explicit Trial(const std::filesystem::path& parent = "/tmp", e2e::LoopDisk* disk = nullptr,
                   std::chrono::seconds found_limit = std::chrono::seconds{60});

    Outcome play(const FaultKind& kind, Random& random);
    // In the end: rows that are too many or missing over all rounds, and what was quarantined.
    [[nodiscard]] std::size_t astray() const;
    [[nodiscard]] std::vector<std::string> log() const { return city_.log(); }

private:
    [[nodiscard]] LoadPlan plan(const FaultKind& kind, Random& random);
    std::size_t strike(const FaultKind& kind, std::chrono::milliseconds lasts, Load& load,
                       Relay& relay);
    [[nodiscard]] std::chrono::milliseconds wait_until_back(const FaultKind& kind);
    [[nodiscard]] bool takes_observations();
    [[nodiscard]] e2e::Found look_until_found(e2e::Run run,
                                              const std::vector<bool>& expected) const;
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
