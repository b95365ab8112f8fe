// A real pg_dump, for tests of what it must not hold up.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace vigie::test {

// Nobody reads its output until that is asked for: it stands still with all its locks, in its
// snapshot, once there is more of it than a pipe holds.
class Dump {
public:
    Dump(const std::string& program_folder, const std::string& url) {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        output_ = ends[0];
        (void)fcntl(output_, F_SETPIPE_SZ, 4'096);
        std::array<std::string, 3> words{program_folder + "/pg_dump", "--dbname",
                                         // So that its locks can be told from ours.
                                         url + " application_name=pg_dump"};
        std::array<char*, 4> argv{words[0].data(), words[1].data(), words[2].data(), nullptr};
        posix_spawn_file_actions_t actions{};
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        const int failed = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        if (failed != 0) throw std::runtime_error("no pg_dump in " + program_folder);
    }
    // It ends when nobody can read any more.
    ~Dump() {
        close(output_);
        if (pid_ != 0) (void)exit_status();
    }
    Dump(const Dump&) = delete;
    Dump& operator=(const Dump&) = delete;

    [[nodiscard]] std::string read_to_its_end() const {
        std::string all;
        std::array<char, 65'536> bytes{};
        for (auto got = read(output_, bytes.data(), bytes.size()); got > 0;
             got = read(output_, bytes.data(), bytes.size()))
            all.append(bytes.data(), static_cast<std::size_t>(got));
        return all;
    }
    // As waitpid() has it.
    int exit_status() {
        int status = 0;
        waitpid(std::exchange(pid_, 0), &status, 0);
        return status;
    }

private:
    pid_t pid_{};
    int output_{-1};
};

// Of a table, in a dump as text.
[[nodiscard]] inline std::size_t rows_dumped(const std::string& dump, const std::string& table) {
    const auto head = dump.find("COPY public." + table + " ");
    if (head == std::string::npos) return 0;
    const auto first = dump.find('\n', head);
    const auto end = dump.find("\n\\.\n", first);
    return static_cast<std::size_t>(std::count(dump.begin() + static_cast<std::ptrdiff_t>(first),
                                               dump.begin() + static_cast<std::ptrdiff_t>(end),
                                               '\n'));
}

}  // namespace vigie::test
