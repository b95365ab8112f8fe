// A will at the product's own door: how a device says "offline" when it can no longer say anything.
#include <gmock/gmock.h>

#include "tests/app/mqtt_wills_bench.hpp"

namespace vigie::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using wire::mqtt::Reason;
using wire::mqtt::Version;

class MqttWills : public MqttWillsBench {};

TEST_F(MqttWills, AreStoredAsObservationsAndRaiseTheAlarmOfTheKind) {
    for (const Version version : {Version::v3_1_1, Version::v5}) {
        Device camera(io_);
        ASSERT_TRUE(join(camera, {.version = version}));
        clock_.advance(1s);
        say_online(camera);
        ASSERT_TRUE(becomes(alarms, {}));
        clock_.advance(1s);
        camera.client.abort();
        EXPECT_TRUE(becomes(alarms, {"offline"}));
        EXPECT_TRUE(wait_until_gone());
    }
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "0", "1", "0"));
}

TEST_F(MqttWills, AreNotPublishedWhenItsDeviceSaysGoodbye) {
    Device camera(io_);
    ASSERT_TRUE(join(camera));
    say_online(camera);
    say_goodbye(camera);
    EXPECT_TRUE(wait_until_gone());
    ASSERT_TRUE(join(camera));
    clock_.advance(1s);
    say_online(camera);
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "1"));
}

TEST_F(MqttWills, WaitForTheirDelayAndForWhoComesBackInTime) {
    Device camera(io_);
    ASSERT_TRUE(join(camera, {.delay_s = 30}));
    say_online(camera);
    camera.client.abort();
    ASSERT_TRUE(wait_until_gone());
    clock_.advance(29s);
    Device again(io_);
    ASSERT_TRUE(join(again, {.delay_s = 30}));
    clock_.advance(10s);
    say_online(again);
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "1")) << "it came back in time";
    again.client.abort();
    ASSERT_TRUE(wait_until_gone());
    clock_.advance(30s);
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "1", "0"));
}

TEST_F(MqttWills, SpeakForADeviceThatFellSilent) {
    Device camera(io_);
    ASSERT_TRUE(join(camera));
    say_online(camera);
    clock_.advance(91s);
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_TRUE(run_until([&] { return camera.closed; }));
    EXPECT_EQ(camera.reason, Reason::keep_alive_timeout);
}

TEST_F(MqttWills, SpeakForAConnectionThatIsTakenOver) {
    Device first(io_);
    Device second(io_);
    ASSERT_TRUE(join(first));
    say_online(first);
    clock_.advance(1s);
    ASSERT_TRUE(join(second));
    EXPECT_TRUE(becomes(online_frames, {"1", "0"})) << "what the device says next is later";
    clock_.advance(1s);
    say_online(second);
    EXPECT_TRUE(becomes(alarms, {}));
}

}  // namespace
}  // namespace vigie::app
