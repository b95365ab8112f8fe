#include <algorithm>
#include <limits>
#include <sstream>

#include "cli/news.hpp"
#include "tests/cli/cli_bench.hpp"

namespace vigie::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class CliTail : public Cli {
protected:
    // An observation of now by the machine's clock: tail looks back from there.
    void observe(const char* asset, bool truth, std::chrono::seconds ago,
                 const char* property = "online") {
        const assets::Asset* found = registry_.current()->find(asset);
        const assets::Kind& kind = *found->kind;
        store::Frame frame;
        frame.observed_at = std::chrono::floor<std::chrono::milliseconds>(clock_.now() - ago);
        frame.received_at = clock_.now();
        frame.asset_id = found->id;
        frame.layout = kind.layout;
        frame.vals.assign(static_cast<std::size_t>(kind.width),
                          std::numeric_limits<double>::quiet_NaN());
        frame.vals.at(static_cast<std::size_t>(kind.property(property)->position)) = truth ? 1 : 0;
        ASSERT_TRUE(city_.observed({frame}));
    }
    // What follows the instants in the lines of a look.
    Words told(News& news) {
        const DoorReply reply = news.look();
        EXPECT_TRUE(reply.ok()) << reply.body;
        Words texts;
        for (const NewsLine& line : news_lines(reply.body["rows"]))
            texts.push_back(line.text.substr(line.text.find(' ')));
        return texts;
    }
    [[nodiscard]] AdminDoor door() const { return {socket(), false}; }
};

TEST_F(CliTail, PrintsWhatWasObserved) {
    clock_.set(base::SystemClock{}.now());
    answer({"asset", "import", file("c.csv", "code,lon,lat\nV1,5,47\nV2,5,47\nV3,5,47\n"), "--kind",
            "camera"});
    observe("V1", true, std::chrono::seconds{5});
    observe("V2", false, std::chrono::seconds{3});
    observe("V3", true, std::chrono::minutes{20});
    const Ran text = vigie({"tail", "--for", "0.001"});
    EXPECT_EQ(text.code, 0) << text.err;
    std::vector<std::string> lines;
    std::istringstream printed(text.out);
    for (std::string line; std::getline(printed, line);)
        lines.push_back(line);
    EXPECT_THAT(
        lines, testing::ElementsAre(testing::MatchesRegex("20[-0-9]+T[:.0-9]+Z  V1  online=true"),
                                    testing::MatchesRegex("20[-0-9]+T[:.0-9]+Z  V2  online=false")))
        << "what is older than ten minutes is not shown\n"
        << text.out;
    const Ran objects = vigie({"tail", "V2", "--for", "0.001", "--json"});
    EXPECT_EQ(std::ranges::count(objects.out, '\n'), 1) << objects.out;
    const json object = json::parse(objects.out, nullptr, false);
    ASSERT_TRUE(object.is_object()) << objects.out;
    EXPECT_EQ(object["code"], "V2");
    EXPECT_EQ(object["values"].at(0)["property"], "online");
    EXPECT_EQ(object["values"].at(0)["value"], false);
}

