// Mosquitto, and whoever listens to it: what a city would set up instead, started by the
// measurement on a port of its own.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

namespace vigie::bench {

// A broker that keeps nothing on disk and lets everybody in, as its documentation begins. In its
// favour it may queue without limit, so that it never drops what it has acknowledged, and have
// 1,000 messages instead of 20 under way to a subscriber.
class Broker {
public:
    Broker(const std::filesystem::path& program, const std::filesystem::path& folder);
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t process() const { return process_; }
    // "mosquitto version 2.0.11"
    [[nodiscard]] static std::string version(const std::filesystem::path& program);

private:
    std::uint16_t port_;
    pid_t process_{};
};

// Takes everything at QoS 1, acknowledges it, and counts it, on a thread of its own.
class Subscriber {
public:
    Subscriber(std::uint16_t port, const std::string& topic);
    ~Subscriber();
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;

    [[nodiscard]] std::uint64_t messages() const { return messages_; }

private:
    void read();
    int socket_;
    std::string in_;
    std::atomic<std::uint64_t> messages_{0};
    std::jthread thread_;
};

// Node: subscribes at QoS 1, and copies what came into PostgreSQL, batch after batch.
class Pipeline {
public:
    struct Settings {
        std::filesystem::path node;
        std::filesystem::path folder;  // pipeline.mjs with its packages
        std::filesystem::path log;
        std::string topic;
        std::string database;  // as libpq takes it
    };
    Pipeline(const Settings& settings, std::uint16_t broker);
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    // Messages whose COPY is committed.
    [[nodiscard]] std::uint64_t stored() const { return stored_; }
    [[nodiscard]] pid_t process() const { return process_; }

private:
    void read(int from);
    pid_t process_{};
    std::atomic<std::uint64_t> stored_{0};
    std::atomic<bool> ready_{false};
    std::atomic<bool> over_{false};
    std::jthread thread_;
};

}  // namespace vigie::bench
