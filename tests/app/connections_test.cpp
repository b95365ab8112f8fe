#include "app/connections.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "vigie/base/open_files.hpp"

namespace vigie::app {
namespace {

TEST(ConnectionsTest, AreAsWantedWhenThereAreFilesEnoughAndLessByOneFileLess) {
    auto settings = config::defaults();
    settings.device.connections_max = 10'000;
    const std::size_t enough = 10'000 + 2'500 + 2 * 4'000 + reserved_files(settings);
    const auto doors = share_connections(settings, enough);
    EXPECT_EQ(doors.mqtt, 10'000U);
    EXPECT_EQ(doors.device_http, 2'500U);
    EXPECT_EQ(doors.control, 4'000U);
    EXPECT_EQ(doors.open, 4'000U);
    EXPECT_LT(share_connections(settings, enough - 1).all(), doors.all());
}

TEST(ConnectionsTest, LeaveWhatIsReserved) {
    const auto settings = config::defaults();
    for (const std::size_t files : {512U, 1'024U, 4'096U, 20'000U}) {
        const auto doors = share_connections(settings, files);
        EXPECT_LE(doors.all() + reserved_files(settings), files) << files;
        EXPECT_GE(doors.control, 8U) << files;
    }
    EXPECT_GE(share_connections(settings, 0).mqtt, 8U) << "never none";
}

TEST(ConnectionsTest, AreNeverMoreThanWanted) {
    auto settings = config::defaults();
    settings.device.connections_max = 2;
    EXPECT_EQ(share_connections(settings, 1'024).mqtt, 2U);
    EXPECT_EQ(share_connections(settings, 0).mqtt, 2U);
}

TEST(ConnectionsTest, TheLimitIsRaisedToWhatTheSystemAllows) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit low = before;
    low.rlim_cur = std::min<rlim_t>(before.rlim_max - 1, 512);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(base::open_files_max(), low.rlim_cur);
    EXPECT_EQ(base::raise_open_files(), before.rlim_max);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace vigie::app
