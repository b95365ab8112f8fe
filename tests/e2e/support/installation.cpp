#include "tests/e2e/support/installation.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "vigie/store/postgres.hpp"

namespace vigie::e2e {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::chrono::seconds start_limit{90};
constexpr std::chrono::seconds stop_limit{60};

fs::path fresh_folder(const fs::path& parent) {
    std::string name = parent / "vigie-e2e-XXXXXX";
    if (mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("no folder in " + parent.string());
    return name;
}

// From /proc/PID/stat; the program's name before it may hold anything but is in brackets.
pid_t parent_of(pid_t pid) {
    std::ifstream file(fs::path("/proc") / std::to_string(pid) / "stat");
    std::ostringstream text;
    text << file.rdbuf();  // says nothing of a process that ends meanwhile; an iterator would throw
    const std::string line = text.str();
    const auto end_of_name = line.rfind(')');
    if (end_of_name == std::string::npos) return 0;
    return std::atoi(line.substr(std::min(line.size(), end_of_name + 4)).c_str());
}

store::Cluster cluster_in(const fs::path& folder) {
    return store::Cluster({.folder = folder, .bin_folder = {}, .run_as = {}});
}

std::uint16_t port_of(const json& doors, const char* name) {
    return doors.at(name).at("port").get<std::uint16_t>();
}

void must_be(unsigned expected, const Answer& answer, const std::string& what) {
    if (answer.status != expected)
        throw std::runtime_error(fmt::format("{}: {} {}", what, answer.status, answer.body));
}

}  // namespace

Installation::Installation(const fs::path& parent, const std::string& settings,
                           const std::string& database, const std::string& database_url)
    : folder_(fresh_folder(parent)), database_url_(database_url) {
    std::ofstream(folder_ / "vigie.toml")
        << fmt::format(
               "[paths]\nfolder = \"{0}\"\nkinds_folder = \"{1}/config/kinds\"\n"
               "console_folder = \"{1}/build/console\"\n"
               "[database]\nshared_buffers_mb = 64\n{2}"
               "[control]\nport = 0\n[public]\nport = 0\n[admin]\nmetrics_port = 0\n"
               "[device]\nmqtt_port = 0\nmqtt_tls_port = 0\nhttp_port = 0\n",
               folder_.string(), VIGIE_SOURCE_DIR, database)
        << settings;
}

Installation::~Installation() {
    server_.reset();
    try {
        cluster_in(folder_).stop();
    } catch (const std::exception&) {
        // It never got as far as having one.
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::chrono::milliseconds Installation::start() {
    const auto began = std::chrono::steady_clock::now();
    server_.reset();
    server_ = std::make_unique<Program>(std::vector<std::string>{
        VIGIE_PROGRAMS "/vigied", "--config", (folder_ / "vigie.toml").string()});
    if (!server_->wait_for_line("ready: console", start_limit))
        throw std::runtime_error("vigied does not start:\n" + log_end());
    learn_ports();
    const auto ready = [this] { return exchange(metrics_, {.target = "/readyz"}).status == 200; };
    if (!until(ready, start_limit)) throw std::runtime_error("vigied is not ready:\n" + log_end());
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

void Installation::learn_ports() {
    const json doors = admin_get("/admin/v1/status").at("doors");
    control_.port = port_of(doors, "control");
    device_http_.port = port_of(doors, "device_http");
    metrics_.port = port_of(doors, "metrics");
    mqtt_port_ = port_of(doors, "device_mqtt");
    if (doors.contains("device_mqtt_tls")) mqtt_tls_port_ = port_of(doors, "device_mqtt_tls");
}

std::string Installation::log_end() const {
    std::string text;
    const auto all = server_->lines();
    for (std::size_t i = all.size() > 20 ? all.size() - 20 : 0; i < all.size(); ++i)
        text += all[i] + "\n";
    return text;
}

bool Installation::wait_until_dead(std::chrono::seconds limit) {
    return server_->wait(limit) == 128 + SIGKILL;
}

int Installation::stop() {
    const auto status = server_->send_and_wait(SIGTERM, stop_limit);
    if (!status) throw std::runtime_error("vigied does not stop:\n" + log_end());
    return *status;
}

std::vector<pid_t> processes_of(pid_t parent) {
    std::vector<pid_t> pids{parent};
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid > 0 && parent_of(pid) == parent) pids.push_back(pid);
    }
    return pids;
}

std::vector<pid_t> Installation::database_pids() const {
    const auto postmaster = cluster_in(folder_).pid();
    return postmaster ? processes_of(*postmaster) : std::vector<pid_t>{};
}

Answer Installation::admin(const Ask& ask) const {
    return exchange(Door{.socket = (folder_ / "admin.sock").string()}, ask);
}

json Installation::admin_get(const std::string& target) const {
    const auto answer = admin({.target = target});
    must_be(200, answer, target);
    return answer.json();
}

void Installation::signal_database(int signal) const {
    for (const pid_t pid : database_pids())
        kill(pid, signal);
}

double Installation::figure(const std::string& name) const {
    const auto answer = exchange(metrics_, {.target = "/metrics"});
    must_be(200, answer, "/metrics");
    const auto at = answer.body.find("\n" + name + " ");
    if (at == std::string::npos) throw std::runtime_error("/metrics does not know " + name);
    return std::stod(answer.body.substr(at + name.size() + 2));
}

json Installation::import_assets(const std::string& kind, const std::string& text,
                                 const std::string& parameters) const {
    const auto answer = admin({.method = "POST",
                               .target = "/admin/v1/assets/import?kind=" + kind + parameters,
                               .body = text});
    must_be(200, answer, "import of " + kind);
    return answer.json();
}

void Installation::plant(const std::string& kind, const std::vector<std::string>& codes) const {
    std::string csv = "code,lon,lat\n";
    for (std::size_t i = 0; i < codes.size(); ++i)
        csv += fmt::format("{},5.{:06},47.322047\n", codes[i], 41'480 + i * 100);
    const json report = import_assets(kind, csv);
    if (report.at("new") != codes.size())
        throw std::runtime_error("planting " + kind + ": " + report.dump());
}

Secrets Installation::credential(const json& wish) const {
    const auto answer = admin({.method = "POST",
                               .target = "/admin/v1/credentials",
                               .body = json{{"credentials", {wish}}}.dump(),
                               .headers = {{"Content-Type", "application/json"}}});
    must_be(201, answer, "making a credential");
    const json made = answer.json().at("rows").at(0);
    return {made.at("username"), made.at("password")};
}

std::map<std::string, std::string> Installation::sign_in(const std::string& role) const {
    const json person = {{"login", role},
                         {"name", "Camille Martin"},
                         {"role", role},
                         {"employer", "Métropole"},
                         {"password", "a long enough password"}};
    const std::map<std::string, std::string> is_json = {{"Content-Type", "application/json"}};
    must_be(201,
            admin({.method = "POST",
                   .target = "/admin/v1/people",
                   .body = person.dump(),
                   .headers = is_json}),
            "making a person");
    const json secret = {{"login", role}, {"password", person["password"]}};
    const auto answer = exchange(
        control_,
        {.method = "POST", .target = "/api/v1/session", .body = secret.dump(), .headers = is_json});
    must_be(200, answer, "signing in");
    const std::string cookie = answer.headers.at("set-cookie");
    return {{"Cookie", cookie.substr(0, cookie.find(';'))}};
}

std::string Installation::database_url() const {
    return database_url_.empty() ? cluster_in(folder_).url("vigie_app") : database_url_;
}

pqxx::result Installation::sql(const std::string& query) const {
    pqxx::connection connection(database_url());
    pqxx::nontransaction tx(connection);
    return tx.exec(query);
}

}  // namespace vigie::e2e
