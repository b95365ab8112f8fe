// An installation of its own for a measurement: a folder, the release server with its embedded
// PostgreSQL, a kind with four values, its assets and their credentials. Gone when it ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/device_load.hpp"
#include "bench/machine.hpp"

namespace vigie::bench {

// Of the asset with that number.
[[nodiscard]] std::string asset_code(std::size_t number);

struct HouseSettings {
    std::filesystem::path programs;  // where vigied and vigie are
    std::filesystem::path folder;    // empty: a new one under /tmp
    bool keep{};                     // leave the folder
    bool with_rules{};               // the kind has rules
    bool with_communes{};            // and its assets lie in communes
    std::size_t devices{1'000};
    std::size_t assets_a_device{1};
    bool may_backfill{};  // devices may say what they saw long ago
    std::int64_t close_after_days{2};
    int shared_buffers_mb{256};
    int writers{2};
};

class House {
public:
    explicit House(HouseSettings settings);
    ~House();
    House(const House&) = delete;
    House& operator=(const House&) = delete;

    // Starts the server and waits until it says that it is ready; answers how long that took.
    std::chrono::milliseconds start();
    void kill_server();
    // Ends the server in order and starts it with that setting.
    void settle_down(std::int64_t close_after_days);
    // Ends server and database of the one house there is, from another thread: on Ctrl-C.
    static void abandon();
    // The kind's assets, and a credential for each device.
    [[nodiscard]] std::vector<Device> settle();
    // Somebody who may look at everything; answers the cookie of a session.
    [[nodiscard]] std::string sign_in_person() const;

    // The communes that settle() laid over the assets, when they were asked for.
    [[nodiscard]] static std::vector<std::string> communes();

    // The admin tool; throws with its words when it fails.
    std::string tool(const std::vector<std::string>& arguments,
                     const std::string& input = {}) const;
    [[nodiscard]] std::uint16_t port(const char* door) const;
    [[nodiscard]] const nlohmann::json& status() const { return status_; }
    [[nodiscard]] Watch watch() const { return {server_, cluster_}; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] std::string url(const std::string& role) const;

private:
    void write_files() const;
    void lay_communes() const;
    [[nodiscard]] std::vector<Device> credentials_for(const nlohmann::json& wishes) const;
    void stop_server();
    void close_down();

    HouseSettings settings_;
    std::filesystem::path folder_;
    pid_t server_{};
    pid_t cluster_{};
    nlohmann::json status_;
};

}  // namespace vigie::bench
