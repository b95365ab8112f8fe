// /healthz: the process turns. /readyz: it keeps its promises. /metrics: figures for Prometheus. On
// loopback only.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "vigie/store/database.hpp"
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

class Health {
public:
    explicit Health(store::Pool& pool) : pool_(pool) {}
    void add(std::vector<Figure> figures);
    // What stands against being ready, known without the database; and whether that is away, so
    // that nobody waits for it here.
    void set_watch(std::function<std::vector<std::string>()> sentences,
                   std::function<bool()> away) {
        sentences_ = std::move(sentences);
        away_ = std::move(away);
    }
    void set_serving(bool serving) { serving_ = serving; }
    // Any path but its three is 404.
    boost::asio::awaitable<wire::Response> serve(wire::Request request);
    // What stands against being ready; empty: ready.
    boost::asio::awaitable<std::vector<std::string>> obstacles();

private:
    [[nodiscard]] std::string metrics() const;
    store::Pool& pool_;
    std::vector<Figure> figures_;
    std::function<std::vector<std::string>()> sentences_;
    std::function<bool()> away_;
    std::atomic<bool> serving_{false};
};

}  // namespace vigie::app
