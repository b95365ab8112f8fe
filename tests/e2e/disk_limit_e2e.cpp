// The disk fills: the system says so, then devices wait, before PostgreSQL finds no room; and all
// goes on when there is room again. On a file system of the test's own.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/e2e/support/console.hpp"
#include "tests/e2e/support/disks.hpp"
#include "tests/e2e/support/found.hpp"

namespace vigie::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uintmax_t mib = 1024UL * 1024;
constexpr const char* disk_size = "900m";
constexpr std::uintmax_t alarm_bytes = 400 * mib;
constexpr std::uintmax_t min_bytes = 200 * mib;
// What may still be written once devices wait: what was taken already, and whole segments of the
// database's log.
constexpr std::uintmax_t afterwards_bytes = 96 * mib;
constexpr milliseconds told_within{5'000};
constexpr std::size_t post_messages = 500;
constexpr std::size_t messages_max = 3'000'000;

class DiskLimit : public testing::Test {
protected:
    void SetUp() override {
        const auto disk = memory_disk(disk_size);
        if (!disk) GTEST_SKIP() << "nothing may be mounted here";
        city_.emplace(*disk, fmt::format("[storage]\ndisk_free_alarm_bytes = {}\n"
                                         "disk_free_min_bytes = {}\n",
                                         alarm_bytes, min_bytes));
        city_->start();
        for (int i = 0; i < 50; ++i)
            codes_.push_back(fmt::format("LP-{:04}", i));
        sent_.emplace(codes_,
                      std::chrono::floor<std::chrono::hours>(base::SystemClock{}.now()) -
                          std::chrono::hours{20},
                      seconds{1});
        city_->plant("light_point", codes_);
        gateway_ = city_->credential({{"name", "gateway"}, {"all_assets", true}});
        console_.emplace(city_->control().port, city_->sign_in("operator"));
        console_->subscribe("system");
    }

    void TearDown() override {
        if (city_) city_->signal_database(SIGCONT);
    }

    Answer post(e2e::Run run) const {
        std::string lines;
        for (std::size_t i = 0; i < run.count; ++i) {
            std::string payload = sent_->payload(run.first + i);
            lines +=
                payload.insert(1, fmt::format(R"("asset":"{}",)", sent_->asset(run.first + i))) +
                "\n";
        }
        const std::string who = gateway_.user_name + ":" + gateway_.password;
        return exchange(city_->device_http(),
                        {.method = "POST",
                         .target = "/ingest/v1/observations",
                         .body = lines,
                         .headers = {{"Content-Type", "application/x-ndjson"},
                                     {"Authorization", "Basic " + base64(who)}}});
    }

    [[nodiscard]] std::uintmax_t free() const { return fs::space(city_->folder()).available; }
    [[nodiscard]] fs::path ballast() const { return city_->folder() / "ballast"; }
    [[nodiscard]] std::string database_log() const {
        std::ostringstream text;
        text << std::ifstream(city_->folder() / "pg.log").rdbuf();
        return text.str();
    }
    [[nodiscard]] std::string obstacles() const {
        return exchange(city_->metrics(), {.target = "/readyz"}).body;
    }

    std::optional<Installation> city_;
    std::vector<std::string> codes_;
    std::optional<Numbered> sent_;
    Secrets gateway_;
    std::optional<Console> console_;
};

TEST_F(DiskLimit, IsAnAlarmThenBackPressureAndNeverAFullDiskForPostgres) {
    ASSERT_GT(free(), alarm_bytes + 50 * mib) << "the disk of the test is too small";
    EXPECT_EQ(post({0, post_messages}).status, 200U);
    EXPECT_EQ(exchange(city_->metrics(), {.target = "/readyz"}).status, 200U);

    // Less than the alarm's limit: it is said, and everything is still taken.
    load_ballast(ballast(), min_bytes + 60 * mib);
    EXPECT_TRUE(console_->is_told("disk_low", told_within));
    EXPECT_THAT(obstacles(), testing::HasSubstr("the data disk is filling"));
    std::size_t sent = post_messages;
    EXPECT_EQ(post({sent, post_messages}).status, 200U);
    sent += post_messages;

    // The load itself fills the rest, until it is made to wait.
    Answer answer;
    std::uintmax_t least_free = free();
    const auto held = [&] {
        answer = post({sent, post_messages});
        least_free = std::min(least_free, free());
        if (answer.status == 200) sent += post_messages;
        return answer.status != 200 || sent > messages_max;
    };
    EXPECT_TRUE(until(held, seconds{60}));
    std::cout << sent << " observations before they were made to wait, " << free() / mib
              << " MiB free\n";
    EXPECT_EQ(answer.status, 503U);
    EXPECT_TRUE(answer.headers.contains("retry-after"));
    EXPECT_TRUE(console_->is_told("disk_full", told_within));
    EXPECT_THAT(obstacles(), testing::HasSubstr("the data disk is full"));

    // MQTT waits: nothing is refused, nothing is lost, nothing is acknowledged.
    std::atomic<bool> answered{false};
    std::jthread device([&] {
        Device one(city_->mqtt_port(), gateway_, wire::mqtt::Version::v5, "waiting");
        EXPECT_TRUE(one.publish(sent_->message(sent)).ok());
        answered = true;
    });
    EXPECT_TRUE(
        until([this] { return city_->figure("vigie_mqtt_pauses_total") > 0; }, seconds{20}));
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(post({sent + 1, 1}).status, 503U);
    EXPECT_FALSE(answered);
    least_free = std::min(least_free, free());

    fs::remove(ballast());
    EXPECT_TRUE(console_->is_told_the_end_of("disk_full", told_within));
    EXPECT_TRUE(until([&] { return post({sent + 1, 1}).status == 200; }, seconds{20}));
    device.join();
    EXPECT_TRUE(answered);
    const auto found = look(*city_, *sent_, {0, sent + 2});
    EXPECT_EQ(found.lost(std::vector<bool>(sent + 2, true)), 0U);
    EXPECT_EQ(found.doubles + found.wrong + found.strangers, 0U);

    EXPECT_GT(least_free, min_bytes - afterwards_bytes);
    EXPECT_THAT(database_log(), testing::Not(testing::HasSubstr("No space left")));
    EXPECT_EQ(city_->stop(), 0);
}

// In the database beside it, it would take the room that devices wait for.
TEST_F(DiskLimit, KeepsWhatLiesInTheSpoolThereUntilThereIsRoom) {
    constexpr std::size_t spooled = 20;
    const std::size_t sent = spooled * post_messages;
    city_->signal_database(SIGSTOP);
    for (std::size_t i = 0; i < spooled; ++i)
        EXPECT_EQ(post({i * post_messages, post_messages}).status, 200U);
    load_ballast(ballast(), min_bytes - 20 * mib);
    EXPECT_TRUE(console_->is_told("disk_full", told_within));
    city_->signal_database(SIGCONT);
    EXPECT_TRUE(console_->is_told("spool_waits", seconds{20}));
    EXPECT_THAT(obstacles(), testing::HasSubstr("is not brought to the database before"));
    EXPECT_GT(city_->figure("vigie_spool_bytes"), 0);
    EXPECT_LE(city_->figure("vigie_spool_drained_total"), post_messages) << "what was under way";

    EXPECT_EQ(city_->stop(), 0) << "waits for nothing of it";
    fs::remove(ballast());
    city_->start();
    EXPECT_TRUE(until([this] { return city_->figure("vigie_spool_bytes") == 0; }, seconds{60}));
    const auto found = look(*city_, *sent_, {0, sent});
    EXPECT_EQ(found.lost(std::vector<bool>(sent, true)), 0U);
    EXPECT_EQ(found.doubles + found.wrong + found.strangers, 0U);
    EXPECT_EQ(city_->stop(), 0);
}

}  // namespace
}  // namespace vigie::e2e
