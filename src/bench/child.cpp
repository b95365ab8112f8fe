#include "bench/child.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace vigie::bench {

namespace {

std::mutex kept_mutex;
std::set<pid_t> kept;

}  // namespace

pid_t spawn(const std::vector<std::string>& arguments, int in, int out) {
    std::vector<char*> argv;
    for (const auto& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child > 0) return child;
    if (in >= 0) dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    close_range(3, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execv(argv[0], argv.data());
    _exit(127);
}

pid_t spawn_kept(const std::vector<std::string>& arguments, int in, int out) {
    const std::lock_guard lock(kept_mutex);
    return *kept.insert(spawn(arguments, in, out)).first;
}

void end_kept_children() {
    const std::lock_guard lock(kept_mutex);
    for (const pid_t child : kept)
        kill(child, SIGKILL);
    kept.clear();
}

void end_child(pid_t child, std::chrono::seconds limit) {
    if (child <= 0) return;
    {
        const std::lock_guard lock(kept_mutex);
        kept.erase(child);
    }
    kill(child, SIGTERM);
    const auto until = std::chrono::steady_clock::now() + limit;
    while (waitpid(child, nullptr, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > until) kill(child, SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

int opened(const std::filesystem::path& path, int flags) {
    const int file = open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error("cannot open " + path.string());
    return file;
}

std::uint16_t free_port() {
    const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const bool found = bind(listening, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
                       getsockname(listening, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    close(listening);
    if (!found) throw std::runtime_error("no free port");
    return ntohs(at.sin_port);
}

}  // namespace vigie::bench
