#include "vigie/assets/asset_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vigie::assets {
namespace {

using nlohmann::json;

Refusal refusal(std::size_t line) {
    return {line, "V" + std::to_string(line), {"no position", "sans position"}, line};
}

TEST(ReportJson, ListsRefusalsToTheByteAndCountsAll) {
    ImportReport report;
    report.csv = true;
    report.refused = {refusal(2), refusal(3)};
    const json all = report_json(report, false, true);
    ASSERT_EQ(all["refusals"].size(), 2U);
    EXPECT_EQ(all["refusals"][1], json({{"line", 3}, {"code", "V3"}, {"reason", "sans position"}}));
    const std::size_t bytes =
        all["refusals"][0].dump().size() + all["refusals"][1].dump().size() + 2;
    EXPECT_EQ(report_json(report, false, true, bytes)["refusals"].size(), 2U);
    const json short_of_one = report_json(report, false, true, bytes - 1);
    EXPECT_EQ(short_of_one["refusals"].size(), 1U);
    EXPECT_EQ(short_of_one["refused"], 2);
}

TEST(ReportJson, HasRoomForEveryRowOfACity) {
    ImportReport report;
    report.refused = {
        {123'456, "EP-000123456", {"", "/attributes/capacity: est obligatoire"}, 123'456}};
    const json row = report_json(report, false, true)["refusals"][0];
    EXPECT_GE(import_refusals_bytes_max / (row.dump().size() + 1), 300'000U) << row;
}

}  // namespace
}  // namespace vigie::assets
