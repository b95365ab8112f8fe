// Where the time of a start goes: for the log, and for `vigie status`, so that a slow return is
// explained by the installation that has it.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace vigie::app {

// Filled by the starting thread, and not changed any more once the admin door is open.
class StartSteps {
public:
    using Steps = std::vector<std::pair<std::string, std::chrono::milliseconds>>;

    // What the kernel and the loader did before counts as the first step.
    StartSteps();
    // What was done since the step before.
    void done(std::string step);
    [[nodiscard]] const Steps& steps() const { return steps_; }

private:
    std::chrono::steady_clock::time_point last_;
    Steps steps_;
};

// "1.234 s: process 0.020, database 1.000, catalogue 0.214"
[[nodiscard]] std::string sentence_of(const StartSteps::Steps& steps);

}  // namespace vigie::app
