#include <gtest/gtest.h>

#include <cmath>

#include "ingest/senml_units.hpp"
#include "tests/ingest/decode_bench.hpp"
#include "vigie/base/limits.hpp"

namespace vigie::ingest {
namespace {

// 2026-11-22T12:00:00Z
constexpr const char* noon = "1795348800";

class Senml : public DecodeBench {
protected:
    // Over HTTP, where a name names its asset.
    [[nodiscard]] std::expected<Decoded, Refusal> post(std::string_view payload) const {
        return decode_messages(*catalogue_, sender_, payload, Format::senml, {now_, false});
    }
    void expect_post_refused(std::string_view payload, Reason reason,
                             const std::string& pointer) const {
        const auto decoded = post(payload);
        ASSERT_FALSE(decoded) << payload;
        EXPECT_EQ(to_string(decoded.error().reason), to_string(reason)) << payload;
        EXPECT_EQ(decoded.error().pointer, pointer) << payload;
        EXPECT_FALSE(decoded.error().detail.fr.empty());
    }
    TestSender sender_;
};

TEST_F(Senml, GathersRecordsIntoFrames) {
    const auto decoded = decode(std::string(R"([{"bn":"T-1/","bt":)") + noon +
                                R"(,"bu":"W","bver":10,"n":"power_w","v":41.5},
        {"n":"on","vb":true},{"n":"fault","vs":"lamp"},
        {"n":"position","u":"lon","v":5.04},{"n":"position","u":"lat","v":47.32},
        {"n":"power_w","t":-60,"v":40},{"n":"colour","v":1},{"n":"power_w","t":-120,"u":"kW","v":0.05}])");
    ASSERT_TRUE(decoded) << decoded.error().pointer << decoded.error().detail.en;
    ASSERT_EQ(decoded->frames.size(), 3U);
    EXPECT_EQ(decoded->frames[0].vals, (std::vector<double>{41.5, 1, 1, 5.04, 47.32}));
    EXPECT_EQ(decoded->frames[0].observed_at, now_);
    EXPECT_EQ(decoded->frames[1].observed_at, now_ - std::chrono::seconds{60});
    EXPECT_EQ(decoded->frames[1].vals[0], 40);
    EXPECT_EQ(decoded->frames[2].vals[0], 50) << "kilowatts are watts, too";
    EXPECT_EQ(decoded->messages, 3U);
    EXPECT_EQ(decoded->values, 7U);
    EXPECT_EQ(decoded->unknown_properties, 1U);
    EXPECT_EQ(decoded->unknown.at({"T-1", "colour"}), 1U);
    EXPECT_EQ(decoded->without_time, 0U);
}

TEST_F(Senml, NamesAssetAndProperty) {
    struct Case {
        const char* bn;
        const char* n;
        bool over_mqtt;
        bool over_http;
    };
    const Case cases[] = {
        {"", "power_w", true, false},
        {"", "T-1/power_w", true, true},
        {"", "T-1:power_w", true, true},
        {"T-1", "/power_w", true, true},
        {"T-1:power_w", "", true, true},
        {"urn:dev:ow:T-1:", "power_w", true, true},
        {"urn:dev:ow:T-1/", "power_w", true, true},
        {"urn:dev:mac:0024befffe804ff1:", "power_w", true, false},
        {"T-2/", "power_w", false, false},
        {"urn:dev:ow:T-2:", "power_w", false, false},
        {"T-3/", "power_w", false, false},
        {"T-9/", "power_w", false, false},
        {"", "", false, false},
        {"_T-1/", "power_w", false, false},
        {"T-1/", "power w", false, false},
    };
    for (const auto& [bn, n, over_mqtt, over_http] : cases) {
        const std::string pack =
            std::string(R"([{"bn":")") + bn + R"(","n":")" + n + R"(","v":7}])";
        SCOPED_TRACE(pack);
        const auto published = decode(pack);
        EXPECT_EQ(published.has_value(), over_mqtt);
        const auto posted = post(pack);
        EXPECT_EQ(posted.has_value(), over_http);
        if (published) EXPECT_EQ(published->frames.at(0).vals[0], 7);
        if (posted) EXPECT_EQ(posted->frames.at(0).asset_id, 1);
    }
    expect_post_refused(R"([{"n":"T-2/power_w","v":1}])", Reason::not_yours, "/0/n");
    expect_post_refused(R"([{"n":"T-9/power_w","v":1}])", Reason::unknown_asset, "/0/n");
    expect_post_refused(R"([{"n":"T-3/power_w","v":1}])", Reason::unknown_asset, "/0/n");
    expect_post_refused(R"([{"n":"power_w","v":1}])", Reason::wrong_shape, "/0/n");
}

TEST_F(Senml, ResolvesTimes) {
    struct Case {
        const char* why;
        const char* times;
        base::Duration from_now;
        std::size_t without_time;
    };
    using namespace std::chrono_literals;
    const Case cases[] = {
        {"none is now", R"("v":1)", 0s, 1},
        {"zero is now", R"("t":0,"v":1)", 0s, 1},
        {"relative", R"("t":-5.5,"v":1)", -5'500ms, 1},
        {"relative base", R"("bt":-60,"t":-1,"v":1)", -61s, 1},
        {"a little ahead", R"("t":30,"v":1)", 30s, 1},
        {"absolute", R"("t":1795348740,"v":1)", -60s, 0},
        {"a part of a second", R"("bt":1795348740,"t":0.25,"v":1)", -59'750ms, 0},
        {"update time is for others", R"("ut":60,"v":1)", 0s, 1},
    };
    for (const auto& [why, times, from_now, without_time] : cases) {
        SCOPED_TRACE(why);
        const auto decoded = decode(std::string(R"([{"n":"power_w",)") + times + "}]");
        ASSERT_TRUE(decoded) << decoded.error().detail.en;
        EXPECT_EQ(decoded->frames.at(0).observed_at, now_ + from_now);
        EXPECT_EQ(decoded->frames.at(0).stamped, without_time == 1);
        EXPECT_EQ(decoded->without_time, without_time);
    }
    // 2^28 is 1978: absolute, and too old; one second less is relative, and far ahead.
    expect_refused(R"([{"n":"power_w","t":268435456,"v":1}])", Reason::too_old, "/0/t");
    expect_refused(R"([{"n":"power_w","t":268435455,"v":1}])", Reason::time_ahead, "/0/t");
    expect_refused(R"([{"n":"power_w","t":-1e300,"v":1}])", Reason::bad_time, "/0/t");
    expect_refused(R"([{"n":"power_w","bt":1e308,"t":1e308,"v":1}])", Reason::bad_time, "/0/t");
    expect_refused(R"([{"n":"power_w","t":-1795348801,"v":1}])", Reason::bad_time, "/0/t");
}

TEST_F(Senml, AddsBaseValuesUntilTheyChange) {
    const auto decoded = decode(R"([{"bn":"T-1:","bv":20},{"n":"power_w","v":1,"t":-3},
        {"n":"power_w","t":-2},{"bv":0,"n":"power_w","v":5,"t":-1}])");
    ASSERT_TRUE(decoded) << decoded.error().detail.en;
    ASSERT_EQ(decoded->frames.size(), 3U);
    EXPECT_EQ(decoded->frames[0].vals[0], 21);
    EXPECT_EQ(decoded->frames[1].vals[0], 20) << "the base value alone";
    EXPECT_EQ(decoded->frames[2].vals[0], 5);
}

TEST_F(Senml, RefusesWithReasonAndPointer) {
    expect_refused(R"([{"n":"power_w","v":1,"vb":true}])", Reason::wrong_shape, "/0");
    expect_refused(R"([{"n":"power_w","v":1},{"n":"power_w"}])", Reason::wrong_shape, "/1");
    expect_refused(R"([{"n":"power_w","v":1},7])", Reason::wrong_shape, "/1");
    expect_refused(R"([{"n":"power_w","v":"1"}])", Reason::wrong_shape, "/0/v");
    expect_refused(R"([{"n":7,"v":1}])", Reason::wrong_shape, "/0/n");
    expect_refused(R"([{"n":"power_w","v":1,"must_":1}])", Reason::wrong_shape, "/0/must_");
    expect_refused(R"([{"bver":11,"n":"power_w","v":1}])", Reason::wrong_shape, "/0/bver");
    expect_refused(R"([{"bver":5,"n":"on","vb":true},{"bver":6,"n":"power_w","v":1}])",
                   Reason::wrong_shape, "/1/bver");
    expect_refused(R"([{"n":"power_w","u":"V","v":1}])", Reason::wrong_type, "/0/u");
    expect_refused(R"([{"n":"power_w","u":"W","v":101}])", Reason::out_of_range, "/0/v");
    expect_refused(R"([{"n":"power_w","vb":true}])", Reason::wrong_type, "/0/vb");
    expect_refused(R"([{"n":"power_w","vd":"AA"}])", Reason::wrong_type, "/0/vd");
    expect_refused(R"([{"n":"on","v":1}])", Reason::wrong_type, "/0/v");
    expect_refused(R"([{"n":"fault","vs":"fire"}])", Reason::unknown_code, "/0/vs");
    expect_refused(R"([{"n":"position","v":1}])", Reason::wrong_type, "/0/u");
    expect_refused(R"([{"n":"position","u":"lon","v":181}])", Reason::out_of_range, "/0/v");
    expect_refused(R"([{"n":"position","u":"lon","v":5}])", Reason::wrong_shape, "");
    expect_refused(R"([{"bn":"T-1/"}])", Reason::wrong_shape, "");
    expect_post_refused("[]", Reason::wrong_shape, "");
    expect_post_refused(R"({"n":"T-1/power_w","v":1})", Reason::wrong_shape, "");
    expect_post_refused("[", Reason::not_json, "");
    EXPECT_TRUE(post(R"([{"n":"T-1/power_w","v":1,"vendor":{"a":1}}])")) << "others are ignored";
}

TEST_F(Senml, HoldsItsLimitsAtNAndNPlusOne) {
    const auto records = [](std::size_t count, bool one_instant) {
        std::string pack = "[";
        for (std::size_t i = 0; i < count; ++i)
            pack += std::string(i == 0 ? "" : ",") + R"({"n":"colour","v":1,"t":-)" +
                    std::to_string(one_instant ? 1 : i) + "}";
        return pack + "]";
    };
    const std::size_t records_max = base::limits::senml_records_per_message_max;
    EXPECT_TRUE(decode(records(records_max, true)));
    expect_refused(records(records_max + 1, true), Reason::too_many, "");
    EXPECT_TRUE(decode(records(base::limits::observations_per_message_max, false)));
    expect_refused(records(base::limits::observations_per_message_max + 1, false), Reason::too_many,
                   "");
    const auto named = [](std::size_t bytes) {
        return R"([{"bn":"urn:)" + std::string(bytes - 5, 'x') + R"(:","n":"power_w","v":1}])";
    };
    EXPECT_TRUE(decode(named(256)));
    expect_refused(named(257), Reason::wrong_shape, "/0/bn");
}

TEST_F(Senml, ValuesOfOneInstantTwiceAreLeftToTheWriters) {
    const auto decoded =
        decode(R"([{"n":"power_w","v":1},{"n":"power_w","v":2},{"n":"on","vb":true}])");
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->frames.size(), 2U);
    EXPECT_EQ(decoded->frames[0].observed_at, decoded->frames[1].observed_at);
    EXPECT_EQ(decoded->frames[0].vals[0], 1);
    EXPECT_EQ(decoded->frames[1].vals[0], 2);
}

TEST(SenmlUnits, ConvertWithinAQuantityAndNowhereElse) {
    struct Case {
        double value;
        const char* from;
        const char* to;
        std::optional<double> expected;
    };
    const Case cases[] = {
        {41.5, "W", "W", 41.5},           {0.1, "Cel", "°C", 0.1},
        {273.15, "K", "°C", 0},           {0.5, "/", "%", 50},
        {61.3, "%RH", "%", 61.3},         {10, "m/s", "km/h", 36},
        {101'325, "Pa", "hPa", 1'013.25}, {3.6e6, "J", "kWh", 1},
        {7, "count", "places", 7},        {180, "deg", "°", 180},
        {5, "ug/m3", "µg/m³", 5},         {2, "%", "%", 2},
        {1, "W", "V", std::nullopt},      {1, "parsec", "m", std::nullopt},
        {1, "m", "g/m²", std::nullopt},   {1, "W", "", std::nullopt},
        {3, "g/m²", "g/m²", 3},
    };
    for (const auto& [value, from, to, expected] : cases) {
        SCOPED_TRACE(std::string(from) + " in " + to);
        const auto converted = in_unit(value, from, to);
        ASSERT_EQ(converted.has_value(), expected.has_value());
        if (expected) EXPECT_DOUBLE_EQ(*converted, *expected);
    }
}

}  // namespace
}  // namespace vigie::ingest
