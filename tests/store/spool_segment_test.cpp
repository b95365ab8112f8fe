#include "store/spool_segment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "store/frame_record.hpp"

namespace vigie::store {
namespace {

std::string three_records() {
    return encode_segment_header(7) + encode_record(7, "seven") + encode_record(8, "") +
           encode_record(9, "nine nine nine");
}

std::vector<std::string> payloads_of(const SegmentContents& contents) {
    std::vector<std::string> found;
    for (const auto& record : contents.records)
        found.emplace_back(record.payload);
    return found;
}

TEST(SpoolSegment, IsReadAsItWasWritten) {
    const auto bytes = three_records();
    const auto contents = read_segment(bytes);
    EXPECT_TRUE(contents.readable_header);
    EXPECT_THAT(payloads_of(contents), testing::ElementsAre("seven", "", "nine nine nine"));
    EXPECT_EQ(contents.records.back().sequence, 9U);
    EXPECT_TRUE(contents.damage.empty());
    EXPECT_EQ(contents.end, bytes.size());
}

TEST(SpoolSegment, AnyCutLosesOnlyTheRecordItFallsInto) {
    const auto bytes = three_records();
    const std::size_t ends[] = {segment_header_bytes + record_header_bytes + 5,
                                segment_header_bytes + 2 * record_header_bytes + 5, bytes.size()};
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const auto torn = bytes.substr(0, cut);
        const auto contents = read_segment(torn);
        const auto whole =
            static_cast<std::size_t>(std::ranges::count_if(ends, [&](auto e) { return e <= cut; }));
        EXPECT_EQ(contents.records.size(), whole) << "cut at " << cut;
        EXPECT_TRUE(contents.damage.empty());
    }
}

TEST(SpoolSegment, AnyFlippedBitCostsAtMostOneRecordAndIsReported) {
    const auto sound = three_records();
    const auto all = payloads_of(read_segment(sound));
    const auto last_begins = sound.size() - record_header_bytes - 14;
    for (std::size_t at = 0; at < sound.size(); ++at) {
        for (const int bit : {0, 3, 7}) {
            auto bytes = sound;
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
            const auto contents = read_segment(bytes);
            const auto found = payloads_of(contents);
            ASSERT_GE(found.size(), 2U) << "byte " << at;
            for (const auto& payload : found)
                EXPECT_THAT(all, testing::Contains(payload));
            if (at >= last_begins) {
                EXPECT_EQ(contents.end, last_begins);
            } else {
                ASSERT_EQ(contents.damage.size(), 1U) << "byte " << at;
                EXPECT_LE(contents.damage[0].offset, at);
                EXPECT_GT(contents.damage[0].offset + contents.damage[0].bytes, at);
            }
        }
    }
}

TEST(SpoolSegment, BelievesNoRecordThatRunsBackwards) {
    const auto bytes = encode_segment_header(7) + encode_record(8, "a") + encode_record(8, "b") +
                       encode_record(9, "c");
    const auto contents = read_segment(bytes);
    EXPECT_THAT(payloads_of(contents), testing::ElementsAre("a", "c"));
    EXPECT_EQ(contents.damage.size(), 1U);
}

TEST(FrameRecords, KeepEveryBitOfWhatTheyAreGiven) {
    const auto at = *base::parse_rfc3339("2026-11-22T12:00:00.000001Z");
    const std::vector<Frame> frames = {
        {at, at + std::chrono::microseconds{7}, 3, 4, true, {1.5, std::nan(""), -0.0}},
        {at, at, 2'000'000'000, 1, false, {}}};
    const std::vector<Quarantined> rows = {
        {at, "gw", "mqtt", "vigie/v1/X/observations", "not_json", "d", std::string("\0\xff", 2)}};
    const auto bytes = encode_frame_record(frames, rows);
    const auto found = decode_frame_record(bytes);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->frames.size(), 2U);
    EXPECT_EQ(found->frames[0].observed_at, at);
    EXPECT_EQ(found->frames[0].received_at, at + std::chrono::microseconds{7});
    EXPECT_TRUE(found->frames[0].backfill);
    EXPECT_TRUE(std::isnan(found->frames[0].vals[1]));
    EXPECT_TRUE(std::signbit(found->frames[0].vals[2]));
    EXPECT_EQ(found->frames[1].asset_id, 2'000'000'000);
    ASSERT_EQ(found->quarantined.size(), 1U);
    EXPECT_EQ(found->quarantined[0].payload, rows[0].payload);
    EXPECT_EQ(found->quarantined[0].topic, rows[0].topic);
    EXPECT_EQ(encode_frame_record(found->frames, found->quarantined), bytes);
}

TEST(FrameRecords, AreRefusedWhenCutOrLengthened) {
    const auto at = *base::parse_rfc3339("2026-11-22T12:00:00Z");
    const auto bytes =
        encode_frame_record(std::vector<Frame>{{at, at, 3, 4, false, {1, 2}}},
                            std::vector<Quarantined>{{at, "gw", "", "", "", "", ""}});
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
        EXPECT_FALSE(decode_frame_record(std::string_view(bytes).substr(0, cut)));
    EXPECT_FALSE(decode_frame_record(bytes + '\0'));
    auto other_version = bytes;
    other_version[0] = 2;
    EXPECT_FALSE(decode_frame_record(other_version));
}

}  // namespace
}  // namespace vigie::store
