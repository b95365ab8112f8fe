// The database's disk fills, and no other: vigied lives elsewhere and does not see it coming. What
// comes is kept in the spool and acknowledged, and comes to the database, once, when there is room.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "tests/e2e/support/disks.hpp"
#include "tests/e2e/support/found.hpp"
#include "tests/e2e/support/own_cluster.hpp"

namespace vigie::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr const char* disk_size = "500m";
constexpr std::size_t messages_a_time = 2'000;
constexpr std::size_t messages_max = 1'000'000;
constexpr std::chrono::milliseconds told_within{1'000};
constexpr seconds spooled_within{60};
constexpr seconds drained_within{60};

class DatabaseDisk : public testing::Test {
protected:
    void SetUp() override {
        const auto disk = memory_disk(disk_size);
        if (!disk) GTEST_SKIP() << "nothing may be mounted here";
        database_.emplace(*disk);
        city_.emplace("/tmp", "", database_->settings(), database_->cluster.url("vigie_app"));
        city_->start();
        for (int i = 0; i < 20; ++i)
            codes_.push_back(fmt::format("LP-{:04}", i));
        sent_.emplace(codes_,
                      std::chrono::floor<std::chrono::hours>(base::SystemClock{}.now()) -
                          std::chrono::hours{20},
                      std::chrono::milliseconds{50});
        city_->plant("light_point", codes_);
        gateway_ = city_->credential({{"name", "gateway"}, {"all_assets", true}});
    }

    // In their order, by one connection; all are acknowledged.
    void send(e2e::Run run) const {
        Device device(city_->mqtt_port(), gateway_, wire::mqtt::Version::v5, "gateway");
        std::vector<Device::Message> messages;
        for (std::size_t i = 0; i < run.count; ++i)
            messages.push_back(sent_->message(run.first + i));
        EXPECT_TRUE(device.publish_all(messages).empty());
    }

    // Not a byte is left: what the database gives back meanwhile is taken as well.
    void fill() const { load_ballast(ballast(), 0); }
    [[nodiscard]] fs::path ballast() const { return database_->folder() / "ballast"; }
    [[nodiscard]] std::size_t spooled() const {
        return static_cast<std::size_t>(city_->figure("vigie_spool_frames_total"));
    }

    // By what `vigie status` says.
    [[nodiscard]] std::optional<base::Instant> away_since() const {
        for (const auto& trouble : city_->admin_get("/admin/v1/status").at("troubles")) {
            if (trouble.at("code") == "database_away")
                return base::parse_rfc3339(trouble.at("since").get<std::string>());
        }
        return std::nullopt;
    }

    std::optional<OwnCluster> database_;
    std::optional<Installation> city_;
    std::vector<std::string> codes_;
    std::optional<Numbered> sent_;
    Secrets gateway_;
};

TEST_F(DatabaseDisk, FullSendsWhatComesToTheSpoolAndDrainsOnceThereIsRoom) {
    send({0, messages_a_time});
    EXPECT_EQ(spooled(), 0U);
    std::size_t sent = messages_a_time;
    // Whole pages of tables that are there already still take some.
    const auto goes_to_the_spool = [&] {
        fill();
        send({sent, messages_a_time});
        sent += messages_a_time;
        return spooled() > 0 || sent > messages_max;
    };
    ASSERT_TRUE(until(goes_to_the_spool, spooled_within));
    ASSERT_GT(spooled(), 0U);
    const auto first_spooled = sent;
    const auto seen = base::SystemClock{}.now();
    ASSERT_TRUE(until([this] { return away_since().has_value(); }, spooled_within));
    EXPECT_LE(*away_since() - seen, told_within) << "after it was first seen in the spool's figure";
    for (int i = 0; i < 3; ++i) {
        fill();
        send({sent, messages_a_time});
        sent += messages_a_time;
    }
    EXPECT_GT(city_->figure("vigie_spool_bytes"), 0);
    EXPECT_EQ(exchange(city_->metrics(), {.target = "/readyz"}).status, 503U);
    std::cout << fmt::format("{} acknowledged, the spool was used from {} on: {} went there\n",
                             sent, first_spooled, spooled());

    fs::remove(ballast());
    const auto is_back = [this] {
        // Without room for its log PostgreSQL ends; whoever keeps it starts it again.
        if (!database_->cluster.pid()) database_->cluster.start();
        return exchange(city_->metrics(), {.target = "/readyz"}).status == 200;
    };
    EXPECT_TRUE(until(is_back, drained_within));
    EXPECT_TRUE(until([this] { return city_->figure("vigie_spool_bytes") == 0; }, drained_within));
    const e2e::Run all{0, sent};
    const auto found = look(*city_, *sent_, all);
    EXPECT_EQ(found.rows, sent);
    EXPECT_EQ(found.lost(std::vector<bool>(sent, true)), 0U);
    EXPECT_EQ(found.doubles + found.wrong + found.strangers, 0U);
    send({sent, messages_a_time});
    EXPECT_EQ(look(*city_, *sent_, {0, sent + messages_a_time}).rows, sent + messages_a_time);
    EXPECT_EQ(city_->sql("select count(*) from quarantine")[0][0].as<int>(), 0);
    EXPECT_EQ(city_->stop(), 0);
}

}  // namespace
}  // namespace vigie::e2e
