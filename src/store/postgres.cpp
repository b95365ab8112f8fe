#include "vigie/store/postgres.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <functional>
#include <pqxx/pqxx>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace vigie::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t socket_path_bytes_max =
    100;  // sun_path is 108; the socket's own name takes the rest
constexpr int version_min = 15;

// As Debian names the folder, /usr/lib/postgresql/15/bin; 0: it does not say.
int major_of(const fs::path& bin_folder) {
    const std::string name =
        (bin_folder / "").lexically_normal().parent_path().parent_path().filename();
    int major = 0;
    std::from_chars(name.data(), name.data() + name.size(), major);
    return major;
}

fs::path newest_bin_folder() {
    fs::path newest;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
        const fs::path bin = entry.path() / "bin";
        if (fs::exists(bin / "initdb") && (newest.empty() || major_of(bin) > major_of(newest)))
            newest = bin;
    }
    if (newest.empty() || major_of(newest) < version_min) {
        throw std::runtime_error(
            "no PostgreSQL 15 or later found under /usr/lib/postgresql: install the package "
            "postgresql-15, "
            "or set database.url to a server of yours");
    }
    return newest;
}

std::string read_file(const fs::path& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// Runs in the child between fork and exec: async-signal-safe calls only.
struct Launch {
    std::vector<std::string> arguments;
    fs::path log;
    uid_t uid{};
    gid_t gid{};
    bool new_session{};
    bool die_with_parent{};
};

pid_t spawn(const Launch& launch) {
    std::vector<char*> argv;
    for (const auto& argument : launch.arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    if (child > 0) return child;
    if (launch.new_session) setsid();
    const int log = open(launch.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    close_range(3, ~0U, 0);
    if (geteuid() == 0 && launch.uid != 0) {
        if (fchown(STDOUT_FILENO, launch.uid, launch.gid) != 0 || setgroups(0, nullptr) != 0 ||
            setgid(launch.gid) != 0 || setuid(launch.uid) != 0) {
            _exit(126);
        }
    }
    if (chdir("/") != 0) _exit(126);
    if (launch.die_with_parent) prctl(PR_SET_PDEATHSIG, SIGQUIT);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execv(argv[0], argv.data());
    _exit(127);
}

int wait_for_exit(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool is_alive(pid_t pid) {
    return kill(pid, 0) == 0 || errno == EPERM;
}

}  // namespace

Cluster::Cluster(Options options) : options_(std::move(options)) {
    fs::create_directories(options_.folder);
    options_.folder = fs::canonical(options_.folder);
    if (options_.bin_folder.empty()) options_.bin_folder = newest_bin_folder();
    data_folder_ = options_.folder / "pg";
    socket_folder_ = options_.folder / "run";
    if (socket_folder_.string().size() > socket_path_bytes_max - 20) {
        const auto mark = std::hash<std::string>{}(options_.folder.string());
        socket_folder_ =
            fs::path("/tmp") / ("vigie-" + std::to_string(geteuid()) + "-" + std::to_string(mark));
    }
    uid_ = geteuid();
    gid_ = getegid();
    if (uid_ != 0) return;
    const passwd* user = getpwnam(options_.run_as.empty() ? "vigie" : options_.run_as.c_str());
    if (user == nullptr && options_.run_as.empty()) user = getpwnam("postgres");
    if (user == nullptr) {
        throw std::runtime_error(
            "PostgreSQL refuses to run as root, and there is no user vigie to run it as");
    }
    uid_ = user->pw_uid;
    gid_ = user->pw_gid;
}

Cluster::~Cluster() {
    if (options_.disposable && pid()) stop();
}

std::optional<pid_t> Cluster::pid() const {
    std::ifstream file(data_folder_ / "postmaster.pid");
    pid_t found = 0;
    if (!(file >> found) || found <= 0 || !is_alive(found)) return std::nullopt;
    // The number may have been given to another process since: believe only what runs on our data.
    const std::string command = read_file(fs::path("/proc") / std::to_string(found) / "cmdline");
    if (command.find("postgres") == std::string::npos) return std::nullopt;
    return found;
}

std::string Cluster::url(const std::string& role, const std::string& database) const {
    return "host=" + socket_folder_.string() + " user=" + role + " dbname=" + database +
           " application_name=vigie options='-c timezone=UTC -c datestyle=ISO'";
}

void Cluster::initialise() {
    for (const auto& folder : {data_folder_, socket_folder_}) {
        fs::create_directories(folder);
        fs::permissions(folder, fs::perms::owner_all);
        if (geteuid() == 0 && chown(folder.c_str(), uid_, gid_) != 0) {
            throw std::runtime_error("cannot give " + folder.string() +
                                     " to the user of PostgreSQL");
        }
    }
    struct stat found{};
    if (lstat(socket_folder_.c_str(), &found) != 0 || found.st_uid != uid_ ||
        !S_ISDIR(found.st_mode)) {
        throw std::runtime_error(socket_folder_.string() + " belongs to someone else");
    }
    if (fs::exists(data_folder_ / "PG_VERSION")) return;
    Launch launch;
    launch.arguments = {options_.bin_folder / "initdb",
                        "-D",
                        data_folder_,
                        "-U",
                        "vigie",
                        "-E",
                        "UTF8",
                        "--locale=C.UTF-8",
                        "--auth-local=trust",
                        "--auth-host=reject"};
    launch.arguments.emplace_back(options_.disposable ? "--no-sync" : "--data-checksums");
    launch.log = options_.folder / "pg.log";
    launch.uid = uid_;
    launch.gid = gid_;
    if (wait_for_exit(spawn(launch)) != 0) {
        fs::remove_all(data_folder_);
        throw std::runtime_error("initdb failed: " + log_end());
    }
}

void Cluster::check_version() const {
    const std::string found = read_file(data_folder_ / "PG_VERSION");
    const int data_major = std::atoi(found.c_str());
    const int program_major = major_of(options_.bin_folder);
    // What does not say may be the right one: if it is not, it says so itself and does not start.
    if (program_major == 0 || data_major == program_major) return;
    const std::string old_bin = "/usr/lib/postgresql/" + std::to_string(data_major) + "/bin";
    throw std::runtime_error("the data in " + data_folder_.string() + " are of PostgreSQL " +
                             std::to_string(data_major) + ", the program found is " +
                             std::to_string(program_major) +
                             ". Either set database.bin_folder to " + old_bin +
                             ", or upgrade: " + (options_.bin_folder / "pg_upgrade").string() +
                             " -b " + old_bin + " -B " + options_.bin_folder.string() + " -d " +
                             data_folder_.string() + " -D NEW_FOLDER -U vigie");
}

void Cluster::launch() {
    Launch launch;
    launch.arguments = {options_.bin_folder / "postgres", "-D", data_folder_, "-k", socket_folder_};
    const auto set = [&](const std::string& setting) {
        launch.arguments.emplace_back("-c");
        launch.arguments.push_back(setting);
    };
    set("listen_addresses=");
    set("shared_buffers=" + std::to_string(options_.shared_buffers_mb) + "MB");
    set("max_wal_size=4GB");
    set("checkpoint_timeout=15min");
    set("wal_compression=lz4");
    set("jit=off");
    set("max_connections=60");
    // After a crash the folder is synced as one file system instead of file by file, which alone
    // took three seconds.
    set("recovery_init_sync_method=syncfs");
    set("log_timezone=UTC");
    if (options_.disposable) {
        set("fsync=off");
        set("full_page_writes=off");
    }
    launch.log = options_.folder / "pg.log";
    launch.uid = uid_;
    launch.gid = gid_;
    launch.new_session = true;
    launch.die_with_parent = options_.disposable;
    // One that was killed a moment ago: until it is waited for, its number seems to be alive.
    for (int i = 0; child_ > 0 && i < 500 && waitpid(child_, nullptr, WNOHANG) == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    child_ = spawn(launch);
}

void Cluster::wait_until_ready() {
    const std::string conninfo = url("vigie", "postgres");
    const auto until = std::chrono::steady_clock::now() + options_.start_limit;
    for (;;) {
        if (PQping(conninfo.c_str()) == PQPING_OK) return;
        int status = 0;
        if (child_ > 0 && waitpid(child_, &status, WNOHANG) == child_) {
            child_ = 0;
            if (!predecessor_lingers())
                throw std::runtime_error("PostgreSQL does not start: " + log_end());
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            launch();
        }
        if (std::chrono::steady_clock::now() > until) {
            throw std::runtime_error("PostgreSQL does not answer: " + log_end());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// A cluster that was killed a moment ago is not gone yet: its number is still taken, or one of its
// backends holds the shared memory until it notices.
bool Cluster::predecessor_lingers() const {
    const std::string said = log_end();
    const auto last = said.rfind("FATAL:");
    return last != std::string::npos &&
           (said.find("lock file \"postmaster.pid\" already exists", last) != std::string::npos ||
            said.find("pre-existing shared memory block", last) != std::string::npos);
}

void Cluster::create_roles() const {
    {
        pqxx::connection connection(url("vigie", "postgres"));
        pqxx::nontransaction tx(connection);
        for (const char* role : {"vigie_owner", "vigie_app"}) {
            if (tx.exec_params("select 1 from pg_roles where rolname = $1", role).empty()) {
                tx.exec(std::string("create role ") + role + " login");
            }
        }
        if (tx.exec("select 1 from pg_database where datname = 'vigie'").empty()) {
            tx.exec("create database vigie owner vigie_owner");
        }
    }
    pqxx::connection connection(url("vigie"));
    pqxx::nontransaction tx(connection);
    tx.exec("alter schema public owner to vigie_owner");
    tx.exec("grant usage on schema public to vigie_app");
}

void Cluster::start() {
    initialise();
    check_version();
    adopted_ = pid().has_value();
    if (!adopted_) launch();
    wait_until_ready();
    create_roles();
}

void Cluster::stop() {
    const auto running = pid();
    if (!running) return;
    kill(*running, SIGINT);
    const auto until = std::chrono::steady_clock::now() + options_.stop_limit;
    while (is_alive(*running)) {
        int status = 0;
        if (child_ == *running && waitpid(child_, &status, WNOHANG) == child_) break;
        if (std::chrono::steady_clock::now() > until) {
            kill(*running, SIGQUIT);
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    child_ = 0;
}

std::string Cluster::log_end() const {
    const std::string log = read_file(options_.folder / "pg.log");
    return log.size() > 800 ? "..." + log.substr(log.size() - 800) : log;
}

}  // namespace vigie::store
