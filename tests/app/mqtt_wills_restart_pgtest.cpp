// Wills outlive the server: an orderly stop and a kill, with the clock in our hands.
#include <gmock/gmock.h>

#include "tests/app/mqtt_wills_bench.hpp"

namespace vigie::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// What the row says of the will: none, that it waits for its client's end, or when it is due.
constexpr store::Query will_rows{
    "test_will_rows",
    "select case when will is null then 'none' else coalesce(to_char(will_due_at at time zone "
    "'UTC', 'HH24:MI:SS'), 'connected') end as line from session"};
constexpr store::Query offline_at{
    "test_will_offline_at",
    "select to_char(observed_at at time zone 'UTC', 'HH24:MI:SS') as line from frame where vals[1] "
    "= 0 order by observed_at"};

// The bench's clock begins at 12:00:00.
class MqttWillsRestart : public MqttWillsBench {
protected:
    void restart() {
        server_.reset();
        start();
    }
    void as_root(const char* sql) {
        const store::Query query{"test_root", sql};
        root_.write_now([&](store::Transaction& tx) { tx.execute(query); });
    }
    void keep_rows() { as_root("create table kept_session as table session"); }
    void bring_rows_back() {
        as_root("delete from session");
        as_root("insert into session select * from kept_session");
        as_root("drop table kept_session");
    }
    // The rows are as a kill at this moment leaves them.
    void kill() {
        keep_rows();
        server_.reset();
        bring_rows_back();
    }
    // Gone without a goodbye, after it said that it is online.
    void fall_silent(const How& how) {
        Device camera(io_);
        ASSERT_TRUE(join(camera, how));
        say_online(camera);
        ASSERT_TRUE(becomes(will_rows, {"connected"}));
        clock_.advance(1s);
        camera.client.abort();
        ASSERT_TRUE(wait_until_gone());
    }
    // Whatever was due before is published before this returns.
    void come_back_and_say_goodbye() {
        Device camera(io_);
        ASSERT_TRUE(join(camera, {.will = false}));
        clock_.advance(1s);
        say_online(camera);
        say_goodbye(camera);
        ASSERT_TRUE(wait_until_gone());
    }

    store::Pool root_{database_.superuser_url(), 1};
};

TEST_F(MqttWillsRestart, DueWhileTheServerIsAwayIsPublishedAtTheStartAsOfThen) {
    fall_silent({.delay_s = 30});
    ASSERT_TRUE(becomes(will_rows, {"12:00:31"}));
    server_.reset();
    clock_.advance(40s);
    start();
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_THAT(lines(offline_at), ElementsAre("12:00:31"));
    EXPECT_TRUE(becomes(will_rows, {"none"}));
}

TEST_F(MqttWillsRestart, DueAfterTheStartWaitsUntilThen) {
    fall_silent({.delay_s = 30});
    ASSERT_TRUE(becomes(will_rows, {"12:00:31"}));
    server_.reset();
    clock_.advance(10s);
    start();
    EXPECT_THAT(lines(will_rows), ElementsAre("12:00:31"));
    clock_.advance(20s);
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_THAT(lines(offline_at), ElementsAre("12:00:31"));
    EXPECT_TRUE(becomes(will_rows, {"none"}));
}

TEST_F(MqttWillsRestart, OfWhoComesBackInTimeIsForgotten) {
    fall_silent({.delay_s = 30});
    ASSERT_TRUE(becomes(will_rows, {"12:00:31"}));
    server_.reset();
    clock_.advance(10s);
    start();
    Device camera(io_);
    ASSERT_TRUE(join(camera, {.delay_s = 30}));
    EXPECT_TRUE(connected_.session_present);
    EXPECT_THAT(lines(will_rows), ElementsAre("connected"));
    clock_.advance(30s);
    say_goodbye(camera);
    ASSERT_TRUE(wait_until_gone());
    EXPECT_TRUE(becomes(will_rows, {"none"}));
    restart();
    come_back_and_say_goodbye();
    EXPECT_THAT(lines(offline_at), IsEmpty());
}

