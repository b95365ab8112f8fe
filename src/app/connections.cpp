#include "app/connections.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "vigie/base/open_files.hpp"

namespace vigie::app {

namespace {

// Spool segments, the press, listeners, the embedded database's files, logs.
constexpr std::size_t files_of_its_own = 128;
constexpr std::size_t web_connections_max = 4'000;  // control and public door, each
constexpr std::size_t device_http_share = 4;        // one for so many of MQTT
constexpr std::size_t door_min = 8;

}  // namespace

std::size_t reserved_files(const config::Settings& settings) {
    const auto& database = settings.database;
    return files_of_its_own + 2 * admin_connections_max +
           static_cast<std::size_t>(database.pool_threads + database.public_pool_threads +
                                    database.writers);
}

Connections share_connections(const config::Settings& settings, std::size_t files) {
    const auto devices = static_cast<std::size_t>(settings.device.connections_max);
    Connections wanted{devices, std::max(devices / device_http_share, door_min),
                       web_connections_max, web_connections_max};
    const std::size_t reserved = reserved_files(settings);
    const std::size_t free = files > reserved ? files - reserved : 0;
    if (wanted.all() <= free) return wanted;
    const auto share = [all = wanted.all(), free](std::size_t connections) {
        return std::max(connections * free / all, std::min(connections, door_min));
    };
    return {share(wanted.mqtt), share(wanted.device_http), share(wanted.control),
            share(wanted.open)};
}

Connections connections_of(const config::Settings& settings) {
    return share_connections(settings, base::open_files_max());
}

void log_connections(const config::Settings& settings) {
    const std::size_t files = base::open_files_max();
    const auto doors = share_connections(settings, files);
    spdlog::info(
        "at most {} open files: {} connections by MQTT, {} by HTTP of devices, {} of the control "
        "and {} of the public door",
        files, doors.mqtt, doors.device_http, doors.control, doors.open);
    if (doors.mqtt < static_cast<std::size_t>(settings.device.connections_max)) {
        spdlog::warn(
            "device.connections_max is {}, but for that too few files may be open: raise "
            "LimitNOFILE of the unit, or the hard limit",
            settings.device.connections_max);
    }
}

}  // namespace vigie::app
