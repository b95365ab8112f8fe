#include "tests/faults/faults.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ranges>
#include <stdexcept>

namespace vigie::faults {

namespace {

constexpr std::chrono::seconds backend_limit{20};
constexpr std::uintmax_t room_before_full =
    std::uintmax_t{40} * 1024 * 1024;  // a segment of the log, and a round

void pass(std::chrono::milliseconds time) {
    boost::asio::io_context io;
    boost::asio::steady_timer(io, time).wait();
}

void signal_all(const std::vector<pid_t>& pids, int number) {
    for (const pid_t pid : pids)
        kill(pid, number);
}

// The backend that stores at this moment.
pid_t writers_backend(const e2e::Installation& city) {
    pid_t pid = 0;
    const auto found = [&] {
        const auto rows = city.sql(
            "select pid from pg_stat_activity where pid <> pg_backend_pid() and (query like 'copy "
            "frame %' or query like '%insert into frame (%' or query in ('begin', 'commit'))");
        if (!rows.empty()) pid = rows[0][0].as<pid_t>();
        return pid > 0;
    };
    if (!e2e::until(found, backend_limit)) throw std::runtime_error("no backend of a writer");
    return pid;
}

void freeze(const std::vector<pid_t>& pids, std::chrono::milliseconds lasts) {
    signal_all(pids, SIGSTOP);
    pass(lasts);
    signal_all(pids, SIGCONT);
}

std::filesystem::path ballast_in(const e2e::Installation& city) {
    return city.folder() / "ballast";
}

// Takes all free space but `rest`, and the last pages by trial.
void load_ballast(const std::filesystem::path& path, std::uintmax_t rest) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error("no file " + path.string());
    const off_t size = lseek(file, 0, SEEK_END);
    const auto free = std::filesystem::space(path.parent_path()).free;
    off_t more = free > rest ? static_cast<off_t>(free - rest) : 0;
    while (more > 0 && posix_fallocate(file, size, more) != 0)
        more -= more / 100 + 1;
    close(file);
}

}  // namespace

const std::vector<FaultKind>& fault_kinds() {
    static const std::vector<FaultKind> kinds{
        {Fault::server_killed, "server_killed", true, true, false},
        {Fault::backend_killed, "backend_killed", true, false, false},
        {Fault::cluster_killed, "cluster_killed", true, false, false},
        {Fault::both_killed, "both_killed", true, true, false},
        {Fault::server_frozen, "server_frozen", false, false, false},
        {Fault::cluster_frozen, "cluster_frozen", false, false, false},
        {Fault::connections_cut, "connections_cut", false, false, true},
        {Fault::clients_vanish, "clients_vanish", false, false, true},
        {Fault::disk_full, "disk_full", false, false, false},
        {Fault::power_cut, "power_cut", false, true, false},
    };
    return kinds;
}

const FaultKind* fault_named(std::string_view name) {
    const auto found = std::ranges::find(fault_kinds(), name, &FaultKind::name);
    return found == fault_kinds().end() ? nullptr : &*found;
}

void prepare(Fault fault, const e2e::Installation& city) {
    if (fault == Fault::disk_full) load_ballast(ballast_in(city), room_before_full);
}

void befall(Fault fault, const e2e::Installation& city, std::chrono::milliseconds lasts) {
    switch (fault) {
        case Fault::server_killed:
            kill(city.server_pid(), SIGKILL);
            return;
        case Fault::backend_killed:
            kill(writers_backend(city), SIGKILL);
            return;
        case Fault::cluster_killed:
            signal_all(city.database_pids(), SIGKILL);
            return;
        case Fault::both_killed:
        case Fault::power_cut: {
            auto pids = city.database_pids();
            pids.insert(pids.begin(), city.server_pid());
            signal_all(pids, SIGKILL);
            return;
        }
        case Fault::server_frozen:
            freeze({city.server_pid()}, lasts);
            return;
        case Fault::cluster_frozen:
            freeze(city.database_pids(), lasts);
            return;
        case Fault::disk_full:
            load_ballast(ballast_in(city), 0);
            pass(lasts);
            std::filesystem::remove(ballast_in(city));
            return;
        case Fault::connections_cut:
        case Fault::clients_vanish:
            return;
    }
}

}  // namespace vigie::faults
