#include "vigie/access/chain.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace vigie::access {
namespace {

std::vector<ChainEntry> made_chain(std::int64_t count) {
    std::vector<ChainEntry> entries;
    std::string previous;
    for (std::int64_t number = 1; number <= count; ++number) {
        ChainEntry entry{number, {"text " + std::to_string(number), std::nullopt}, {}};
        entry.digest = chain_digest(previous, number, entry.fields);
        previous = entry.digest;
        entries.push_back(std::move(entry));
    }
    return entries;
}

ChainReport verified(const std::vector<ChainEntry>& entries, const ChainHead& head) {
    return verify_chain(head, [&](std::int64_t after, std::size_t count) {
        std::vector<ChainEntry> block;
        for (const auto& entry : entries)
            if (entry.number > after && block.size() < count) block.push_back(entry);
        return block;
    });
}

// The bytes written out by hand with docs/chain.md, and hashed with sha256sum.
TEST(Chain, DigestsAsDocumented) {
    EXPECT_EQ(chain_digest("", 1, {"ab", std::nullopt, ""}),
              "6a95e620b373ad42fd2bc7349c240ad3d8f606043290ab702c0a22138de21ef2");
}

TEST(Chain, CoversEveryByteOfWhatItIsGiven) {
    const auto digest = chain_digest("p", 1, {"ab", "c"});
    EXPECT_NE(digest, chain_digest("q", 1, {"ab", "c"}));
    EXPECT_NE(digest, chain_digest("p", 2, {"ab", "c"}));
    EXPECT_NE(digest, chain_digest("p", 1, {"a", "bc"}));
    EXPECT_NE(digest, chain_digest("p", 1, {"ab", "c", ""}));
    EXPECT_NE(chain_digest("p", 1, {""}), chain_digest("p", 1, {std::nullopt}));
}

TEST(Chain, HoldsWhenNothingWasTouched) {
    for (const std::int64_t count : {0, 1, 1999, 2000, 2001, 4000}) {
        const auto entries = made_chain(count);
        const ChainHead head{count, count == 0 ? "" : entries.back().digest};
        const auto report = verified(entries, head);
        EXPECT_FALSE(report.fault) << count;
        EXPECT_EQ(report.entries, count);
        EXPECT_EQ(report.digest, head.digest);
    }
}

TEST(Chain, NamesTheEntryThatWasTouched) {
    const auto good = made_chain(50);
    const ChainHead head{50, good.back().digest};
    struct Case {
        const char* why;
        std::function<void(std::vector<ChainEntry>&)> touch;
        std::int64_t number;
    };
    const Case cases[] = {
        {"a field changed", [](auto& e) { e[29].fields[0] = "text 3O"; }, 30},
        {"a digest changed", [](auto& e) { e[29].digest[5] ^= 1; }, 30},
        {"an entry removed", [](auto& e) { e.erase(e.begin() + 29); }, 30},
        {"the last removed", [](auto& e) { e.pop_back(); }, 50},
        {"all removed", [](auto& e) { e.clear(); }, 1},
        {"two exchanged", [](auto& e) { std::swap(e[29].fields, e[30].fields); }, 30},
        {"one rewritten with a fitting digest",
         [](auto& e) {
             e[29].fields[0] = "other";
             e[29].digest = chain_digest(e[28].digest, 30, e[29].fields);
         },
         31},
        {"one added",
         [](auto& e) {
             ChainEntry entry{51, {"more"}, {}};
             entry.digest = chain_digest(e[49].digest, 51, entry.fields);
             e.push_back(entry);
         },
         51},
        {"the end rewritten",
         [](auto& e) {
             e[49].fields[0] = "other";
             e[49].digest = chain_digest(e[48].digest, 50, e[49].fields);
         },
         50},
    };
    for (const auto& [why, touch, number] : cases) {
        auto entries = good;
        touch(entries);
        const auto report = verified(entries, head);
        ASSERT_TRUE(report.fault) << why;
        EXPECT_EQ(report.fault->number, number) << why;
    }
}

TEST(Commitment, OpensOnlyWithItsValueAndSalt) {
    const auto commitment = commit_to("06 12 34 56 78");
    EXPECT_TRUE(opens(commitment.digest, commitment.salt, "06 12 34 56 78"));
    EXPECT_FALSE(opens(commitment.digest, commitment.salt, "06 12 34 56 79"));
    EXPECT_FALSE(opens(commitment.digest, "00", "06 12 34 56 78"));
    EXPECT_NE(commit_to("x").digest, commit_to("x").digest) << "a salt of its own each time";
}

}  // namespace
}  // namespace vigie::access
