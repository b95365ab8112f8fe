// /healthz: the process turns. /readyz: it keeps its promises. /metrics: figures for Prometheus. On
// loopback only.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "vigie/wire/http.hpp"

namespace vigie::app {

// One figure: a counter that only grows, or a gauge.
struct Figure {
    std::string name;  // vigie_mqtt_messages_total
    std::string help;
    bool counter{};
    std::function<double()> read;
    std::string label;  // "qos" ...
    std::string label_value;
};

// A value of a figure whose labels are not known beforehand.
struct Sample {
    std::string name;
    std::string help;
    bool counter{};
    std::vector<std::pair<std::string, std::string>> labels;
    double value{};
};

class Health {
public:
    using Samples = std::function<std::vector<Sample>()>;

    // `sentences`: what stands against being ready. Must not wait for the database: who asks here
    // wants to know of its trouble.
    explicit Health(std::function<std::vector<std::string>()> sentences)
        : sentences_(std::move(sentences)) {}
    void add(std::vector<Figure> figures);
    // Asked each time that /metrics is.
    void add(Samples samples) { samples_.push_back(std::move(samples)); }
    void set_serving(bool serving) { serving_ = serving; }
    // Any path but its three is 404.
    boost::asio::awaitable<wire::Response> serve(wire::Request request);
    // What stands against being ready; empty: ready.
    [[nodiscard]] std::vector<std::string> obstacles() const;

private:
    [[nodiscard]] std::string metrics() const;
    std::function<std::vector<std::string>()> sentences_;
    std::vector<Figure> figures_;
    std::vector<Samples> samples_;
    std::atomic<bool> serving_{false};
};

}  // namespace vigie::app
