#include "tests/e2e/support/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

extern char** environ;

namespace vigie::e2e {

namespace {

struct Pipe {
    Pipe() {
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    }
    std::array<int, 2> ends{};
};

pid_t spawn(std::vector<std::string>& arguments, int output, const std::string& input_file) {
    std::vector<char*> argv;
    for (auto& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input_file.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    pid_t pid = 0;
    const int failed = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error(arguments[0] + ": " + std::strerror(failed));
    return pid;
}

}  // namespace

Program::Program(std::vector<std::string> arguments, OnLine on_line,
                 const std::string& input_file) {
    const Pipe pipe;
    pid_ = spawn(arguments, pipe.ends[1], input_file);
    close(pipe.ends[1]);
    reader_ = std::thread([this, output = pipe.ends[0], on_line = std::move(on_line)] {
        read_lines(output, on_line);
    });
}

Program::~Program() {
    if (!status_) send_and_wait(SIGKILL, std::chrono::seconds{30});
    if (reader_.joinable()) reader_.join();
}

void Program::read_lines(int output, const OnLine& on_line) {
    std::array<char, 65'536> bytes{};
    std::string unfinished;
    for (;;) {
        const ssize_t count = read(output, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        unfinished.append(bytes.data(), static_cast<std::size_t>(count));
        std::size_t start = 0;
        for (auto end = unfinished.find('\n'); end != std::string::npos;
             end = unfinished.find('\n', start)) {
            const std::string line = unfinished.substr(start, end - start);
            start = end + 1;
            if (on_line) on_line(line);
            const std::lock_guard lock(mutex_);
            lines_.push_back(line);
            told_.notify_all();
        }
        unfinished.erase(0, start);
    }
    close(output);
    const std::lock_guard lock(mutex_);
    silent_ = true;
    told_.notify_all();
}

bool Program::wait_for_line(const std::string& text, std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    std::size_t seen = 0;
    bool found = false;
    const auto said = [&] {
        for (; seen < lines_.size() && !found; ++seen)
            found = lines_[seen].find(text) != std::string::npos;
        return found || silent_;
    };
    told_.wait_for(lock, limit, said);
    return found;
}

std::optional<int> Program::send_and_wait(int signal, std::chrono::seconds limit) {
    if (!status_) kill(pid_, signal);
    return wait(limit);
}

// The end of its output is the end of the program: nothing else holds that pipe.
std::optional<int> Program::wait(std::chrono::seconds limit) {
    if (status_) return status_;
    {
        std::unique_lock lock(mutex_);
        if (!told_.wait_for(lock, limit, [this] { return silent_; })) return std::nullopt;
    }
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return status_;
}

std::vector<std::string> Program::lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
}

}  // namespace vigie::e2e
