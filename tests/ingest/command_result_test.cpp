#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vigie/ingest/command_taker.hpp"

namespace vigie::ingest {
namespace {

using testing::HasSubstr;

const base::Instant arrived = *base::parse_rfc3339("2026-11-22T18:00:00Z");

TEST(CommandResult, IsRead) {
    const auto read = decode_result(
        R"({"status": "failed", "detail": "driver hot\n82 °C", "t": "2026-11-22T17:59:58Z"})",
        arrived);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->status, ResultStatus::failed);
    EXPECT_EQ(read->detail, "driver hot\n82 °C");
    EXPECT_EQ(read->at, arrived - std::chrono::seconds{2});
    const auto least = decode_result(R"({"status":"done"})", arrived);
    ASSERT_TRUE(least);
    EXPECT_EQ(least->at, arrived) << "without t its arrival counts";
    EXPECT_TRUE(decode_result(R"({"status":"accepted","detail":null})", arrived));
}

TEST(CommandResult, IsRefusedWithReasonAndPointer) {
    struct Case {
        std::string payload;
        Reason reason;
        std::string pointer;
    };
    const Case cases[] = {
        {"", Reason::not_json, ""},
        {"done", Reason::not_json, ""},
        {"[]", Reason::wrong_shape, ""},
        {"\"done\"", Reason::wrong_shape, ""},
        {"{}", Reason::wrong_shape, "/status"},
        {R"({"status":"finished"})", Reason::wrong_shape, "/status"},
        {R"({"status":true})", Reason::wrong_shape, "/status"},
        {R"({"status":"done","why":"x"})", Reason::wrong_shape, "/why"},
        {R"({"status":"done","detail":3})", Reason::wrong_type, "/detail"},
        {R"({"status":"done","detail":"a\u0000b"})", Reason::out_of_range, "/detail"},
        {R"({"status":"done","t":"now"})", Reason::bad_time, "/t"},
        {R"({"status":"done","t":"2026-11-22T18:02:01Z"})", Reason::time_ahead, "/t"},
    };
    for (const auto& [payload, reason, pointer] : cases) {
        SCOPED_TRACE(payload);
        const auto read = decode_result(payload, arrived);
        ASSERT_FALSE(read);
        EXPECT_EQ(to_string(read.error().reason), to_string(reason));
        EXPECT_EQ(read.error().pointer, pointer);
        EXPECT_FALSE(read.error().detail.fr.empty());
    }
}

TEST(CommandResult, HoldsTheLengthOfItsDetail) {
    const auto with = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text += "é";
        return decode_result(R"({"status":"done","detail":")" + text + "\"}", arrived);
    };
    EXPECT_TRUE(with(result_detail_chars_max));
    EXPECT_FALSE(with(result_detail_chars_max + 1));
}

TEST(CommandResult, HasATopicOfItsOwn) {
    const auto topic = result_topic("vigie/v1/LP-1/commands/12/result");
    ASSERT_TRUE(topic);
    EXPECT_EQ(topic->asset, "LP-1");
    EXPECT_EQ(topic->command, "12");
    for (const char* other :
         {"vigie/v1/LP-1/commands", "vigie/v1/LP-1/commands/result",
          "vigie/v1/LP-1/commands//result", "vigie/v1//commands/12/result",
          "vigie/v1/LP-1/commands/12/3/result", "vigie/v1/LP-1/x/commands/12/result",
          "vigie/v1/LP-1/commands/12/results", "vigie/v2/LP-1/commands/12/result",
          "vigie/v1/LP-1/observations", "vigie/v1/result", "vigie/v1//result",
          "vigie/v1/commands/result", "vigie/v1/"}) {
        EXPECT_FALSE(result_topic(other)) << other;
    }
    EXPECT_EQ(command_topic("LP-1"), "vigie/v1/LP-1/commands");
}

}  // namespace
}  // namespace vigie::ingest
