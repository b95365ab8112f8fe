#include "vigie/ingest/decode.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "vigie/base/limits.hpp"

namespace vigie::ingest {
namespace {

using assets::Property;
using assets::PropertyType;

std::shared_ptr<const std::vector<assets::Kind>> one_kind() {
    assets::Kind kind;
    kind.id = 1;
    kind.code = "thing";
    kind.layout = 7;
    kind.width = 5;
    kind.late_limit = std::chrono::hours{24};
    const auto property = [](const char* code, PropertyType type, int position) {
        Property p;
        p.code = code;
        p.type = type;
        p.position = position;
        return p;
    };
    kind.properties = {
        property("power_w", PropertyType::number, 0), property("on", PropertyType::boolean, 1),
        property("fault", PropertyType::code, 2), property("position", PropertyType::position, 3)};
    kind.properties[0].min = 0;
    kind.properties[0].max = 100;
    kind.properties[2].codes = {"none", "lamp"};
    return std::make_shared<const std::vector<assets::Kind>>(std::vector{kind});
}

class TestSender final : public Sender {
public:
    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] bool may(assets::AssetId asset) const override { return asset == 1; }
    [[nodiscard]] bool may_backfill() const override { return false; }

private:
    std::string name_ = "test";
};

class Decode : public testing::Test {
protected:
    Decode() {
        std::vector<assets::Asset> all(3);
        for (int i = 0; i < 3; ++i) {
            all[static_cast<std::size_t>(i)].id = i + 1;
            all[static_cast<std::size_t>(i)].code = "T-" + std::to_string(i + 1);
            all[static_cast<std::size_t>(i)].kind = &kinds_->front();
        }
        all[2].life_stage = assets::LifeStage::removed;
        catalogue_ = std::make_unique<assets::Catalogue>(kinds_, std::move(all));
    }

    [[nodiscard]] std::expected<Decoded, Refusal> decode(std::string_view payload,
                                                         bool backfill = false) const {
        return decode_for_asset(*catalogue_->find("T-1"), payload, {now_, backfill});
    }
    void expect_refused(std::string_view payload, Reason reason, const std::string& pointer) const {
        const auto decoded = decode(payload);
        ASSERT_FALSE(decoded) << payload;
        EXPECT_EQ(to_string(decoded.error().reason), to_string(reason)) << payload;
        EXPECT_EQ(decoded.error().pointer, pointer) << payload;
        EXPECT_FALSE(decoded.error().detail.fr.empty());
    }

    std::shared_ptr<const std::vector<assets::Kind>> kinds_ = one_kind();
    std::unique_ptr<assets::Catalogue> catalogue_;
    base::Instant now_ = *base::parse_rfc3339("2026-11-22T12:00:00Z");
};

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
    EXPECT_EQ(base::to_rfc3339(frame.observed_at), "2026-11-22T11:59:00Z");
    EXPECT_EQ(decoded->unknown_properties, 1U);
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
    EXPECT_TRUE(std::isnan(decoded->frames[0].vals[1]));
}

TEST_F(Decode, RefusesWithReasonAndPointer) {
    expect_refused("", Reason::not_json, "");
    expect_refused("{", Reason::not_json, "");
    expect_refused("\xff\xfe", Reason::not_json, "");
    expect_refused("[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", Reason::not_json, "");
    expect_refused("42", Reason::wrong_shape, "");
    expect_refused("[]", Reason::wrong_shape, "");
    expect_refused("{}", Reason::wrong_shape, "/values");
    expect_refused(R"({"values":{}})", Reason::wrong_shape, "/values");
    expect_refused(R"({"values":{"on":true},"tt":1})", Reason::wrong_shape, "/tt");
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
        return decode_messages(*catalogue_, sender, body, ndjson, arrival);
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

TEST(Topic, NamesOneAsset) {
    EXPECT_EQ(asset_of_topic("vigie/v1/PL-1/observations"), "PL-1");
    for (const char* topic :
         {"vigie/v1//observations", "vigie/v1/a/b/observations", "vigie/v2/a/observations",
          "vigie/v1/a/observations/", "vigie/v1/observations", "x", ""}) {
        EXPECT_EQ(asset_of_topic(topic), "") << topic;
    }
}

}  // namespace
}  // namespace vigie::ingest
