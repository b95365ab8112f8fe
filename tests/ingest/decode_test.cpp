#include "vigie/ingest/decode.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/ingest/decode_bench.hpp"
#include "vigie/base/limits.hpp"

namespace vigie::ingest {
namespace {

using Unknown = std::map<UnknownProperty, std::size_t>;

class Decode : public DecodeBench {};

TEST_F(Decode, TakesWhatFits) {
    const auto decoded =
        decode(R"({"t":"2026-11-22T11:59:00Z","values":{"power_w":41.5,"on":true,"fault":"lamp",
        "position":[5.04,47.32],"colour":"red"}})");
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->frames.size(), 1U);
    const auto& frame = decoded->frames.front();
    EXPECT_EQ(frame.vals, (std::vector<double>{41.5, 1, 1, 5.04, 47.32}));
    EXPECT_EQ(frame.layout, 7);
    EXPECT_EQ(frame.asset_id, 1);
    EXPECT_FALSE(frame.backfill);
    EXPECT_FALSE(frame.stamped);
    EXPECT_EQ(base::to_rfc3339(frame.observed_at), "2026-11-22T11:59:00Z");
    EXPECT_EQ(decoded->unknown_properties, 1U);
    EXPECT_EQ(decoded->unknown, (Unknown{{{"T-1", "colour"}, 1}}));
}

TEST_F(Decode, NamesWhatItSetsAsideUpToItsLimit) {
    const auto with = [&](std::size_t names) {
        std::string values = R"("on":true,"colour":0)";
        for (std::size_t i = 1; i < names; ++i)
            values += ",\"x" + std::to_string(i) + "\":1";
        return decode(R"([{"values":{"colour":1}},{"values":{)" + values + "}}]");
    };
    constexpr auto limit = unknown_names_per_message_max;
    EXPECT_EQ(with(limit)->unknown.size(), limit);
    EXPECT_EQ(with(limit + 1)->unknown.size(), limit);
    EXPECT_EQ(with(limit + 1)->unknown_properties, limit + 2) << "all of them are counted";
    EXPECT_EQ(with(limit)->unknown.at({"T-1", "colour"}), 2U);

    constexpr auto bytes = unknown_name_bytes_max;
    const auto named = [&](const std::string& name) {
        return decode(R"({"values":{")" + name + R"(":1}})")->unknown.begin()->first.property;
    };
    EXPECT_EQ(named(std::string(bytes, 'x')), std::string(bytes, 'x'));
    EXPECT_EQ(named(std::string(bytes + 1, 'x')), std::string(bytes, 'x'));
    EXPECT_EQ(named(std::string(bytes - 1, 'x') + "é"), std::string(bytes - 1, 'x'));
}

TEST_F(Decode, TakesArraysMillisecondsAndArrivalTimes) {
    const auto decoded =
        decode(R"([{"t":1795348800000,"values":{"power_w":1}},{"values":{"power_w":2}},
        {"values":{"power_w":3}},{"values":{"colour":1}}])");
    ASSERT_TRUE(decoded) << decoded.error().detail.en << decoded.error().pointer;
    ASSERT_EQ(decoded->frames.size(), 3U) << "nothing known in the last one";
    EXPECT_EQ(decoded->messages, 4U);
    EXPECT_EQ(decoded->without_time, 3U);
    EXPECT_NE(decoded->frames[1].observed_at, decoded->frames[2].observed_at);
    EXPECT_FALSE(decoded->frames[0].stamped);
    EXPECT_TRUE(decoded->frames[1].stamped);
    EXPECT_TRUE(std::isnan(decoded->frames[0].vals[1]));
}

