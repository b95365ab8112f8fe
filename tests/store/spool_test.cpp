#include "vigie/store/spool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "store/spool_segment.hpp"
#include "tests/store/power_cut_files.hpp"

namespace vigie::store {
namespace {

using testing::ElementsAre;

std::vector<std::string> all_of(Spool& spool) {
    std::vector<std::string> found;
    spool.each([&found](std::string_view payload) {
        found.emplace_back(payload);
        return true;
    });
    return found;
}

TEST(SpoolTest, KeepsRecordsInOrderOverARestart) {
    test::PowerCutFiles files(1);
    {
        Spool spool(files, {.folder = "s", .segment_bytes_max = 120});
        spool.open();
        for (const char* text : {"one", "two", "three", "four"})
            EXPECT_TRUE(spool.append(text));
        EXPECT_EQ(spool.counters().segments, 2U);
    }
    Spool spool(files, {.folder = "s"});
    spool.open();
    EXPECT_THAT(all_of(spool), ElementsAre("one", "two", "three", "four"));
    EXPECT_TRUE(spool.append("five"));
    EXPECT_THAT(all_of(spool), ElementsAre("one", "two", "three", "four", "five"));
}

TEST(SpoolTest, IsTakenOutFromTheOldestWhileNewRecordsCome) {
    test::PowerCutFiles files(1);
    Spool spool(files, {.folder = "s"});
    spool.open();
    EXPECT_FALSE(spool.oldest());
    EXPECT_TRUE(spool.append("one"));
    const auto first = spool.oldest();
    ASSERT_TRUE(first);
    EXPECT_THAT(first->payloads, ElementsAre("one"));
    EXPECT_TRUE(spool.append("two"));
    spool.drop(first->number);
    EXPECT_FALSE(spool.empty());
    const auto second = spool.oldest();
    ASSERT_TRUE(second);
    EXPECT_THAT(second->payloads, ElementsAre("two"));
    spool.drop(second->number);
    EXPECT_TRUE(spool.empty());
    EXPECT_EQ(spool.counters().bytes, 0U);
    EXPECT_THAT(files.paths(), ElementsAre());
}

TEST(SpoolTest, TakesNoMoreThanItsLimit) {
    test::PowerCutFiles files(1);
    const std::string payload(100, 'x');
    const auto needed = 2 * segment_header_bytes + 2 * (record_header_bytes + payload.size());
    for (const auto [limit, expected] : {std::pair{needed, true}, std::pair{needed - 1, false}}) {
        const auto folder = "s" + std::to_string(limit);
        Spool spool(files, {.folder = folder, .bytes_max = limit});
        spool.open();
        EXPECT_TRUE(spool.append(payload));
        EXPECT_EQ(spool.append(payload), expected);
        EXPECT_EQ(all_of(spool).size(), expected ? 2U : 1U);
    }
}

TEST(SpoolTest, LeavesTheDiskWhatItMustKeep) {
    test::PowerCutFiles files(1);
    Spool spool(files, {.folder = "s", .free_bytes_min = 1'000});
    spool.open();
    const std::string payload(100, 'x');
    const auto needed = 1'000 + segment_header_bytes + record_header_bytes + payload.size();
    files.set_free_bytes(needed - 1);
    EXPECT_FALSE(spool.append(payload));
    files.set_free_bytes(needed);
    EXPECT_TRUE(spool.append(payload));
}

TEST(SpoolTest, AFullDiskIsNoRoomAndNothingHalfWrittenStays) {
    test::PowerCutFiles files(1);
    Spool spool(files, {.folder = "s"});
    spool.open();
    EXPECT_TRUE(spool.append("one"));
    files.refuse_from(1);
    EXPECT_FALSE(spool.append("two"));
    EXPECT_FALSE(spool.append("two"));
    files.refuse_from(0);
    EXPECT_TRUE(spool.append("two"));
    EXPECT_THAT(all_of(spool), ElementsAre("one", "two"));
    EXPECT_EQ(spool.counters().records, 2U);
}

TEST(SpoolTest, PromisesNothingWhenTheSyncFails) {
    test::PowerCutFiles files(1);
    Spool spool(files, {.folder = "s"});
    spool.open();
    EXPECT_TRUE(spool.append("one"));
    files.fail_next_sync();
    EXPECT_THROW((void)spool.append("two"), FilesError);
    EXPECT_TRUE(spool.append("three"));
    EXPECT_THAT(all_of(spool), ElementsAre("one", "three"));
}

TEST(SpoolTest, KeepsDamageAsideAndReadsTheRest) {
    test::PowerCutFiles files(1);
    {
        Spool spool(files, {.folder = "s"});
        spool.open();
        for (const char* text : {"one", "two", "three"})
            EXPECT_TRUE(spool.append(text));
    }
    auto& bytes = files.content("s/00000000000000000001.spool");
    bytes[segment_header_bytes + record_header_bytes + 3 + record_header_bytes] = '?';
    bytes += "torn";
    for (int start = 0; start < 2; ++start) {
        Spool spool(files, {.folder = "s"});
        spool.open();
        EXPECT_THAT(all_of(spool), ElementsAre("one", "three"));
        EXPECT_EQ(spool.counters().damaged_bytes, record_header_bytes + 3);
        EXPECT_EQ(spool.counters().torn_bytes, start == 0 ? 4U : 0U);
    }
    EXPECT_THAT(files.list("s/aside").size(), 2U);
}

TEST(SpoolTest, WhatIsDamagedWhileItRunsIsKeptAsideAndReportedOnce) {
    test::PowerCutFiles files(1);
    Spool spool(files, {.folder = "s"});
    spool.open();
    for (const char* text : {"one", "two", "three"})
        EXPECT_TRUE(spool.append(text));
    auto& bytes = files.content("s/00000000000000000001.spool");
    constexpr auto record = record_header_bytes + 3;
    bytes[segment_header_bytes + record + record_header_bytes] = '?';
    bytes[bytes.size() - 1] = '?';  // of the last one, which no sound record follows
    for (int time = 0; time < 2; ++time) {
        const auto segment = spool.oldest();
        ASSERT_TRUE(segment);
        EXPECT_THAT(segment->payloads, ElementsAre("one"));
        EXPECT_EQ(spool.counters().damaged_bytes, 2 * record + 2);
    }
    spool.drop(1);
    ASSERT_EQ(files.list("s/aside").size(), 1U);
    EXPECT_EQ(files.content("s/aside/" + files.list("s/aside")[0]).size(), 2 * record + 2);
}

TEST(SpoolTest, WhatIsDamagedIsNotGivenUpWhileItCannotBeKeptAside) {
    test::PowerCutFiles files(1);
    Spool spool(files, {.folder = "s"});
    spool.open();
    EXPECT_TRUE(spool.append("one"));
    files.content("s/00000000000000000001.spool").resize(segment_header_bytes + 5);
    files.refuse_from(1);
    EXPECT_THROW((void)spool.oldest(), FilesError);
    files.refuse_from(0);
    EXPECT_THAT(spool.oldest()->payloads, ElementsAre());
    EXPECT_EQ(spool.counters().damaged_bytes, record_header_bytes + 3) << "also what is gone";
    ASSERT_EQ(files.list("s/aside").size(), 1U);
    EXPECT_EQ(files.content("s/aside/" + files.list("s/aside")[0]).size(), 5U)
        << "and not the half that there was room for";
}

// Three segments of a record each.
void keep_three(test::PowerCutFiles& files) {
    Spool spool(files, {.folder = "s", .segment_bytes_max = 1});
    spool.open();
    for (const char* text : {"one", "two", "three"})
        EXPECT_TRUE(spool.append(text));
    ASSERT_EQ(spool.counters().segments, 3U);
}

constexpr const char* second_of_three = "s/00000000000000000002.spool";
constexpr const char* last_of_three = "s/00000000000000000003.spool";

// A write that was cut short can only be the last one.
TEST(SpoolTest, OnlyTheEndOfTheLastSegmentIsTorn) {
    test::PowerCutFiles files(1);
    keep_three(files);
    files.content(second_of_three) += "torn?";
    files.content(last_of_three) += "torn";
    for (int start = 0; start < 2; ++start) {
        Spool spool(files, {.folder = "s"});
        spool.open();
        EXPECT_THAT(all_of(spool), ElementsAre("one", "two", "three"));
        EXPECT_EQ(spool.counters().torn_bytes, start == 0 ? 4U : 0U);
        EXPECT_EQ(spool.counters().damaged_bytes, 5U);
    }
    Spool spool(files, {.folder = "s"});
    spool.open();
    for (std::uint64_t number = 1; number <= 3; ++number) {
        ASSERT_EQ(spool.oldest()->number, number);
        spool.drop(number);
    }
    EXPECT_EQ(spool.counters().damaged_bytes, 5U) << "told once";
    EXPECT_EQ(spool.counters().bytes, 0U);
    EXPECT_THAT(files.list("s/aside").size(), 2U);
}

TEST(SpoolTest, ASegmentOfWhichNothingCanBeReadIsDamageAndKeptAsideBeforeItGoes) {
    for (const char* broken : {second_of_three, last_of_three}) {
        SCOPED_TRACE(broken);
        test::PowerCutFiles files(1);
        keep_three(files);
        files.content(broken).assign(70, '?');
        files.refuse_from(1);
        for (int start = 0; start < 2; ++start) {
            Spool spool(files, {.folder = "s"});
            spool.open();
            EXPECT_EQ(all_of(spool).size(), 2U);
            EXPECT_EQ(spool.counters().torn_bytes, 0U);
            EXPECT_EQ(spool.counters().damaged_bytes, 70U);
            EXPECT_EQ(files.list("s").size(), start == 0 ? 3U : 2U);
            files.refuse_from(0);
        }
        ASSERT_EQ(files.list("s/aside").size(), 1U);
        EXPECT_EQ(files.content("s/aside/" + files.list("s/aside")[0]), std::string(70, '?'));
    }
}

// The promise of a segment begins with its header: what is shorter was never more than begun.
TEST(SpoolTest, ALastSegmentThatWasHardlyBegunIsTorn) {
    const auto header = encode_segment_header(3);
    const auto record = encode_record(3, "three");
    for (const auto& begun : {header.substr(0, 9), header.substr(0, 31), std::string(32, '\0'),
                              header + record.substr(0, 20)}) {
        test::PowerCutFiles files(1);
        keep_three(files);
        files.content(last_of_three) = begun;
        Spool spool(files, {.folder = "s"});
        spool.open();
        EXPECT_THAT(all_of(spool), ElementsAre("one", "two"));
        EXPECT_EQ(spool.counters().damaged_bytes, 0U) << begun.size();
        EXPECT_GT(spool.counters().torn_bytes, 0U);
        EXPECT_EQ(files.list("s").size(), 2U);
    }
}

// A power cut in the middle of keeping it aside left a piece of it there.
TEST(SpoolTest, WhatWasKeptAsideByHalfIsKeptAsideAnew) {
    test::PowerCutFiles files(1);
    keep_three(files);
    files.content(second_of_three) += "broken";
    {
        Spool spool(files, {.folder = "s"});
        spool.open();
    }
    const auto aside = "s/aside/" + files.list("s/aside").at(0);
    files.content(aside) = "bro";
    Spool spool(files, {.folder = "s"});
    spool.open();
    EXPECT_EQ(files.content(aside), "broken");
}

// One life of a spool up to a power cut: what it promised, and what it was told to forget.
struct Life {
    std::vector<std::string> promised;
    std::set<std::string> attempted;
    std::set<std::string> may_be_gone;

    void run(Spool& spool, std::mt19937& random, int& number) {
        for (;;) {
            if (random() % 5 != 0) {
                const auto payload =
                    std::to_string(++number) + std::string(random() % 200, 'x') + ".";
                attempted.insert(payload);
                if (spool.append(payload)) promised.push_back(payload);
            } else if (const auto oldest = spool.oldest()) {
                may_be_gone.insert(oldest->payloads.begin(), oldest->payloads.end());
                spool.drop(oldest->number);
            }
        }
    }
};

void expect_kept(const Life& life, const std::vector<std::string>& found) {
    std::size_t at = 0;
    for (const auto& payload : life.promised) {
        const auto place =
            std::find(found.begin() + static_cast<std::ptrdiff_t>(at), found.end(), payload);
        if (place == found.end()) {
            ASSERT_TRUE(life.may_be_gone.contains(payload)) << "lost: " << payload;
            continue;
        }
        at = static_cast<std::size_t>(place - found.begin()) + 1;
    }
    for (const auto& payload : found)
        ASSERT_TRUE(life.attempted.contains(payload)) << "never written: " << payload;
    ASSERT_EQ(std::set(found.begin(), found.end()).size(), found.size()) << "found twice";
}

TEST(SpoolTest, APowerCutAfterAnyOperationLosesNothingPromised) {
    spdlog::set_level(spdlog::level::off);
    std::size_t promised = 0;
    for (unsigned seed = 0; seed < 1'500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        test::PowerCutFiles files(seed);
        std::mt19937 random(seed);
        Life life;
        int number = 0;
        for (int cut = 0; cut < 3; ++cut) {
            files.cut_at(1 + random() % 80);
            Spool spool(files, {.folder = "s", .segment_bytes_max = 600});
            EXPECT_THROW(
                {
                    spool.open();
                    life.run(spool, random, number);
                },
                test::PowerLost);
            files.restart();
            Spool again(files, {.folder = "s"});
            again.open();
            ASSERT_EQ(again.counters().damaged_bytes, 0U) << "what is torn is no damage";
            expect_kept(life, all_of(again));
            if (HasFatalFailure()) return;
        }
        promised += life.promised.size();
    }
    spdlog::set_level(spdlog::level::info);
    EXPECT_GT(promised, 10'000U) << "the cuts leave too little to lose";
}

TEST(SpoolTest, WorksOnARealDisk) {
    std::string folder = "/tmp/vigie-spool-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    {
        Spool spool(disk_files(), {.folder = folder + "/spool", .free_bytes_min = 1});
        spool.open();
        EXPECT_TRUE(spool.append("one"));
        EXPECT_TRUE(spool.append("two"));
    }
    std::filesystem::resize_file(folder + "/spool/00000000000000000001.spool",
                                 segment_header_bytes + 2 * record_header_bytes + 5);
    Spool spool(disk_files(), {.folder = folder + "/spool"});
    spool.open();
    EXPECT_THAT(all_of(spool), ElementsAre("one"));
    EXPECT_EQ(spool.counters().torn_bytes, record_header_bytes + 2);
    spool.drop(spool.oldest()->number);
    EXPECT_TRUE(spool.empty());
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vigie::store
