#include "vigie/assets/kind_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/pgtest_database.hpp"
#include "vigie/assets/kind_files.hpp"

namespace vigie::assets {
namespace {

class KindStore : public testing::Test {
protected:
    base::Result<std::vector<Kind>> load(const std::string& properties) {
        auto kind = parse_kind(
            "code = \"lamp\"\nname = { en = \"L\", fr = \"L\" }\n"
            "desk = \"video\"\nreporting_period_s = 60\n" +
                properties,
            "lamp.toml");
        if (!kind) return std::move(kind).error();
        return pool_.write_now([&](store::Transaction& tx) { return load_kinds(tx, {*kind}); });
    }
    static std::string property(const std::string& code, const std::string& type) {
        return "[[property]]\ncode = \"" + code +
               "\"\nname = { en = \"x\", fr = \"x\" }\ntype = \"" + type + "\"\n";
    }

    test::Database database_;
    store::Pool pool_{database_.app_url(), 1};
};

TEST_F(KindStore, NeverMovesAPosition) {
    const auto first =
        load(property("a", "number") + property("p", "position") + property("b", "boolean"));
    ASSERT_TRUE(first.ok()) << first.error().detail.en;
    EXPECT_EQ((*first)[0].width, 4);
    EXPECT_EQ((*first)[0].property("p")->position, 1);
    EXPECT_EQ((*first)[0].property("b")->position, 3);

    const auto second = load(property("c", "number") + property("b", "boolean"));
    ASSERT_TRUE(second.ok());
    EXPECT_EQ((*second)[0].id, (*first)[0].id);
    EXPECT_EQ((*second)[0].layout, (*first)[0].layout);
    EXPECT_EQ((*second)[0].property("b")->position, 3);
    EXPECT_EQ((*second)[0].property("c")->position, 4);
    EXPECT_EQ((*second)[0].width, 5);
    EXPECT_EQ((*second)[0].property("a"), nullptr);

    const auto third = load(property("a", "number"));
    ASSERT_TRUE(third.ok());
    EXPECT_EQ((*third)[0].property("a")->position, 0);
    EXPECT_EQ((*third)[0].width, 5);
}

TEST_F(KindStore, NeverRenumbersACode) {
    const std::string head = property("f", "code");
    const std::string rule =
        "[[rule]]\ncode = \"r\"\nname = { en = \"R\", fr = \"R\" }\n"
        "response = { en = \"R\", fr = \"R\" }\nraises = \"alarm\"\n"
        "priority = 1\ncondition = \"is\"\nproperty = \"f\"\nvalues = [\"b\"]\n";
    const auto first = load(head +
                            "codes = [{ code = \"a\", en = \"A\", fr = \"A\" }, "
                            "{ code = \"b\", en = \"B\", fr = \"B\" }]\n" +
                            rule);
    ASSERT_TRUE(first.ok()) << first.error().detail.en;
    const auto second = load(head +
                             "codes = [{ code = \"c\", en = \"C\", fr = \"C\" }, "
                             "{ code = \"b\", en = \"B\", fr = \"B\" }]\n" +
                             rule);
    ASSERT_TRUE(second.ok());
    const Kind& kind = (*second)[0];
    EXPECT_THAT(kind.property("f")->codes, testing::ElementsAre("a", "b", "c"));
    EXPECT_EQ(kind.property("f")->code_names[0].en, "a");
    EXPECT_EQ(kind.property("f")->code_names[2].en, "C");
    EXPECT_THAT(kind.rules[0].values, testing::ElementsAre(1.0));
}

TEST_F(KindStore, RefusesToGiveStoredValuesAnotherMeaning) {
    const std::string codes = "codes = [{ code = \"a\", en = \"A\", fr = \"A\" }]\n";
    ASSERT_TRUE(load(property("f", "code") + codes).ok());
    EXPECT_FALSE(load(property("f", "number")).ok());
    EXPECT_FALSE(load(property("f", "position")).ok());
    ASSERT_TRUE(load(property("n", "number")).ok());
    EXPECT_FALSE(load(property("n", "code") + codes).ok());
    EXPECT_TRUE(load(property("f", "code") + codes + property("n", "number")).ok());
}

}  // namespace
}  // namespace vigie::assets