TEST_F(MqttWillsRestart, ANewSessionPublishesTheWillOfTheOldOne) {
    fall_silent({.delay_s = 30});
    ASSERT_TRUE(becomes(will_rows, {"12:00:31"}));
    restart();
    clock_.advance(1s);
    Device camera(io_);
    ASSERT_TRUE(join(camera, {.clean = true, .will = false}));
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_THAT(lines(offline_at), ElementsAre("12:00:02"));
}

TEST_F(MqttWillsRestart, OfWhoSaidGoodbyeIsForgotten) {
    Device camera(io_);
    ASSERT_TRUE(join(camera, {.delay_s = 30}));
    ASSERT_TRUE(becomes(will_rows, {"connected"}));
    say_goodbye(camera);
    ASSERT_TRUE(becomes(will_rows, {"none"}));
    kill();
    clock_.advance(40s);
    start();
    come_back_and_say_goodbye();
    EXPECT_THAT(lines(offline_at), IsEmpty());
}

TEST_F(MqttWillsRestart, OfWhoWasConnectedAtAKillItsDelayCountsFromTheStart) {
    Device camera(io_);
    ASSERT_TRUE(join(camera, {.delay_s = 30}));
    say_online(camera);
    ASSERT_TRUE(becomes(will_rows, {"connected"}));
    kill();
    clock_.advance(60s);
    start();
    EXPECT_THAT(lines(will_rows), ElementsAre("12:01:30"));
    clock_.advance(30s);
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_THAT(lines(offline_at), ElementsAre("12:01:30"));
}

TEST_F(MqttWillsRestart, IsPublishedAtTheLatestWhenTheSessionEnds) {
    Device camera(io_);
    ASSERT_TRUE(join(camera, {.delay_s = 30, .expiry_s = 20}));
    say_online(camera);
    ASSERT_TRUE(becomes(will_rows, {"connected"}));
    kill();
    start();
    clock_.advance(20s);
    EXPECT_TRUE(becomes(alarms, {"offline"}));
    EXPECT_TRUE(becomes(will_rows, {})) << "nothing is left of the session";
}

TEST_F(MqttWillsRestart, OfWhoWasConnectedAtAnOrderlyStopItsDelayCountsFromTheStart) {
    Device camera(io_);
    ASSERT_TRUE(join(camera, {.delay_s = 30}));
    say_online(camera);
    server_.reset();
    EXPECT_THAT(lines(will_rows), ElementsAre("connected"));
    clock_.advance(60s);
    start();
    EXPECT_THAT(lines(will_rows), ElementsAre("12:01:30"));
    Device again(io_);
    ASSERT_TRUE(join(again, {.delay_s = 30})) << "back in time";
    clock_.advance(60s);
    restart();
    come_back_and_say_goodbye();
    EXPECT_THAT(lines(offline_at), IsEmpty());
}

TEST_F(MqttWillsRestart, WithoutADelayIsPublishedByAnOrderlyStop) {
    for (const std::uint32_t expiry_s : {0U, 3'600U}) {
        Device camera(io_);
        ASSERT_TRUE(join(camera, {.expiry_s = expiry_s}));
        say_online(camera);
        ASSERT_TRUE(becomes(will_rows, {"connected"}));
        clock_.advance(1s);
        server_.reset();
        EXPECT_THAT(lines(online_frames).back(), "0");
        const std::vector<std::string> left(expiry_s == 0 ? 0U : 1U, "none");
        EXPECT_EQ(lines(will_rows), left) << "the row is let go of before the end";
        clock_.advance(1s);
        start();
    }
    come_back_and_say_goodbye();
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "0", "1", "0", "1"));
}

TEST_F(MqttWillsRestart, OfASessionThatEndsWithItsConnectionOutlivesAKill) {
    for (const auto version : {wire::mqtt::Version::v3_1_1, wire::mqtt::Version::v5}) {
        Device camera(io_);
        ASSERT_TRUE(join(camera, {.version = version, .expiry_s = 0, .clean = true}));
        ASSERT_TRUE(becomes(will_rows, {"connected"})) << "written soon after CONNACK";
        kill();  // an orderly stop, which publishes it; and the row as if it had not
        const auto before = lines(offline_at).size();
        clock_.advance(60s);
        start();
        EXPECT_TRUE(run_until([&] { return lines(offline_at).size() == before + 1; }));
        EXPECT_TRUE(becomes(will_rows, {}));
        Device again(io_);
        const bool clean = version == wire::mqtt::Version::v3_1_1;  // otherwise it lasts
        ASSERT_TRUE(join(again, {.version = version, .expiry_s = 0, .clean = clean}));
        EXPECT_FALSE(connected_.session_present) << "there was none to resume";
        ASSERT_TRUE(becomes(will_rows, {"connected"}));
        say_goodbye(again);
        EXPECT_TRUE(becomes(will_rows, {}));
    }
}

