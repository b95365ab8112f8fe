// A PostgreSQL cluster of our own: made, started, adopted and stopped by this program.
//
// It listens on a unix socket in a private directory only, so that file permissions are its access
// control. It never runs as root: started by root, its processes run as `run_as`. It outlives a
// `kill -9` of this program; the next start adopts it if it still runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace vigie::store {

class Cluster {
public:
    struct Options {
        std::filesystem::path folder;      // holds pg/ (data), run/ (socket) and pg.log
        std::filesystem::path bin_folder;  // empty: the newest under /usr/lib/postgresql
        std::string run_as;                // used when started by root; empty: vigie, else postgres
        int shared_buffers_mb = 256;
        std::chrono::seconds start_limit{60};
        std::chrono::seconds stop_limit{30};
        // Tests only: no fsync, and the cluster dies with the thread that started it.
        bool disposable = false;
    };

    explicit Cluster(Options options);
    ~Cluster();  // leaves a running cluster running, unless disposable
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    // Makes the cluster if the folder holds none, starts it or adopts the one that runs, and waits
    // until it answers. Creates the roles vigie_owner and vigie_app and the database vigie. Throws
    // std::runtime_error with a sentence for city IT: no PostgreSQL found, the data are of another
    // major version, it does not start (with the log's end).
    void start();
    // Fast shutdown: running transactions are rolled back. Kills it when the limit is over.
    void stop();
    [[nodiscard]] bool adopted() const { return adopted_; }
    [[nodiscard]] std::optional<pid_t> pid() const;

    // libpq connection strings. `role`: vigie_owner, vigie_app, or the superuser "vigie".
    [[nodiscard]] std::string url(const std::string& role,
                                  const std::string& database = "vigie") const;

private:
    void initialise();
    void check_version() const;
    void launch();
    void wait_until_ready();
    void create_roles() const;
    [[nodiscard]] bool predecessor_lingers() const;
    [[nodiscard]] std::string log_end() const;

    Options options_;
    std::filesystem::path data_folder_;
    std::filesystem::path socket_folder_;
    uid_t uid_{};
    gid_t gid_{};
    pid_t child_{};
    bool adopted_{};
};

}  // namespace vigie::store
