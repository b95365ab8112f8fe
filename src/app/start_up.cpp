#include "app/start_up.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "vigie/base/time.hpp"

namespace vigie::app {

namespace {

constexpr const char* server_user = "vigie";

// One JSON object a line; the text may hold anything.
class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const auto at = std::chrono::floor<std::chrono::microseconds>(message.time);
        const auto level = spdlog::level::to_string_view(message.level);
        const nlohmann::json line = {
            {"at", base::to_rfc3339(at)},
            {"level", std::string(level.data(), level.size())},
            {"thread", message.thread_id},
            {"message", std::string(message.payload.data(), message.payload.size())}};
        const std::string text =
            line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
        out.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }
};

}  // namespace

void set_up_log(const config::Settings& settings) {
    auto logger = std::make_shared<spdlog::logger>(
        "vigied", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_level(spdlog::level::from_str(settings.log.level));
    if (settings.log.format == "json") {
        logger->set_formatter(std::make_unique<JsonFormatter>());
    } else {
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
    }
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

void drop_privileges(const std::string& data_folder) {
    if (geteuid() != 0) return;
    const passwd* user = getpwnam(server_user);
    if (user == nullptr) {
        throw std::runtime_error(
            "the server does not run as root, and there is no user vigie to become: "
            "useradd --system --home-dir /var/lib/vigie vigie (scripts/run does it), or start as "
            "an ordinary user");
    }
    std::filesystem::create_directories(data_folder);
    if (chown(data_folder.c_str(), user->pw_uid, user->pw_gid) != 0 ||
        initgroups(server_user, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        throw std::runtime_error(std::string("cannot become the user vigie: ") +
                                 std::strerror(errno));
    }
}

FolderLock::FolderLock(const std::string& data_folder) {
    std::filesystem::create_directories(data_folder);
    const std::string path = data_folder + "/vigied.lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(file_);
    throw std::runtime_error("another server runs on the data in " + data_folder +
                             "; stop it first, or give this one a folder of its own (--data)");
}

FolderLock::~FolderLock() {
    ::close(file_);
}

}  // namespace vigie::app