TEST_F(Decode, WhatLayInQuarantineIsOfWhenItCameFirst) {
    const auto again = [&](const char* payload, std::chrono::hours ago) {
        return decode_for_asset(*catalogue_, *catalogue_->find("T-1"), payload, Format::by_shape,
                                {now_, true, now_ - ago})
            ->frames.at(0);
    };
    for (const char* payload : {R"({"values":{"on":true}})", R"([{"values":{"on":true}}])",
                                R"([{"n":"on","vb":true}])"}) {
        const auto frame = again(payload, std::chrono::hours{2});
        EXPECT_EQ(frame.observed_at, now_ - std::chrono::hours{2}) << payload;
        EXPECT_EQ(frame.received_at, now_) << payload;
        EXPECT_FALSE(frame.backfill) << payload;
        EXPECT_TRUE(again(payload, std::chrono::hours{25}).backfill) << "too old to be heard";
    }
    EXPECT_EQ(again(R"({"t":"2026-11-22T11:59:00Z","values":{"on":true}})", std::chrono::hours{2})
                  .observed_at,
              now_ - std::chrono::minutes{1})
        << "its own time counts";
}

TEST_F(Decode, RefusesWithReasonAndPointer) {
    expect_refused("", Reason::not_json, "");
    expect_refused("{", Reason::not_json, "");
    expect_refused("\xff\xfe", Reason::not_json, "");
    expect_refused(std::string(16, '[') + std::string(16, ']'), Reason::wrong_shape, "/0");
    expect_refused(std::string(17, '[') + std::string(17, ']'), Reason::not_json, "");
    expect_refused("42", Reason::wrong_shape, "");
    expect_refused("[]", Reason::wrong_shape, "");
    expect_refused("{}", Reason::wrong_shape, "/values");
    expect_refused(R"({"values":{}})", Reason::wrong_shape, "/values");
    expect_refused(R"({"values":{"on":true},"tt":1})", Reason::wrong_shape, "/tt");
    expect_refused(R"({"values":{"on":true},"a/b~\u0000":1})", Reason::wrong_shape, "/a~1b~0?");
    expect_refused(R"({"values":{"on":true},")" + std::string(99, 'x') + R"(é":1})",
                   Reason::wrong_shape, "/" + std::string(99, 'x'));
    expect_refused(R"([{"values":{"on":true}},{"values":{"on":1}}])", Reason::wrong_type,
                   "/1/values/on");
    expect_refused(R"({"values":{"power_w":"41"}})", Reason::wrong_type, "/values/power_w");
    expect_refused(R"({"values":{"power_w":-0.1}})", Reason::out_of_range, "/values/power_w");
    expect_refused(R"({"values":{"power_w":100.1}})", Reason::out_of_range, "/values/power_w");
    expect_refused(R"({"values":{"fault":"fire"}})", Reason::unknown_code, "/values/fault");
    expect_refused(R"({"values":{"fault":1}})", Reason::wrong_type, "/values/fault");
    expect_refused(R"({"values":{"position":[47.3]}})", Reason::wrong_type, "/values/position");
    expect_refused(R"({"values":{"position":[181,47.3]}})", Reason::out_of_range,
                   "/values/position");
    expect_refused(R"({"t":"yesterday","values":{"on":true}})", Reason::bad_time, "/t");
    expect_refused(R"({"t":1.5,"values":{"on":true}})", Reason::bad_time, "/t");
}

TEST_F(Decode, HoldsTimesToTheirLimits) {
    const auto at = [&](base::Instant t) {
        return R"({"t":")" + base::to_rfc3339(t) + R"(","values":{"on":true}})";
    };
    const auto us = std::chrono::microseconds{1};
    EXPECT_TRUE(decode(at(now_ + base::limits::observation_ahead_max)));
    expect_refused(at(now_ + base::limits::observation_ahead_max + us), Reason::time_ahead, "/t");
    const auto past = kinds_->front().past_limit;
    EXPECT_TRUE(decode(at(now_ - past)));
    expect_refused(at(now_ - past - us), Reason::too_old, "/t");
    const auto filled_in = decode(at(now_ - past - us), true);
    ASSERT_TRUE(filled_in);
    EXPECT_TRUE(filled_in->frames.front().backfill);
    EXPECT_FALSE(decode(at(now_), true)->frames.front().backfill)
        << "what is stamped now is judged";
}

TEST_F(Decode, HoldsTheNumberOfObservations) {
    const auto array = [](std::size_t count) {
        std::string text = "[";
        for (std::size_t i = 0; i < count; ++i)
            text += std::string(i == 0 ? "" : ",") + R"({"values":{"on":true}})";
        return text + "]";
    };
    EXPECT_TRUE(decode(array(base::limits::observations_per_message_max)));
    expect_refused(array(base::limits::observations_per_message_max + 1), Reason::too_many, "");
}

