// For the tests of the decoders.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/ingest/decode_things.hpp"

namespace vigie::ingest {

class DecodeBench : public testing::Test {
protected:
    [[nodiscard]] std::expected<Decoded, Refusal> decode(std::string_view payload,
                                                         bool backfill = false) const {
        return decode_for_asset(*catalogue_, *catalogue_->find("T-1"), payload, Format::by_shape,
                                {now_, backfill});
    }
    void expect_refused(std::string_view payload, Reason reason, const std::string& pointer) const {
        const auto decoded = decode(payload);
        ASSERT_FALSE(decoded) << payload;
        EXPECT_EQ(to_string(decoded.error().reason), to_string(reason)) << payload;
        EXPECT_EQ(decoded.error().pointer, pointer) << payload;
        EXPECT_FALSE(decoded.error().detail.fr.empty());
    }

    std::shared_ptr<const std::vector<assets::Kind>> kinds_ = one_kind();
    std::unique_ptr<assets::Catalogue> catalogue_ = three_things(kinds_);
    base::Instant now_ = *base::parse_rfc3339("2026-11-22T12:00:00Z");
};

}  // namespace vigie::ingest
