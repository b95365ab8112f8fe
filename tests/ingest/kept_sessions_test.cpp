#include "ingest/kept_sessions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/pgtest_folder.hpp"

namespace vigie::ingest {
namespace {

const base::Instant noon = *base::parse_rfc3339("2026-11-28T12:00:00.25Z");

net::MqttStoredSession full_session() {
    net::MqttStoredSession one{
        .owner = "gateway",
        .client_id = "caméra 7",
        .expiry_s = 0xFFFF'FFFF,
        .subscriptions = {{"vigie/v1/+/commands", wire::mqtt::Qos::at_least_once}},
        .expires_at = noon,
        .revision = UINT64_MAX,
        .will_due_at = noon + std::chrono::seconds{1}};
    one.will = std::make_shared<const net::MqttWill>(
        net::MqttWill{.topic = "vigie/v1/CAM-7/observations",
                      .payload = std::string("\0\xff{}", 4),
                      .qos = wire::mqtt::Qos::exactly_once,
                      .retain = true,
                      .properties = std::string("\x01\x00", 2),
                      .delay_s = 5,
                      .owner_tag = "0123"});
    one.remembered.emplace(std::uint16_t{65'535}, net::MqttRemembered{noon, UINT64_MAX});
    return one;
}

class KeptSessionsTest : public testing::Test {
protected:
    KeptSessionsTest() { spool_.open(); }
    test::Folder folder_;
    store::Spool spool_{store::disk_files(), {.folder = folder_.path() + "/sessions"}};
    KeptSessions kept_{spool_};
};

TEST_F(KeptSessionsTest, AreFoundAsTheyWere) {
    const auto one = full_session();
    ASSERT_TRUE(kept_.keep({{one, {.owner = "gateway", .client_id = "bare"}}, {{"g", "gone", 9}}}));
    const auto left = kept_.left_over();
    ASSERT_EQ(left.rows.size(), 2U);
    const auto& found = left.rows[1];
    EXPECT_EQ(found.owner, one.owner);
    EXPECT_EQ(found.client_id, one.client_id);
    EXPECT_EQ(found.expiry_s, one.expiry_s);
    EXPECT_EQ(found.subscriptions, one.subscriptions);
    EXPECT_EQ(found.expires_at, one.expires_at);
    EXPECT_EQ(found.revision, one.revision);
    EXPECT_EQ(*found.will, *one.will);
    EXPECT_EQ(found.will_due_at, one.will_due_at);
    EXPECT_EQ(found.remembered, one.remembered);
    EXPECT_EQ(left.rows[0].client_id, "bare");
    EXPECT_EQ(left.rows[0].will, nullptr);
    EXPECT_FALSE(left.rows[0].expires_at);
    ASSERT_EQ(left.erased.size(), 1U);
    EXPECT_EQ(left.erased[0].client_id, "gone");
    EXPECT_EQ(left.erased[0].revision, 9U);
}

TEST_F(KeptSessionsTest, AreLeftAsTheyBecameInTheEnd) {
    net::MqttStoredSession one{.owner = "g", .client_id = "one", .revision = 1};
    net::MqttStoredSession two{.owner = "g", .client_id = "two", .revision = 2};
    ASSERT_TRUE(kept_.keep({{one, two}, {}}));
    one.revision = 3;
    ASSERT_TRUE(kept_.keep({{one}, {{"g", "two", 4}}}));
    const auto left = kept_.left_over();
    ASSERT_EQ(left.rows.size(), 1U);
    EXPECT_EQ(left.rows[0].revision, 3U);
    ASSERT_EQ(left.erased.size(), 1U);
    EXPECT_EQ(left.erased[0].client_id, "two");
    kept_.forget();
    EXPECT_TRUE(kept_.empty());
    EXPECT_TRUE(kept_.left_over().empty());
}

TEST_F(KeptSessionsTest, WhatNobodyUnderstandsIsSetAsideAndHoldsBackNoOther) {
    for (const char* odd : {"", "{}", R"({"rows":[{}],"erased":[]})",
                            R"({"rows":[],"erased":[[1]]})", R"({"rows":7,"erased":[]})"})
        ASSERT_TRUE(spool_.append(odd)) << odd;
    ASSERT_TRUE(kept_.keep({{full_session()}, {}}));
    EXPECT_EQ(kept_.left_over().rows.size(), 1U);
    EXPECT_GT(spool_.counters().damaged_bytes, 0U);
}

}  // namespace
}  // namespace vigie::ingest