TEST_F(Decode, MessagesNameTheirAssets) {
    const TestSender sender;
    const Arrival arrival{now_, false};
    const auto decode_body = [&](std::string_view body, bool ndjson) {
        return decode_messages(*catalogue_, sender, body, ndjson ? Format::ndjson : Format::json,
                               arrival);
    };
    const auto lines = decode_body(
        "{\"asset\":\"T-1\",\"values\":{\"on\":true}}\n\n{\"asset\":\"T-1\",\"values\":{\"on\":"
        "false}}\n",
        true);
    ASSERT_TRUE(lines);
    EXPECT_EQ(lines->frames.size(), 2U);
    struct Case {
        const char* body;
        bool ndjson;
        Reason reason;
        const char* pointer;
    };
    const Case cases[] = {
        {R"({"values":{"on":true}})", false, Reason::wrong_shape, "/asset"},
        {R"([{"asset":"T-9","values":{"on":true}}])", false, Reason::unknown_asset, "/0/asset"},
        {R"({"asset":"T-3","values":{"on":true}})", false, Reason::unknown_asset, "/asset"},
        {R"({"asset":"T-2","values":{"on":true}})", false, Reason::not_yours, "/asset"},
        {"{\"asset\":\"T-1\",\"values\":{\"on\":true}}\n{", true, Reason::not_json, "/1"},
        {"\n", true, Reason::wrong_shape, ""},
    };
    for (const auto& [body, ndjson, reason, pointer] : cases) {
        const auto refused = decode_body(body, ndjson);
        ASSERT_FALSE(refused) << body;
        EXPECT_EQ(to_string(refused.error().reason), to_string(reason)) << body;
        EXPECT_EQ(refused.error().pointer, pointer) << body;
    }
}

TEST_F(Decode, KnowsLinesByTheirShape) {
    const auto lines = decode(
        "{\"t\":1795348800000,\"values\":{\"power_w\":1}}\r\n\n{\"values\":{\"on\":true}}\n");
    ASSERT_TRUE(lines) << lines.error().detail.en;
    EXPECT_EQ(lines->frames.size(), 2U);
    EXPECT_TRUE(decode("{\"values\":\n{\"on\":true}\n}")) << "JSON over several lines is JSON";
    expect_refused("{\"values\":{\"on\":true}}\n{\"values\":{\"on\":1}}", Reason::wrong_type,
                   "/1/values/on");
    expect_refused("{\"values\":\n{\"on\":true}", Reason::not_json, "");
    expect_refused("7\n{\"values\":{\"on\":true}}", Reason::not_json, "");
}

TEST_F(Decode, TakesMediaTypesWithTheirParameters) {
    EXPECT_EQ(format_of("application/json; charset=utf-8"), Format::json);
    EXPECT_EQ(format_of("application/x-ndjson"), Format::ndjson);
    EXPECT_EQ(format_of("application/senml+json ;v=1"), Format::senml);
    for (const char* other : {"", "text/plain", "application/senml+cbor", "application/jsonx"})
        EXPECT_EQ(format_of(other), std::nullopt) << other;
}

TEST(Topic, NamesOneAsset) {
    EXPECT_EQ(asset_of_topic("vigie/v1/PL-1/observations"), "PL-1");
    for (const char* topic :
         {"vigie/v1//observations", "vigie/v1/a/b/observations", "vigie/v2/a/observations",
          "vigie/v1/a/observations/", "vigie/v1/observations", "x", ""}) {
        EXPECT_EQ(asset_of_topic(topic), "") << topic;
    }
    EXPECT_EQ(asset_of_topic("vigie/v1/PL-1/commands", "commands"), "PL-1");
    EXPECT_EQ(asset_of_topic("vigie/v1/commands", "commands"), "");
    EXPECT_EQ(asset_of_topic("vigie/v1/PL-1/commands/12", "commands"), "");
}

}  // namespace
}  // namespace vigie::ingest
