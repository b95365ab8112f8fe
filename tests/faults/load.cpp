#include "tests/faults/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <numeric>
#include <stdexcept>

namespace vigie::faults {

namespace asio = boost::asio;
using wire::mqtt::Qos;
using wire::mqtt::Version;

namespace {

constexpr std::size_t in_flight_max = 500;
constexpr std::size_t post_observations = 20;
// After the strike, for what is left: then the devices give up and count it as unanswered.
constexpr std::chrono::seconds patience{40};
constexpr std::chrono::seconds patience_without_strike{120};
constexpr std::chrono::milliseconds patience_with_silence{500};

struct Manner {
    Version version;
    Qos qos;
};
constexpr Manner manners[] = {{Version::v3_1_1, Qos::at_least_once},
                              {Version::v5, Qos::at_least_once},
                              {Version::v3_1_1, Qos::exactly_once},
                              {Version::v5, Qos::exactly_once}};

}  // namespace

struct Load::Lane {
    Lane(const Manner& m, const asio::any_io_executor& executor) : manner(m), client(executor) {}
    Manner manner;
    net::MqttClient client;
    std::vector<std::size_t> numbers;
};

Load::Load(const e2e::Installation& city, const e2e::Secrets& secrets, const e2e::Numbered& sent,
           LoadPlan plan, Random& random)
    : sent_(sent),
      plan_(plan),
      http_door_(city.device_http()),
      authorization_("Basic " + e2e::base64(secrets.user_name + ":" + secrets.password)),
      relay_(std::make_unique<Relay>(io_, city.mqtt_port())),
      acknowledged_(plan.run.count) {
    connect(city, secrets);
    assign(random);
}

Load::~Load() {
    poster_ = {};
    striker_ = {};
    lanes_.clear();
}

void Load::connect(const e2e::Installation& city, const e2e::Secrets& secrets) {
    for (const Manner& manner : manners) {
        auto lane = std::make_unique<Lane>(manner, io_.get_executor());
        net::MqttClientSettings settings;
        settings.port = plan_.through_relay ? relay_->port() : city.mqtt_port();
        settings.version = manner.version;
        settings.client_id = fmt::format("gateway-{}", lanes_.size());
        settings.user_name = secrets.user_name;
        settings.password = secrets.password;
        settings.queued_max = plan_.run.count;
        settings.in_flight_max = in_flight_max;
        const auto connected = e2e::run_to_end(io_, lane->client.connect(settings));
        if (!connected)
            throw std::runtime_error("a device is refused: " + connected.error().detail.en);
        lanes_.push_back(std::move(lane));
    }
}

void Load::assign(Random& random) {
    std::vector<std::size_t> order(plan_.run.count);
    std::iota(order.begin(), order.end(), plan_.run.first);
    if (plan_.shuffled) std::ranges::shuffle(order, random);
    // A ninth goes by HTTP, one request at a time.
    std::uniform_int_distribution<std::size_t> lane_of(0, 2 * lanes_.size());
    for (const std::size_t number : order) {
        const std::size_t lane = lane_of(random) / 2;
        if (lane < lanes_.size()) {
            lanes_[lane]->numbers.push_back(number);
            continue;
        }
        if (posts_.empty() || posts_.back().size() == post_observations) posts_.emplace_back();
        posts_.back().push_back(number);
    }
}

Load::AtStrike Load::run(const std::function<void(Relay&)>& strike) {
    strike_ = strike;
    const auto work = asio::make_work_guard(io_);
    for (const auto& lane : lanes_) {
        for (const std::size_t number : lane->numbers)
            publish(*lane, number);
    }
    posting_ = true;
    poster_ = std::jthread([this](const std::stop_token& stop) { post(stop); });
    give_up_after(patience_without_strike);
    io_.restart();
    while (!over()) {
        io_.run_one();
        count();
    }
    return at_strike_;
}

void Load::count() {
    std::size_t on_the_wire = 0;
    for (const auto& lane : lanes_)
        on_the_wire += lane->client.on_the_wire();
    acknowledged_so_far_ = acknowledged_count_;
    on_the_wire_ = on_the_wire;
}

void Load::now() {
    at_strike_.struck = true;
    at_strike_.acknowledged = acknowledged_so_far_;
    at_strike_.on_the_wire = on_the_wire_;
}

bool Load::over() const {
    return unanswered_ == 0 && !posting_ && !striking_;
}

void Load::publish(Lane& lane, std::size_t number) {
    const auto message = sent_.message(number);
    ++unanswered_;
    const auto heard = [this, number](const net::MqttAcknowledgement& acknowledgement) {
        --unanswered_;
        if (acknowledgement.ok())
            keep(number);
        else if (!acknowledgement.lost)
            ++refused_;
    };
    if (!lane.client.publish_soon(
            {.topic = message.topic, .payload = message.payload, .qos = lane.manner.qos}, heard)) {
        --unanswered_;
    }
}

// One request after the other; gives up at the first that is not taken.
void Load::post(const std::stop_token& stop) {
    for (const auto& numbers : posts_) {
        std::string lines;
        for (const std::size_t number : numbers) {
            std::string payload = sent_.payload(number);
            lines += payload.insert(1, fmt::format(R"("asset":"{}",)", sent_.asset(number))) + "\n";
        }
        const auto answer =
            e2e::exchange(http_door_, {.method = "POST",
                                       .target = "/ingest/v1/observations",
                                       .body = lines,
                                       .headers = {{"Content-Type", "application/x-ndjson"},
                                                   {"Authorization", authorization_}}});
        if (answer.status != 200 || stop.stop_requested()) break;
        asio::post(io_, [this, &numbers] {
            for (const std::size_t number : numbers)
                keep(number);
        });
    }
    asio::post(io_, [this] { posting_ = false; });
}

void Load::keep(std::size_t number) {
    acknowledged_[number - plan_.run.first] = true;
    if (++acknowledged_count_ == plan_.strike_at) arrange_strike();
}

void Load::arrange_strike() {
    striking_ = true;
    auto timer = std::make_shared<asio::steady_timer>(io_, plan_.strike_after);
    timer->async_wait([this, timer](auto) { begin_strike(); });
}

void Load::begin_strike() {
    striker_ = std::jthread([this] {
        std::string failure;
        try {
            strike_(*relay_);
        } catch (const std::exception& error) {
            failure = error.what();
        }
        asio::post(io_, [this, failure] {
            striking_ = false;
            at_strike_.failure = failure;
        });
    });
    give_up_after(plan_.through_relay ? patience_with_silence : patience);
}

void Load::give_up_after(std::chrono::milliseconds time) {
    auto timer = std::make_shared<asio::steady_timer>(io_, time);
    timer->async_wait([this, timer](auto) {
        for (const auto& lane : lanes_)
            lane->client.abort();
    });
}

}  // namespace vigie::faults
