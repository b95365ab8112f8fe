#include "ingest/decode_plain.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <random>

namespace vigie::ingest {
namespace {

using assets::Property;
using assets::PropertyType;

assets::Kind plain_kind() {
    assets::Kind kind;
    kind.id = 1;
    kind.layout = 7;
    kind.width = 6;
    kind.late_limit = std::chrono::hours{24};
    kind.past_limit = std::chrono::hours{720};
    const auto property = [](const char* code, PropertyType type, int position) {
        Property p;
        p.code = code;
        p.type = type;
        p.position = position;
        return p;
    };
    kind.properties = {
        property("power_w", PropertyType::number, 0), property("on", PropertyType::boolean, 1),
        property("fault", PropertyType::code, 2),     property("place", PropertyType::position, 3),
        property("gone", PropertyType::number, -1),   property("level", PropertyType::number, 5)};
    kind.properties[0].min = 0;
    kind.properties[0].max = 1000;
    kind.properties[2].codes = {"none", "lamp", "d\xC3\xA9 \"faut\""};
    return kind;
}

class DecodePlain : public testing::Test {
protected:
    DecodePlain() {
        asset_.id = 3;
        asset_.kind = &kind_;
    }
    [[nodiscard]] std::optional<Decoded> plain(std::string_view payload) const {
        return decode_plain(asset_, payload, arrival_);
    }
    // Whatever the plain decoder takes, the full one takes as the same.
    void must_agree(const std::string& payload) const {
        const auto quick = plain(payload);
        if (!quick) return;
        const auto full = decode_in_full(asset_, payload, arrival_);
        ASSERT_TRUE(full) << payload << ": " << full.error().detail.en;
        EXPECT_EQ(quick->messages, full->messages) << payload;
        EXPECT_EQ(quick->values, full->values) << payload;
        EXPECT_EQ(quick->without_time, full->without_time) << payload;
        ASSERT_EQ(quick->frames.size(), full->frames.size()) << payload;
        for (std::size_t i = 0; i < quick->frames.size(); ++i)
            EXPECT_EQ(quick->frames[i].stamped, full->frames[i].stamped) << payload;
        EXPECT_EQ(full->unknown_properties, 0U) << payload;
        ASSERT_EQ(full->frames.size(), 1U) << payload;
        const auto& a = quick->frames.at(0);
        const auto& b = full->frames.at(0);
        EXPECT_EQ(a.asset_id, b.asset_id);
        EXPECT_EQ(a.layout, b.layout);
        EXPECT_EQ(a.backfill, b.backfill);
        EXPECT_EQ(a.observed_at, b.observed_at) << payload;
        EXPECT_EQ(a.received_at, b.received_at);
        ASSERT_EQ(a.vals.size(), b.vals.size());
        for (std::size_t i = 0; i < a.vals.size(); ++i) {
            const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
            EXPECT_EQ(bits(a.vals[i]), bits(b.vals[i])) << payload << " at " << i;
        }
    }

    assets::Kind kind_ = plain_kind();
    assets::Asset asset_;
    Arrival arrival_{base::from_epoch_ms(1'763'834'645'000), true};
};

const char* const plain_payloads[] = {
    R"({"t":"2025-11-22T18:04:05.120Z","values":{"power_w":41.2,"on":true}})",
    R"({"t":1763834645120,"values":{"fault":"lamp","place":[4.9,47.2],"level":-0.5}})",
    R"( { "values" : { "power_w" : 1e2 , "on":false } , "t" : "2025-11-22T19:04:05+01:00" } )",
    R"({"values":{"level":1234567890123456,"power_w":0.1}})",
    R"({"values":{"level":0.3000000000000004,"fault":"d\u00e9 \"faut\""}})",
    R"({"t":"2025-09-22T18:04:05Z","values":{"power_w":1}})",
};

TEST_F(DecodePlain, TakesTheCommonCaseAsTheFullDecoderDoes) {
    for (const char* payload : plain_payloads) {
        EXPECT_TRUE(plain(payload)) << payload;
        must_agree(payload);
    }
}

TEST_F(DecodePlain, LeavesWhatIsOutOfTheOrdinary) {
    for (const char* payload : {
             "",
             "{}",
             "[]",
             R"([{"values":{"power_w":1}}])",
             R"({"values":{}})",
             R"({"values":{"power_w":null}})",
             R"({"values":{"unheard_of":1}})",
             R"({"values":{"gone":1}})",
             R"({"values":{"power_w":1,"power_w":2}})",
             R"({"values":{"power_w":1},"values":{"on":true}})",
             R"({"t":1763834645120,"t":1763834645121,"values":{"power_w":1}})",
             R"({"values":{"power_w":1},"more":1})",
             R"({"values":{"power_w":1001}})",
             R"({"values":{"power_w":"1"}})",
             R"({"values":{"on":1}})",
             R"({"values":{"fault":"unheard_of"}})",
             R"({"values":{"place":[4.9]}})",
             R"({"values":{"place":[4.9,47.2,1]}})",
             R"({"values":{"place":[4.9,97.2]}})",
             R"({"values":{"power_w":1e999}})",
             R"({"values":{"power_w":01}})",
             R"({"values":{"level":-0}})",
             R"({"values":{"level":0.30000000000000000000004}})",
             R"({"values":{"power_w":1}} x)",
             R"({"values":{"power_w":1})",
             R"({"t":"yesterday","values":{"power_w":1}})",
             R"({"t":-1,"values":{"power_w":1}})",
             R"({"t":1763834645120.5,"values":{"power_w":1}})",
             R"({"t":"2025-11-22T19:04:05Z","values":{"power_w":1}})",
             "{\"values\":{\"fault\":\"d\xC3\"}}",
         }) {
        EXPECT_FALSE(plain(payload)) << payload;
    }
}

TEST_F(DecodePlain, HoldsTheLengthOfANumber) {
    EXPECT_TRUE(plain(R"({"values":{"level":0.1234567890123456 }})"));
    EXPECT_FALSE(plain(R"({"values":{"level":0.12345678901234567 }})"));
}

TEST_F(DecodePlain, HoldsItsSize) {
    std::string payload = R"({"values":{"power_w":1}})";
    payload.resize(4'096, ' ');
    EXPECT_TRUE(plain(payload));
    payload += ' ';
    EXPECT_FALSE(plain(payload));
    EXPECT_TRUE(decode_for_asset({}, asset_, payload, Format::json, arrival_));
}

// Bytes changed, dropped and doubled: whatever is still taken must be right.
TEST_F(DecodePlain, NeverTakesWhatTheFullDecoderWouldNot) {
    std::mt19937 random(7);
    const std::string_view bits = "{}[]\",:0123456789eE+-.tfn\\ \x01\xC3";
    std::size_t taken = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string payload = plain_payloads[random() % std::size(plain_payloads)];
        for (auto changes = 1 + random() % 3; changes > 0; --changes) {
            const auto at = random() % payload.size();
            switch (random() % 4) {
                case 0:
                    payload.erase(at, 1 + random() % 3);
                    break;
                case 1:
                    payload.insert(at, payload.substr(random() % payload.size(), random() % 12));
                    break;
                default:
                    payload[at] = bits[random() % bits.size()];
            }
            if (payload.empty()) payload = "{";
        }
        taken += plain(payload) ? 1 : 0;
        must_agree(payload);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(taken, 1'000U);
}

}  // namespace
}  // namespace vigie::ingest
