// A whole installation in a fresh folder: vigied as a process of its own with its own PostgreSQL,
// on free ports.
//
// It can be killed without warning and started again on the same data. Nothing is left when it is
// destroyed: not the folder, not the cluster that survives a kill.
#pragma once

#include <pqxx/pqxx>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/support/http.hpp"
#include "tests/e2e/support/program.hpp"

namespace vigie::e2e {

// What a device or gateway presents.
struct Secrets {
    std::string user_name;
    std::string password;
};

class Installation {
public:
    // In a new folder under `parent`, with `settings` (lines of [device], then tables) and lines of
    // [database] besides those it needs itself. With a `database_url` it has no PostgreSQL of its
    // own but that one.
    explicit Installation(const std::filesystem::path& parent = "/tmp",
                          const std::string& settings = "", const std::string& database = "",
                          const std::string& database_url = "");
    ~Installation();
    Installation(const Installation&) = delete;
    Installation& operator=(const Installation&) = delete;

    // Starts the server and waits until /readyz says ready; how long that took. Throws
    // std::runtime_error with the end of its log when it does not become ready.
    std::chrono::milliseconds start();
    // Waits for a server that somebody killed; false when it goes on living.
    [[nodiscard]] bool wait_until_dead(std::chrono::seconds limit);
    // SIGTERM; the exit status. PostgreSQL is stopped by the server itself.
    int stop();
    [[nodiscard]] pid_t server_pid() const { return server_->pid(); }
    [[nodiscard]] bool database_runs() const { return !database_pids().empty(); }
    // The cluster's: the postmaster first, then its children.
    [[nodiscard]] std::vector<pid_t> database_pids() const;
    // SIGSTOP and SIGCONT: it stands still, and goes on.
    void signal_database(int signal) const;

    // As city IT, over the admin socket.
    [[nodiscard]] Answer admin(const Ask& ask) const;
    [[nodiscard]] nlohmann::json admin_get(const std::string& target) const;
    [[nodiscard]] const Door& control() const { return control_; }
    [[nodiscard]] const Door& device_http() const { return device_http_; }
    [[nodiscard]] const Door& metrics() const { return metrics_; }
    [[nodiscard]] std::uint16_t mqtt_port() const { return mqtt_port_; }
    // 0: closed, for want of a certificate.
    [[nodiscard]] std::uint16_t mqtt_tls_port() const { return mqtt_tls_port_; }
    // One figure of /metrics, by its name with its labels; throws when it is not there.
    [[nodiscard]] double figure(const std::string& name) const;

    // GeoJSON or CSV, with the query's further parameters ("&map=..."): the report.
    [[nodiscard]] nlohmann::json import_assets(const std::string& kind, const std::string& text,
                                               const std::string& parameters = "") const;
    // One asset a code, side by side; throws when they are refused.
    void plant(const std::string& kind, const std::vector<std::string>& codes) const;
    [[nodiscard]] Secrets credential(const nlohmann::json& wish) const;
    // Makes a person of that role and signs in: the headers that every request then carries.
    [[nodiscard]] std::map<std::string, std::string> sign_in(const std::string& role) const;

    // As the role the server itself uses.
    [[nodiscard]] std::string database_url() const;
    [[nodiscard]] pqxx::result sql(const std::string& query) const;
    [[nodiscard]] std::vector<std::string> log() const { return server_->lines(); }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

private:
    void learn_ports();
    [[nodiscard]] std::string log_end() const;

    std::filesystem::path folder_;
    std::string database_url_;
    std::unique_ptr<Program> server_;
    Door control_;
    Door device_http_;
    Door metrics_;
    std::uint16_t mqtt_port_{};
    std::uint16_t mqtt_tls_port_{};
};

// The process and its children: a postmaster first, then its backends.
[[nodiscard]] std::vector<pid_t> processes_of(pid_t parent);

// Asks again until it is so; false when the limit is over. What is asked takes its own time (a
// request, a query): there is nothing to wait for in between.
template <typename Condition>
[[nodiscard]] bool until(Condition condition, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
}

}  // namespace vigie::e2e
