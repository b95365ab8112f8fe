// A program in a process of its own: what it says is kept line by line, and its end is real.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace vigie::e2e {

class Program {
public:
    // Called for each line, on the thread that reads the program's output.
    using OnLine = std::function<void(const std::string& line)>;

    // `arguments[0]` is the program, looked for in PATH. Standard output and error are read as one;
    // standard input is `input_file`, or nothing. Throws std::runtime_error when it cannot start.
    explicit Program(std::vector<std::string> arguments, OnLine on_line = {},
                     const std::string& input_file = "/dev/null");
    ~Program();  // kills what still runs
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    // True once a line holds `text`; false when the limit is over or the program has ended without.
    [[nodiscard]] bool wait_for_line(const std::string& text, std::chrono::seconds limit);
    // Everything it said is read when these return. The exit status as the shell counts it (128 +
    // signal); nothing when the limit is over.
    std::optional<int> send_and_wait(int signal, std::chrono::seconds limit);
    std::optional<int> wait(std::chrono::seconds limit);

    [[nodiscard]] std::vector<std::string> lines() const;

private:
    void read_lines(int output, const OnLine& on_line);

    pid_t pid_{};
    std::optional<int> status_;
    mutable std::mutex mutex_;
    std::condition_variable told_;
    std::vector<std::string> lines_;
    bool silent_{};  // its output is closed
    std::thread reader_;
};

}  // namespace vigie::e2e
