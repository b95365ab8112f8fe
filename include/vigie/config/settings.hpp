// Every setting of the server: one table of name, type, default, unit and a sentence. An unknown
// key stops the start.
//
// The reference page docs/configuration.md is made from this table; a test compares them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "vigie/base/result.hpp"

namespace vigie::config {

struct Settings {
    struct {
        std::string name;
        std::string time_zone;
    } city;
    struct {
        std::string folder;
        std::string kinds_folder;
        std::string console_folder;
    } paths;
    struct {
        std::string url;
        std::string owner_url;
        std::string bin_folder;
        std::int64_t shared_buffers_mb{};
        std::int64_t pool_threads{};
        std::int64_t public_pool_threads{};
        std::int64_t writers{};
        std::int64_t answer_limit_s{};
    } database;
    struct {
        std::int64_t bytes_max{};
    } spool;
    struct {
        std::int64_t disk_free_alarm_bytes{};
        std::int64_t disk_free_min_bytes{};
        std::int64_t close_hour{};
        std::int64_t close_after_days{};
    } storage;
    struct {
        std::int64_t io_threads{};
        std::int64_t shutdown_limit_s{};
    } server;
    struct {
        std::string address;
        bool mqtt_plain{};
        std::int64_t mqtt_port{};
        std::int64_t mqtt_tls_port{};
        std::int64_t http_port{};
        std::string certificate;
        std::string private_key;
        bool behind_proxy{};
        std::int64_t connections_max{};
        std::int64_t pending_frames_max{};
        std::int64_t session_expiry_s_max{};
        std::string client_ca;
        bool client_certificate_required{};
        std::int64_t messages_per_s{};
        std::int64_t values_per_s{};
        std::int64_t burst_s{};
        std::int64_t above_rate_s{};
        std::int64_t message_bytes_max{};
    } device;
    struct Web {
        std::string address;
        std::int64_t port{};
        std::string certificate;
        std::string private_key;
        bool behind_proxy{};
    };
    Web control;
    Web open;  // the public door
    struct {
        std::string socket;
        std::int64_t metrics_port{};
    } admin;
    struct {
        std::string level;
        std::string format;
    } log;
};

// All defaults.
[[nodiscard]] Settings defaults();

// Reads a TOML file over the defaults. Every mistake is reported at once, as fields with
// "/table/key" and the line: unknown tables and keys, wrong types, values out of range; then
// what does not go together, or is not there: a door beyond loopback that has neither a certificate
// nor `behind_proxy`, a time zone that this machine does not know.
[[nodiscard]] base::Result<Settings> load(const std::filesystem::path& file);
[[nodiscard]] base::Result<Settings> parse(std::string_view toml, const std::string& file_name);

// What must hold whatever the source of the settings.
[[nodiscard]] base::Result<void> validate(const Settings& settings);

// docs/configuration.md.
[[nodiscard]] std::string reference_page();

[[nodiscard]] bool is_loopback(const std::string& address);

// Where MQTT without TLS listens: beyond loopback only when a proxy ends TLS in front of it, else
// on this machine alone, whatever the device door's address; nothing when it is closed.
[[nodiscard]] std::optional<std::string> plain_mqtt_address(const Settings& settings);

}  // namespace vigie::config
