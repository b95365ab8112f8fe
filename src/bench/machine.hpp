// What the machine spends, on us and on others, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace vigie::bench {

// Of a process, all its threads, in seconds since it began. 0 when it is gone.
[[nodiscard]] double cpu_of(pid_t process);
// Of a process and everything below it that lives or was waited for.
[[nodiscard]] double cpu_of_family(pid_t parent);
[[nodiscard]] std::vector<pid_t> children_of(pid_t parent);

struct Memory {
    std::uint64_t resident_bytes{};
    std::uint64_t resident_max_bytes{};
};
[[nodiscard]] Memory memory_of(pid_t process);
// Each shared page counted once over the family.
[[nodiscard]] std::uint64_t proportional_bytes_of_family(pid_t parent);

// What the kernel keeps for sockets: their structures (all of its slabs, of whoever) and what lies
// in TCP's buffers.
[[nodiscard]] std::uint64_t kernel_bytes_of_sockets();

// Seconds of all processors together, since boot.
struct Machine {
    double busy{};
    double idle{};
    double steal{};  // what the host gave to others
};
[[nodiscard]] Machine machine_now();

// For how long the whole machine stood still so far, in seconds: a host that gives its guest no
// more processor for a while need not call it stolen. A thread of its own, which goes before all
// others, looks every two milliseconds; from the first call on. 0 for ever where it may not have
// that priority.
[[nodiscard]] double still_so_far();

// Whom the seconds between two moments went to.
struct Watch {
    pid_t server{};
    pid_t cluster{};
    std::vector<pid_t> peers = {};  // programs that stand in the server's place
};
struct Spent {
    double wall_s{};
    double server_s{};
    double cluster_s{};
    double generator_s{};  // this program
    double peers_s{};
    double foreign_share{};  // of all processors: neither ours nor idle
    double steal_share{};
    double still_share{};  // of the time: the whole machine stood still

    // One phase made of two: seconds add up, shares are of the whole time.
    Spent& operator+=(const Spent& more);
};
class Meter {
public:
    explicit Meter(Watch watch);
    [[nodiscard]] Spent spent() const { return spent(watch_); }
    // The same when one of them began meanwhile: it was not there, and its number was 0.
    [[nodiscard]] Spent spent(const Watch& now) const;

private:
    Watch watch_;
    double wall_{};
    double server_{};
    double cluster_{};
    double own_{};
    double peers_{};
    double still_{};
    Machine machine_;
};

// "8 x AMD ..., 23 GB, Linux 6.18, PostgreSQL 15.20": for the head of a report.
[[nodiscard]] std::string machine_sentence();
[[nodiscard]] double load_average();

}  // namespace vigie::bench