TEST_F(MqttWillsRestart, OfWhoIsTakenOverIsForgotten) {
    Device first(io_);
    Device second(io_);
    ASSERT_TRUE(join(first, {.delay_s = 30}));
    ASSERT_TRUE(join(second, {.delay_s = 40}));
    EXPECT_TRUE(run_until([&] { return first.closed; }));
    kill();
    start();
    EXPECT_THAT(lines(will_rows), ElementsAre("12:00:40")) << "the second's, and no other";
    clock_.advance(39s);
    come_back_and_say_goodbye();
    clock_.advance(1s);
    restart();
    come_back_and_say_goodbye();
    EXPECT_THAT(lines(offline_at), IsEmpty());
}

TEST_F(MqttWillsRestart, IsPublishedOnceHoweverOftenTheServerStarts) {
    fall_silent({.delay_s = 30});
    ASSERT_TRUE(becomes(will_rows, {"12:00:31"}));
    restart();
    restart();
    server_.reset();
    clock_.advance(40s);
    keep_rows();
    start();
    EXPECT_TRUE(becomes(will_rows, {"none"}));
    // A kill when the observation was durable and the row not yet told.
    server_.reset();
    bring_rows_back();
    EXPECT_THAT(lines(will_rows), ElementsAre("12:00:31"));
    clock_.advance(10s);
    start();
    EXPECT_TRUE(becomes(will_rows, {"none"}));
    restart();
    come_back_and_say_goodbye();
    EXPECT_THAT(lines(online_frames), ElementsAre("1", "0", "1"));
}

TEST_F(MqttWillsRestart, OfACredentialThatWasRevokedMeanwhileIsNotTaken) {
    fall_silent({.delay_s = 30});
    ASSERT_TRUE(becomes(will_rows, {"12:00:31"}));
    server_.reset();
    change("update credential set revoked_at = now() where name = 'camera'");
    clock_.advance(40s);
    start();
    EXPECT_TRUE(becomes(will_rows, {"none"}));
    EXPECT_THAT(lines(offline_at), IsEmpty());
}

TEST_F(MqttWillsRestart, OfACredentialThatWasMadeAgainUnderItsNameIsNotTaken) {
    fall_silent({.delay_s = 30});
    ASSERT_TRUE(becomes(will_rows, {"12:00:31"}));
    server_.reset();
    change("update credential set revoked_at = now() where name = 'camera'");
    credential("camera", "CAM-1");
    clock_.advance(40s);
    start();
    EXPECT_TRUE(becomes(will_rows, {"none"}));
    come_back_and_say_goodbye();
    EXPECT_THAT(lines(offline_at), IsEmpty());
}

TEST_F(MqttWillsRestart, OfAVersionThatNamedTheCredentialOnlyIsPublished) {
    fall_silent({.delay_s = 30});
    ASSERT_TRUE(becomes(will_rows, {"12:00:31"}));
    server_.reset();
    as_root("update session set will = will - 'credential'");
    clock_.advance(40s);
    start();
    EXPECT_TRUE(becomes(alarms, {"offline"}));
}

TEST_F(MqttWillsRestart, ASessionOfTheVersionBeforeIsResumed) {
    server_.reset();
    change(
        "insert into session (credential, client_id, subscriptions, expiry_s, revision) values "
        "('camera', 'camera', '[[\"vigie/v1/+/commands\", 1]]', 3600, 1)");
    start();
    Device camera(io_);
    ASSERT_TRUE(join(camera));
    EXPECT_TRUE(connected_.session_present);
}

}  // namespace
}  // namespace vigie::app
