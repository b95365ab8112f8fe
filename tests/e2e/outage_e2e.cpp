// The database goes away under a real server, which may die meanwhile: what was acknowledged into
// the spool comes to the database, in order, once; and the system says so from the first second.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>

#include "tests/e2e/support/console.hpp"
#include "tests/e2e/support/found.hpp"
#include "tests/e2e/support/own_cluster.hpp"

namespace vigie::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t before_messages = 400;
constexpr std::size_t spooled_messages = 4'000;
constexpr seconds drained_within{30};
// "From the first second": it looks twice a second, and asks the database once a second.
constexpr milliseconds told_within{2'500};
constexpr milliseconds over_within{10'000};

class Outage : public testing::Test {
protected:
    void SetUp() override {
        city_.start();
        for (int i = 0; i < 20; ++i)
            codes_.push_back(fmt::format("LP-{:04}", i));
        sent_.emplace(codes_,
                      std::chrono::floor<std::chrono::hours>(base::SystemClock{}.now()) -
                          std::chrono::hours{6},
                      seconds{1});
        city_.plant("light_point", codes_);
        gateway_ = city_.credential({{"name", "gateway"}, {"all_assets", true}});
        operator_ = city_.sign_in("operator");
    }

    void TearDown() override {
        if (frozen_) freeze(SIGCONT);
    }

    // In their order, by one connection.
    void send(e2e::Run run) {
        Device device(city_.mqtt_port(), gateway_, wire::mqtt::Version::v5, "gateway");
        std::vector<Device::Message> messages;
        for (std::size_t i = 0; i < run.count; ++i)
            messages.push_back(sent_->message(run.first + i));
        EXPECT_TRUE(device.publish_all(messages).empty());
    }

    // Numbers of one asset whose transaction came before that of an older one.
    [[nodiscard]] std::size_t out_of_order(base::Instant from) const {
        return city_
            .sql(
                "select count(*) from (select xmin::text::int8 as born, lag(xmin::text::int8) "
                "over (partition by asset_id order by observed_at) as before from frame where "
                "observed_at >= '" +
                base::to_rfc3339(from) + "') f where born < before")[0][0]
            .as<std::size_t>();
    }

    void freeze(int signal) {
        frozen_ = signal == SIGSTOP;
        const pid_t postmaster = *database_.cluster.pid();
        for (const pid_t pid : processes_of(postmaster))
            kill(pid, signal);
    }

    void expect_told(const char* code, const std::string& sentence, Console& console) const {
        const auto began = std::chrono::steady_clock::now();
        const auto left = [&] {
            return told_within - std::chrono::duration_cast<milliseconds>(
                                     std::chrono::steady_clock::now() - began);
        };
        EXPECT_TRUE(console.is_told(code, told_within)) << "the stream";
        const auto ready = exchange(city_.metrics(), {.target = "/readyz"});
        EXPECT_EQ(ready.status, 503U);
        EXPECT_THAT(ready.body, testing::HasSubstr(sentence));
        Program status({VIGIE_PROGRAMS "/vigie", "--socket",
                        (city_.folder() / "admin.sock").string(), "--json", "status"});
        ASSERT_TRUE(status.wait(seconds{20}));
        std::string text;
        for (const auto& line : status.lines())
            text += line + "\n";
        EXPECT_THAT(text, testing::HasSubstr(sentence));
        EXPECT_GT(left(), milliseconds{0}) << "too late by " << -left().count() << " ms";
    }

    void expect_over(const char* code, Console& console) const {
        EXPECT_TRUE(console.is_told_the_end_of(code, over_within));
        EXPECT_TRUE(
            until([&] { return exchange(city_.metrics(), {.target = "/readyz"}).status == 200; },
                  std::chrono::ceil<seconds>(over_within)));
    }

    OwnCluster database_;
    Installation city_{"/tmp", "", database_.settings(), database_.cluster.url("vigie_app")};
    bool frozen_{};
    std::vector<std::string> codes_;
    std::optional<Numbered> sent_;
    Secrets gateway_;
    std::map<std::string, std::string> operator_;
};

TEST_F(Outage, AKillWithAFullSpoolLosesNothingAndBringsItInOrderOnce) {
    send({0, before_messages});
    database_.cluster.stop();
    send({before_messages, spooled_messages});
    EXPECT_EQ(city_.figure("vigie_spool_frames_total"), spooled_messages);
    kill(city_.server_pid(), SIGKILL);
    ASSERT_TRUE(city_.wait_until_dead(seconds{60}));
    EXPECT_FALSE(fs::is_empty(city_.folder() / "spool"));
    database_.cluster.start();
    const e2e::Run all{0, before_messages + spooled_messages};
    EXPECT_EQ(look(city_, *sent_, all).rows, before_messages) << "nothing was there already";
    city_.start();
    EXPECT_TRUE(until([this] { return city_.figure("vigie_spool_bytes") == 0; }, drained_within));
    const auto found = look(city_, *sent_, all);
    EXPECT_EQ(found.lost(std::vector<bool>(all.count, true)), 0U);
    EXPECT_EQ(found.doubles + found.wrong + found.strangers, 0U);
    EXPECT_EQ(out_of_order(sent_->observed_at(before_messages)), 0U);
    const auto live = city_.admin_get("/admin/v1/assets/" + codes_.back()).at("live");
    EXPECT_EQ(live.at("observed_at"), base::to_rfc3339(sent_->observed_at(all.count - 1)));
    send(all);  // what devices that heard no answer do
    EXPECT_EQ(look(city_, *sent_, all).rows, all.count);
    EXPECT_EQ(city_.sql("select count(*) from quarantine")[0][0].as<int>(), 0);
}

class SaysSo : public Outage, public testing::WithParamInterface<bool> {
protected:
    // A city under load, or one in which nothing happens.
    void SetUp() override {
        Outage::SetUp();
        console_.emplace(city_.control().port, operator_);
        console_->subscribe("system");
        ASSERT_TRUE(console_->wait_for([](const auto& m) { return m.at("type") == "snapshot"; },
                                       over_within));
        if (!GetParam()) return;
        load_ = std::jthread([this](const std::stop_token& stop) {
            for (std::size_t first = 0; !stop.stop_requested(); first += 100)
                send({first, 100});
        });
        ASSERT_TRUE(
            until([this] { return city_.figure("vigie_store_frames_total") > 0; }, seconds{20}));
    }
    std::optional<Console> console_;
    std::jthread load_;
};

TEST_P(SaysSo, ADatabaseThatWasStopped) {
    database_.cluster.stop();
    expect_told("database_away", "the database is away", *console_);
    database_.cluster.start();
    expect_over("database_away", *console_);
}

TEST_P(SaysSo, ADatabaseThatStandsStill) {
    freeze(SIGSTOP);
    expect_told("database_silent", "the database does not answer", *console_);
    freeze(SIGCONT);
    EXPECT_TRUE(
        until([this] { return exchange(city_.metrics(), {.target = "/readyz"}).status == 200; },
              std::chrono::ceil<seconds>(over_within)));
}

std::string load_name(const testing::TestParamInfo<bool>& loaded) {
    return loaded.param ? "UnderLoad" : "WhereNothingHappens";
}

INSTANTIATE_TEST_SUITE_P(OfTheCity, SaysSo, testing::Bool(), load_name);

}  // namespace
}  // namespace vigie::e2e
