// Memory is bounded whatever arrives: the real server under more than it can take, with thousands
// who do not finish a sentence and some who never listen. Afterwards, and meanwhile where it says
// so, an ordinary device is answered at once.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <numeric>
#include <thread>

#include "tests/e2e/support/console.hpp"
#include "tests/e2e/support/device.hpp"
#include "tests/e2e/support/raw_device.hpp"
#include "vigie/base/time.hpp"

namespace vigie::e2e {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::mqtt::Version;

constexpr std::size_t mib = 1024UL * 1024;
constexpr milliseconds prompt{1'000};
constexpr seconds flood_lasts{6};
constexpr seconds flood_limit{60};
// A flood is three times what is taken in, at least.
constexpr std::size_t flood_times = 3;
// At QoS 0: of what may wait at most, which is all that is taken in while the database stands
// still.
constexpr std::size_t offered_qos0 = (flood_times + 1) * 100'000;
// At QoS 1: devices have so many times as much to say as was taken in of them without a flood.
constexpr double offered_qos1_times = 5;
constexpr seconds capacity_lasts{2};
constexpr std::size_t lines = 4;
constexpr std::size_t chunk_messages = 50;
// What the server may grow by, at its peak.
constexpr std::size_t growth_qos0_max = 160 * mib;  // 100,000 frames wait at most
constexpr std::size_t growth_qos1_max = 64 * mib;
constexpr std::size_t growth_half_open_max = 160 * mib;
constexpr std::size_t growth_deaf_max = 128 * mib;
// Beyond a client's receive maximum 5.0 breaks the protocol; 3.1.1 knows none.
constexpr std::size_t unanswered_max_5 = 1'000;
constexpr std::size_t unanswered_max_3 = 60'000;
constexpr std::size_t half_open_mqtt = 8'000;
constexpr std::size_t half_open_addresses = 16;  // a thousand strangers an address
constexpr std::size_t half_open_http = 1'000;
constexpr std::size_t half_open_control = 1'000;
constexpr std::size_t descriptors_needed = 12'000;
// The server's limits, of a CONNECT and of a request that began, and what a busy machine may take
// to get to ten thousand of them.
constexpr seconds half_open_limit{10 + 20};
constexpr seconds half_asked_limit{30 + 20};
constexpr int deaf_receive_bytes = 4'096;
constexpr std::size_t deaf_consoles = 8;
constexpr std::size_t deaf_bytes_max = 48 * mib;
constexpr seconds deaf_limit{20};
// So long nothing more is read of who does not read; after half a minute it is cut off.
constexpr milliseconds deaf_wait{2'000};

// What one connection of the flood did: acknowledged is a prefix of what it sent.
struct Line {
    std::size_t sent{};
    std::size_t acknowledged{};
    std::size_t full{};  // times that the kernel took no more
    bool in_order{true};
    std::size_t offered{};  // what it had to say until the flood was over
    std::size_t taken{};    // what was acknowledged of it by then
};

struct Lines {
    const char* assets;
    seconds lasts;
    double offered_per_s;  // by each; 0: whatever is taken
};

class Flood : public testing::Test {
protected:
    static void SetUpTestSuite() {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;  // the server inherits it
        setrlimit(RLIMIT_NOFILE, &limit);
        descriptors_ = limit.rlim_cur;
        // One that stands still for as long as a flood is not away: nothing goes to the spool.
        city_ = std::make_unique<Installation>("/tmp", "", "answer_limit_s = 120\n");
        city_->start();
        std::vector<std::string> codes{"ORDINARY", "NEIGHBOUR"};
        for (std::size_t i = 0; i < lines; ++i) {
            for (const char* qos : {"Q0", "Q1", "C1"})
                codes.push_back(fmt::format("{}-{}", qos, i));
        }
        city_->plant("light_point", codes);
        gateway_ = city_->credential({{"name", "gateway"}, {"all_assets", true}});
        operator_ = city_->sign_in("operator");
    }
    static void TearDownTestSuite() {
        EXPECT_EQ(city_->stop(), 0);
        city_.reset();
    }
    void SetUp() override {
        expect_prompt();
        offered_ = said_all_ = held_back_ = 0;
        std::ofstream(process_file("clear_refs")) << "5";  // the peak counts from here
        resident_before_ = memory("VmRSS:");
    }

    static std::string process_file(const char* name) {
        return fmt::format("/proc/{}/{}", city_->server_pid(), name);
    }
    static std::size_t memory(const std::string& what) {
        std::ifstream file(process_file("status"));
        std::string word;
        std::size_t kib = 0;
        while (file >> word) {
            if (word == what) file >> kib;
        }
        return kib * 1024;
    }
    void expect_growth_below(std::size_t bytes_max) const {
        const std::size_t peak = memory("VmHWM:");
        const std::size_t growth = peak - std::min(peak, resident_before_);
        std::cout << fmt::format("memory: {} MiB before, {} MiB more at the peak\n",
                                 resident_before_ / mib, growth / mib);
        EXPECT_LT(growth, bytes_max);
    }

    // In both versions, by a connection of its own.
    static void expect_prompt() {
        for (const auto version : {Version::v3_1_1, Version::v5}) {
            const auto began = std::chrono::steady_clock::now();
            Device device(city_->mqtt_port(), gateway_, version, "ordinary");
            EXPECT_TRUE(device
                            .publish({Device::topic_of("ORDINARY"),
                                      R"({"values":{"power_w":40.5,"lamp_on":true}})"})
                            .ok());
            const auto took = std::chrono::steady_clock::now() - began;
            EXPECT_LT(took, prompt) << std::chrono::ceil<milliseconds>(took).count() << " ms";
        }
    }

    // Distinct keys: a millisecond each.
    static void append_messages(std::string& out, Version version, const std::string& asset,
                                std::size_t first, bool acknowledged) {
        const std::string topic = Device::topic_of(asset);
        for (std::size_t i = first; i < first + chunk_messages; ++i) {
            const auto id = static_cast<std::uint16_t>(acknowledged ? i % 65'535 + 1 : 0);
            append_publish(out, version, topic,
                           fmt::format(R"({{"t":{},"values":{{"power_w":{}.5,"lamp_on":true}}}})",
                                       start_ms_ + static_cast<std::int64_t>(i), i % 1'000),
                           id);
        }
    }

    static Line flood_qos0(std::size_t number) {
        const Version version = number % 2 == 0 ? Version::v5 : Version::v3_1_1;
        RawDevice device(city_->mqtt_port(), gateway_, version, fmt::format("q0-{}", number));
        Line line;
        const auto began = std::chrono::steady_clock::now();
        const auto goes_on = [&] {
            const auto now = std::chrono::steady_clock::now();
            return now < began + flood_lasts ||
                   (offered_ < offered_qos0 && now < began + flood_limit);
        };
        while (goes_on()) {
            std::string bytes;
            append_messages(bytes, version, fmt::format("Q0-{}", number), line.sent, false);
            if (!device.socket().send(bytes)) break;
            line.sent += chunk_messages;
            offered_ += chunk_messages;
        }
        ++said_all_;
        say_goodbye(device);
        return line;
    }

    // A goodbye after which it has read everything.
    static void say_goodbye(RawDevice& device) {
        device.socket().send(std::string("\xe0\x00", 2));
        EXPECT_TRUE(device.socket().ends_within(seconds{30}));
    }

    static void hear(RawDevice& device, Line& line, std::string& unread, milliseconds limit) {
        const auto bytes = device.socket().receive_some(limit);
        if (!bytes) throw std::runtime_error("the server closed a connection of the flood");
        unread += *bytes;
        std::size_t at = 0;
        for (; at + 4 <= unread.size(); at += 4) {
            const auto id =
                static_cast<std::size_t>(static_cast<unsigned char>(unread[at + 2])) * 256 +
                static_cast<unsigned char>(unread[at + 3]);
            line.in_order &= unread[at] == '\x40' && unread[at + 1] == '\x02' &&
                             id == line.acknowledged % 65'535 + 1;
            ++line.acknowledged;
        }
        unread.erase(0, at);
    }

    static Line flood_qos1(const Lines& lines_of, std::size_t number) {
        const Version version = number == 0 ? Version::v5 : Version::v3_1_1;
        const std::size_t window = number == 0 ? unanswered_max_5 : unanswered_max_3;
        const std::string asset = fmt::format("{}-{}", lines_of.assets, number);
        RawDevice device(city_->mqtt_port(), gateway_, version, asset);
        Line line;
        std::string unsent;
        std::string unread;
        const auto began = std::chrono::steady_clock::now();
        const auto offered = [&] {
            const std::chrono::duration<double> since = std::chrono::steady_clock::now() - began;
            return static_cast<std::size_t>(since.count() * lines_of.offered_per_s);
        };
        while (std::chrono::steady_clock::now() < began + lines_of.lasts || !unsent.empty()) {
            const std::size_t next = line.sent + chunk_messages;
            const bool has_room = next - line.acknowledged <= window &&
                                  (lines_of.offered_per_s == 0 || next <= offered());
            if (unsent.empty() && has_room &&
                std::chrono::steady_clock::now() < began + lines_of.lasts) {
                append_messages(unsent, version, asset, line.sent, true);
                line.sent += chunk_messages;
            }
            const auto taken = device.socket().send_some(unsent);
            if (!taken) throw std::runtime_error("the server closed a connection of the flood");
            if (!unsent.empty() && *taken == 0 && line.full++ == 0) ++held_back_;
            unsent.erase(0, *taken);
            if (!unsent.empty() || !has_room)
                device.socket().wait(!unsent.empty(), milliseconds{100});
            hear(device, line, unread, milliseconds{0});
        }
        line.offered = offered();
        line.taken = line.acknowledged;
        const auto patience = std::chrono::steady_clock::now() + seconds{20};
        while (line.acknowledged < line.sent && std::chrono::steady_clock::now() < patience)
            hear(device, line, unread, milliseconds{200});
        return line;
    }

    // Messages a second at QoS 1 that are taken in when nobody offers more.
    static double capacity() {
        const auto done =
            in_parallel([](std::size_t i) { return flood_qos1({"C1", capacity_lasts, 0}, i); });
        std::size_t taken = 0;
        for (const auto& line : done)
            taken += line.taken;
        held_back_ = 0;
        return static_cast<double>(taken) / static_cast<double>(capacity_lasts.count());
    }

    // How many of them, from `first` in steps of two, are still open then.
    static std::size_t left_open(std::vector<Socket>& sockets, std::size_t first, std::size_t end,
                                 std::chrono::steady_clock::time_point then) {
        std::size_t open = 0;
        for (std::size_t i = first; i < end; i += 2) {
            bool ended = false;
            for (auto left = seconds{1}; !ended && left > seconds{0};) {
                left = std::chrono::ceil<seconds>(then - std::chrono::steady_clock::now());
                ended = sockets[i].ends_within(std::max<milliseconds>(left, milliseconds{1}));
            }
            open += ended ? 0U : 1U;
        }
        return open;
    }

    template <typename Work>
    static std::vector<Line> in_parallel(Work work) {
        std::vector<Line> results(lines);
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < lines; ++i)
                threads.emplace_back([&results, work, i] { results[i] = work(i); });
        }
        return results;
    }

    static std::size_t stored(const std::string& asset, std::size_t below) {
        return city_
            ->sql(fmt::format("select count(*) from frame join asset on asset.id = asset_id where "
                              "code = '{}' and observed_at < '{}'",
                              asset,
                              base::to_rfc3339(base::from_epoch_ms(
                                  start_ms_ + static_cast<std::int64_t>(below)))))[0][0]
            .as<std::size_t>();
    }

    static inline rlim_t descriptors_{};
    static inline std::unique_ptr<Installation> city_;
    static inline std::atomic<std::size_t> held_back_{0};  // lines to whom the kernel said full
    static inline std::atomic<std::size_t> offered_{0};    // at QoS 0, by all lines
    static inline std::atomic<std::size_t> said_all_{0};   // lines that offer nothing more
    static inline Secrets gateway_;
    static inline std::map<std::string, std::string> operator_;
    static inline const std::int64_t start_ms_ =
        base::epoch_ms(base::SystemClock{}.now() - std::chrono::hours{6});
    std::size_t resident_before_{};
};

TEST_F(Flood, OfQos0IsDroppedCountedAndTakesNoMoreMemory) {
    const char* received = "vigie_mqtt_messages_total{qos=\"0\"}";
    const double received_before = city_->figure(received);
    // Stands still until all was read: what may wait is taken in, and the rest is too much, however
    // fast the machine is.
    city_->signal_database(SIGSTOP);
    std::jthread thaws([&] {
        const auto all_read = [&] {
            return said_all_ == lines && city_->figure(received) - received_before >=
                                             static_cast<double>(offered_.load());
        };
        EXPECT_TRUE(until(all_read, flood_limit + flood_limit));
        city_->signal_database(SIGCONT);
    });
    const auto done = in_parallel(flood_qos0);
    thaws.join();
    std::size_t sent = 0;
    std::size_t found = 0;
    EXPECT_TRUE(until([] { return city_->figure("vigie_store_pending") == 0; }, seconds{30}));
    for (std::size_t i = 0; i < lines; ++i) {
        sent += done[i].sent;
        found += stored(fmt::format("Q0-{}", i), done[i].sent);
    }
    const auto dropped = static_cast<std::size_t>(city_->figure("vigie_mqtt_dropped_qos0_total"));
    std::cout << fmt::format("QoS 0: {} sent in {} s, {} stored, {} dropped\n", sent,
                             flood_lasts.count(), found, dropped);
    EXPECT_EQ(city_->figure(received) - received_before, static_cast<double>(sent));
    EXPECT_EQ(found + dropped, sent) << "each is stored or counted";
    EXPECT_GE(sent, flood_times * found) << "no flood";
    expect_growth_below(growth_qos0_max);
    expect_prompt();
}

TEST_F(Flood, OfQos1WaitsInTheSocketsAndNothingAcknowledgedIsLost) {
    const double capacity_per_s = capacity();
    // Stands still until all who may send without limit are held back, however fast it is.
    city_->signal_database(SIGSTOP);
    std::jthread thaws([] {
        EXPECT_TRUE(until([] { return held_back_ == lines - 1; }, flood_lasts)) << "no flood";
        city_->signal_database(SIGCONT);
    });
    const Lines flood{"Q1", flood_lasts, offered_qos1_times * capacity_per_s / lines};
    const auto done = in_parallel([&flood](std::size_t i) { return flood_qos1(flood, i); });
    std::size_t all_offered = 0;
    std::size_t all_taken = 0;
    for (std::size_t i = 0; i < lines; ++i) {
        const auto& [sent, acknowledged, full, in_order, offered, taken] = done[i];
        all_offered += offered;
        all_taken += taken;
        std::cout << fmt::format("QoS 1: {} sent, {} acknowledged, {} times full\n", sent,
                                 acknowledged, full);
        EXPECT_TRUE(in_order);
        EXPECT_EQ(acknowledged, sent) << "it goes on when the flood is over";
        EXPECT_EQ(stored(fmt::format("Q1-{}", i), acknowledged), acknowledged);
    }
    std::cout << fmt::format(
        "QoS 1: {:.0f} a second are taken in; the flood had {} to say, of "
        "which {} were taken\n",
        capacity_per_s, all_offered, all_taken);
    EXPECT_GE(all_offered, flood_times * all_taken) << "no flood";
    expect_growth_below(growth_qos1_max);
    expect_prompt();
}

TEST_F(Flood, OfOneAboveItsRateSlowsNobodyMeanwhile) {
    const auto limited = city_->credential(
        {{"name", "limited"}, {"all_assets", true}, {"limits", {{"messages_per_s", 100}}}});
    RawDevice device(city_->mqtt_port(), limited, Version::v5, "limited");
    std::string chunk;
    append_messages(chunk, Version::v5, "Q0-0", 0, false);
    std::atomic<std::size_t> offered{0};
    std::jthread flood([&](const std::stop_token& stop) {
        for (; !stop.stop_requested(); offered += chunk_messages) {
            if (!device.socket().send(chunk)) return;
        }
    });
    ASSERT_TRUE(until([&] { return offered > 10'000; }, seconds{20}));
    for (int i = 0; i < 10; ++i)
        expect_prompt();
    std::cout << fmt::format("{} messages were offered by who may send 100 a second\n",
                             offered.load());
}

TEST_F(Flood, OfOneWithoutARateLeavesRoomForOthers) {
    const char* dropped = "vigie_mqtt_dropped_qos0_total";
    const auto neighbour = city_->credential({{"name", "neighbour"}, {"assets", {"NEIGHBOUR"}}});
    const auto send = [](const Secrets& who, const std::string& asset, std::size_t count) {
        RawDevice device(city_->mqtt_port(), who, Version::v5, asset);
        std::string bytes;
        for (std::size_t sent = 0; sent < count; sent += chunk_messages)
            append_messages(bytes, Version::v5, asset, sent, false);
        EXPECT_TRUE(device.socket().send(bytes));
        say_goodbye(device);
    };
    const double dropped_before = city_->figure(dropped);
    city_->signal_database(SIGSTOP);
    send(gateway_, "Q0-0", 60'000);  // 50,000 is half of what may wait
    const double dropped_then = city_->figure(dropped);
    send(neighbour, "NEIGHBOUR", chunk_messages);
    city_->signal_database(SIGCONT);
    EXPECT_GE(dropped_then, dropped_before + 5'000) << "no flood";
    EXPECT_EQ(city_->figure(dropped), dropped_then);
    EXPECT_TRUE(until([] { return city_->figure("vigie_store_pending") == 0; }, seconds{30}));
    EXPECT_EQ(stored("NEIGHBOUR", chunk_messages), chunk_messages);
}

TEST_F(Flood, OfTenThousandWhoDoNotFinishTheirFirstSentence) {
    if (descriptors_ < descriptors_needed)
        GTEST_SKIP() << "a process may have only " << descriptors_ << " files here";
    const std::string hello = connect_packet(Version::v5, "half-open", gateway_);
    std::vector<Socket> sockets;
    sockets.reserve(half_open_mqtt + half_open_http + half_open_control);
    const auto open = [&](std::size_t count, std::uint16_t port, const std::string& beginning) {
        for (std::size_t i = 0; i < count; ++i) {
            sockets.emplace_back(port, fmt::format("127.0.1.{}", 1 + i % half_open_addresses));
            // Every other one says nothing at all.
            if (i % 2 == 0) sockets.back().send(beginning);
        }
    };
    open(half_open_mqtt, city_->mqtt_port(), hello.substr(0, hello.size() / 2));
    open(half_open_http, city_->device_http().port,
         "POST /ingest/v1/observations HTTP/1.1\r\nHost: l");
    open(half_open_control, city_->control().port, "GET /api/v1/live HTTP/1.1\r\nHost: l");
    expect_prompt();
    expect_growth_below(growth_half_open_max);
    const auto opened = std::chrono::steady_clock::now();
    for (const std::size_t silent : {0U, 1U})
        EXPECT_EQ(left_open(sockets, silent, half_open_mqtt, opened + half_open_limit), 0U);
    EXPECT_EQ(left_open(sockets, half_open_mqtt, sockets.size(), opened + half_asked_limit), 0U);
    sockets.clear();
    expect_prompt();
}

TEST_F(Flood, OfAnswersToASubscriberWhoNeverReads) {
    RawDevice device(city_->mqtt_port(), gateway_, Version::v5, "deaf", deaf_receive_bytes);
    // Each is answered by as many bytes.
    std::string pings;
    while (pings.size() < 64 * 1024)
        pings += std::string("\xc0\x00", 2);
    std::size_t sent = 0;
    bool read_on = true;
    while (read_on && sent < deaf_bytes_max) {
        const auto taken = device.socket().send_some(pings);
        sent += taken.value_or(0);
        if (taken == 0U) device.socket().wait(true, deaf_wait);
        read_on = taken.has_value() && (*taken > 0 || device.socket().is_writable());
    }
    std::cout << fmt::format("a client that never read was read no further after {} KiB\n",
                             sent / 1024);
    EXPECT_LT(sent, deaf_bytes_max);
    expect_growth_below(growth_deaf_max);
    expect_prompt();
}

TEST_F(Flood, OfSnapshotsToConsolesThatNeverRead) {
    std::vector<std::unique_ptr<Console>> consoles;
    for (std::size_t i = 0; i < deaf_consoles; ++i)
        consoles.push_back(
            std::make_unique<Console>(city_->control().port, operator_, deaf_receive_bytes));
    std::string questions;
    for (int i = 0; i < 100; ++i) {
        questions += Console::framed(
            R"({"type":"subscribe","id":"a","topic":"values","filter":{"asset":"ORDINARY"}})");
        questions += Console::framed(R"({"type":"unsubscribe","id":"a"})");
    }
    std::size_t alive = deaf_consoles;
    std::vector<std::size_t> sent(deaf_consoles);
    const auto end = std::chrono::steady_clock::now() + deaf_limit;
    while (alive > 0 && std::chrono::steady_clock::now() < end) {
        alive = 0;
        for (std::size_t i = 0; i < deaf_consoles; ++i) {
            if (sent[i] >= deaf_bytes_max) continue;
            const std::size_t within = sent[i] % questions.size();
            const auto taken =
                consoles[i]->socket().send_some(std::string_view(questions).substr(within));
            if (!taken) continue;
            sent[i] += *taken;
            ++alive;
        }
    }
    std::cout << fmt::format("{} of {} consoles that never read are still asking, after {} KiB\n",
                             alive, deaf_consoles,
                             std::accumulate(sent.begin(), sent.end(), std::size_t{0}) / 1024);
    EXPECT_EQ(alive, 0U);
    EXPECT_TRUE(until([] { return city_->figure("vigie_http_websockets{door=\"control\"}") == 0; },
                      deaf_limit));
    expect_growth_below(growth_deaf_max);
    expect_prompt();
}

}  // namespace
}  // namespace vigie::e2e