TEST_F(CliTail, ShowsTheLastByCodeOfMoreAssetsThanAPage) {
    clock_.set(base::SystemClock{}.now());
    std::string cameras = "code,lon,lat\nZ,5,47\n";
    for (int number = 1; number <= 1'000; ++number)
        cameras += "A" + std::to_string(number) + ",5,47\n";
    answer({"asset", "import", file("many.csv", cameras), "--kind", "camera"});
    observe("Z", true, std::chrono::seconds{9});
    for (int number = 1; number <= 1'000; ++number)
        observe(("A" + std::to_string(number)).c_str(), true, std::chrono::seconds{5});
    const Ran text = vigie({"tail", "--for", "0.001"});
    EXPECT_EQ(std::ranges::count(text.out, '\n'), 1'001);
    EXPECT_THAT(text.out, HasSubstr("  Z  online=true\n"));
}

TEST_F(CliTail, TellsEachValueOnceHoweverLateItComes) {
    using namespace std::chrono_literals;
    answer({"asset", "import", file("c.csv", "code,lon,lat\nV1,5,47\nV2,5,47\nV3,5,47\n"), "--kind",
            "camera"});
    observe("V1", true, 9s);
    observe("V1", true, 7s, "recording");
    observe("V2", true, 8s);
    observe("V3", true, 20min);
    News news(door(), {}, clock_.now() - 10min);
    EXPECT_THAT(told(news), testing::ElementsAre("  V1  online=true", "  V2  online=true",
                                                 "  V1  recording=true"));
    EXPECT_THAT(told(news), testing::IsEmpty());
    observe("V2", true, 9s);
    EXPECT_THAT(told(news), testing::IsEmpty()) << "older than what is known";
    observe("V3", false, 30min, "recording");
    observe("V2", false, 15min, "recording");
    observe("V1", false, 1s);
    observe("V2", false, 2s);
    EXPECT_THAT(told(news), testing::ElementsAre("  V3  recording=false", "  V2  recording=false",
                                                 "  V2  online=false", "  V1  online=false"))
        << "late ones too, and of nobody what was told or known before";
    News of_one(door(), {{"asset", "V2"}}, clock_.now() - 5s);
    EXPECT_THAT(told(of_one), testing::ElementsAre("  V2  online=false"));
}

TEST_F(CliTail, APageLeavesWhatCameSinceTheFirstToTheNextLook) {
    using namespace std::chrono_literals;
    answer({"asset", "import", file("c.csv", "code,lon,lat\nV1,5,47\nV2,5,47\nV3,5,47\n"), "--kind",
            "camera"});
    for (const char* asset : {"V1", "V2", "V3"})
        observe(asset, true, 9s);
    const Query first{{"after", "0"}, {"limit", "1"}};
    const json page = door().get(target("/admin/v1/live", first)).body;
    ASSERT_EQ(page["rows"].size(), 1U) << page;
    EXPECT_EQ(page["rows"][0]["code"], "V1");
    observe("V1", true, 5s, "recording");
    observe("V2", false, 5s);
    Query second = first;
    second.emplace_back("cursor", cell(page, "next"));
    const json behind = door().get(target("/admin/v1/live", second)).body;
    ASSERT_EQ(behind["rows"].size(), 1U) << behind;
    EXPECT_EQ(behind["rows"][0]["code"], "V3") << "of V2 there is something newer";
    EXPECT_FALSE(behind.contains("next"));
    const json later = door().get(target("/admin/v1/live", {{"after", cell(page, "until")}})).body;
    ASSERT_EQ(later["rows"].size(), 2U) << later;
    EXPECT_EQ(later["rows"][0]["values"].size(), 1U) << later;
    EXPECT_EQ(later["rows"][0]["values"][0]["property"], "recording");
    EXPECT_EQ(later["rows"][1]["values"][0]["value"], false);
    for (const char* wrong : {"after", "cursor", "since", "limit"})
        EXPECT_EQ(door().get(target("/admin/v1/live", {{wrong, "many"}})).status, 422U) << wrong;
}

TEST_F(CliTail, LiveListsMoreThanAPage) {
    std::string cameras = "code,lon,lat\n";
    for (int number = 1; number <= 1'001; ++number)
        cameras += "A" + std::to_string(number) + ",5,47\n";
    answer({"asset", "import", file("many.csv", cameras), "--kind", "camera"});
    EXPECT_EQ(answer({"live", "--limit", "0"})["rows"].size(), 1'001U);
    EXPECT_EQ(answer({"live", "--limit", "1001"})["more"], false);
    const auto some = answer({"live"});
    EXPECT_EQ(some["rows"].size(), 100U);
    EXPECT_EQ(some["more"], true);
    EXPECT_THAT(vigie({"live"}).out, HasSubstr("... and more: --limit 0 lists all\n"));
}

}  // namespace
}  // namespace vigie::cli
