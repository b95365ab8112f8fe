#include "app/health.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace vigie::app {

namespace {

wire::Response plain(unsigned status, std::string body,
                     const char* type = "text/plain; charset=utf-8") {
    wire::Response response;
    response.status = status;
    response.headers.add("Content-Type", type);
    response.headers.add("Cache-Control", "no-store");
    response.body = std::move(body);
    return response;
}

}  // namespace

void Health::add(std::vector<Figure> figures) {
    std::ranges::move(figures, std::back_inserter(figures_));
}

std::vector<std::string> Health::obstacles() const {
    std::vector<std::string> found;
    if (!serving_) found.emplace_back("the server is starting or stopping");
    std::ranges::move(sentences_(), std::back_inserter(found));
    return found;
}

boost::asio::awaitable<wire::Response> Health::serve(wire::Request request) {
    if (request.path == "/healthz") co_return plain(200, "ok\n");
    if (request.path == "/metrics")
        co_return plain(200, metrics(), "text/plain; version=0.0.4; charset=utf-8");
    if (request.path == "/readyz") {
        const auto found = obstacles();
        const nlohmann::json body = {{"ready", found.empty()}, {"obstacles", found}};
        co_return plain(found.empty() ? 200 : 503, body.dump() + "\n", "application/json");
    }
    co_return plain(404, "/healthz, /readyz or /metrics\n");
}

std::string Health::metrics() const {
    std::map<std::string, prometheus::MetricFamily> families;
    const auto tell = [&families](const auto& of, double value, auto labels) {
        auto& family = families[of.name];
        family.name = of.name;
        family.help = of.help;
        family.type = of.counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
        prometheus::ClientMetric metric;
        for (auto& [label, label_value] : labels)
            metric.label.push_back({std::move(label), std::move(label_value)});
        (of.counter ? metric.counter.value : metric.gauge.value) = value;
        family.metric.push_back(std::move(metric));
    };
    for (const auto& figure : figures_) {
        std::vector<std::pair<std::string, std::string>> labels;
        if (!figure.label.empty()) labels.emplace_back(figure.label, figure.label_value);
        tell(figure, figure.read(), std::move(labels));
    }
    for (const auto& samples : samples_) {
        for (auto& sample : samples())
            tell(sample, sample.value, std::move(sample.labels));
    }
    std::vector<prometheus::MetricFamily> all;
    for (auto& [name, family] : families)
        all.push_back(std::move(family));
    return prometheus::TextSerializer().Serialize(all);
}

}  // namespace vigie::app
