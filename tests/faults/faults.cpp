#include "tests/faults/faults.hpp"

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ranges>
#include <stdexcept>

#include "tests/e2e/support/disks.hpp"

namespace vigie::faults {

namespace {

// Afterwards one that has stored, and waits, will do.
constexpr std::chrono::seconds busy_backend_limit{5};
constexpr std::chrono::seconds backend_limit{20};
constexpr std::chrono::seconds spool_limit{20};
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

struct Backend {
    pid_t pid{};
    bool idle{};
};

// The backend that stores at this moment, or is in the midst of a transaction that does; if there
// is none for long, one whose last words were about that.
Backend writers_backend(const e2e::Installation& city) {
    Backend backend;
    const auto find = [&](bool busy) {
        const auto rows = city.sql(
            "select pid, state = 'idle' from pg_stat_activity where pid <> pg_backend_pid() and "
            "(query like 'copy frame %' or query like '%insert into frame (%' or query in "
            "('begin', 'commit')) order by state = 'active' desc, state = 'idle'");
        if (rows.empty() || (busy && rows[0][1].as<bool>())) return false;
        backend = {rows[0][0].as<pid_t>(), rows[0][1].as<bool>()};
        return true;
    };
    if (!e2e::until([&] { return find(true); }, busy_backend_limit) &&
        !e2e::until([&] { return find(false); }, backend_limit))
        throw std::runtime_error("no backend of a writer");
    return backend;
}

void freeze(const std::vector<pid_t>& pids, std::chrono::milliseconds lasts) {
    signal_all(pids, SIGSTOP);
    pass(lasts);
    signal_all(pids, SIGCONT);
}

std::size_t spooled(const e2e::Installation& city) {
    return static_cast<std::size_t>(city.figure("vigie_spool_frames_total"));
}

// Every process of the cluster stands still until somebody kills or wakes it; how many observations
// the spool had taken when it had taken any.
std::size_t stand_still_until_spooled(const e2e::Installation& city,
                                      const std::vector<pid_t>& cluster) {
    const std::size_t before = spooled(city);
    std::size_t taken = 0;
    const auto any = [&] {
        taken = spooled(city) - before;
        return taken > 0;
    };
    signal_all(cluster, SIGSTOP);
    if (e2e::until(any, spool_limit)) return taken;
    signal_all(cluster, SIGCONT);
    throw std::runtime_error("nothing came to the spool");
}

std::filesystem::path ballast_in(const e2e::Installation& city) {
    return city.folder() / "ballast";
}

}  // namespace

const std::vector<FaultKind>& fault_kinds() {
    static const std::vector<FaultKind> kinds{
        {Fault::server_killed, "server_killed", true, true, false, false},
        {Fault::backend_killed, "backend_killed", true, false, false, false},
        {Fault::cluster_killed, "cluster_killed", true, false, false, false},
        {Fault::both_killed, "both_killed", true, true, false, false},
        {Fault::server_frozen, "server_frozen", false, false, false, false},
        {Fault::cluster_frozen, "cluster_frozen", false, false, false, false},
        {Fault::cluster_silent, "cluster_silent", false, false, false, true},
        {Fault::connections_cut, "connections_cut", false, false, true, false},
        {Fault::clients_vanish, "clients_vanish", false, false, true, false},
        {Fault::disk_full, "disk_full", false, false, false, false},
        {Fault::spool_killed, "spool_killed", false, true, false, true},
        {Fault::power_cut, "power_cut", false, true, false, false},
        {Fault::spool_power_cut, "spool_power_cut", false, true, false, true},
    };
    return kinds;
}

const FaultKind* fault_named(std::string_view name) {
    const auto found = std::ranges::find(fault_kinds(), name, &FaultKind::name);
    return found == fault_kinds().end() ? nullptr : &*found;
}

void prepare(Fault fault, const e2e::Installation& city) {
    if (fault == Fault::disk_full) e2e::load_ballast(ballast_in(city), room_before_full);
}

Befallen befall(const FaultKind& kind, const e2e::Installation& city,
                std::chrono::milliseconds lasts, const std::function<void()>& now) {
    const auto cluster = city.database_pids();
    std::size_t taken = 0;
    bool on_idle = false;
    switch (kind.fault) {
        case Fault::server_killed:
            now();
            kill(city.server_pid(), SIGKILL);
            break;
        case Fault::backend_killed: {
            const auto backend = writers_backend(city);
            on_idle = backend.idle;
            now();
            kill(backend.pid, SIGKILL);
            break;
        }
        case Fault::cluster_killed:
            now();
            signal_all(cluster, SIGKILL);
            break;
        case Fault::spool_killed:
            taken = stand_still_until_spooled(city, cluster);
            now();
            kill(city.server_pid(), SIGKILL);
            signal_all(cluster, SIGCONT);
            break;
        case Fault::spool_power_cut:
            taken = stand_still_until_spooled(city, cluster);
            [[fallthrough]];
        case Fault::both_killed:
        case Fault::power_cut:
            now();
            kill(city.server_pid(), SIGKILL);
            signal_all(cluster, SIGKILL);
            break;
        case Fault::server_frozen:
            now();
            freeze({city.server_pid()}, lasts);
            break;
        case Fault::cluster_frozen:
        case Fault::cluster_silent: {
            const std::size_t before = spooled(city);
            now();
            freeze(cluster, lasts);
            taken = spooled(city) - before;
            break;
        }
        case Fault::disk_full:
            now();
            e2e::load_ballast(ballast_in(city), 0);
            pass(lasts);
            std::filesystem::remove(ballast_in(city));
            break;
        case Fault::connections_cut:
        case Fault::clients_vanish:
            break;
    }
    return {taken, on_idle};
}

}  // namespace vigie::faults
