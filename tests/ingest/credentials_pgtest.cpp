#include "vigie/ingest/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/pgtest_database.hpp"
#include "vigie/assets/asset_store.hpp"
#include "vigie/assets/kind_store.hpp"

namespace vigie::ingest {
namespace {

using testing::ElementsAre;

class CredentialBook : public testing::Test {
protected:
    CredentialBook() {
        std::vector<assets::Kind> kinds(2);
        kinds[0].code = "camera";
        kinds[1].code = "car_park";
        auto loaded = pool_.write_now(
            [&](store::Transaction& tx) { return assets::load_kinds(tx, std::move(kinds)); });
        kinds_ = std::make_shared<const std::vector<assets::Kind>>(std::move(*loaded));
        std::vector<assets::PlannedAsset> planned;
        for (const char* code : {"V1", "V2", "P1"}) {
            assets::PlannedAsset each;
            each.asset.code = code;
            each.asset.kind = &(*kinds_)[code[0] == 'V' ? 0 : 1];
            each.asset.attributes = "{}";
            planned.push_back(each);
        }
        catalogue_ = pool_.write_now([&](store::Transaction& tx) {
            assets::write_assets(tx, planned, {}, {"it:tester", now_});
            return assets::read_catalogue(tx, kinds_);
        });
        credentials_.load();
        credentials_.on_revoked([this](const std::vector<std::string>& names) {
            cut_.insert(cut_.end(), names.begin(), names.end());
        });
    }
    base::Result<std::vector<CredentialSecret>> create(const std::vector<CredentialWish>& wishes,
                                                       bool replace = false) {
        return pool_.write_now([&](store::Transaction& tx) {
            return credentials_.create(tx, *catalogue_, wishes, replace);
        });
    }
    base::Result<Credential> revoke(const std::string& name) {
        return pool_.write_now(
            [&](store::Transaction& tx) { return credentials_.revoke(tx, name, now_); });
    }
    // The codes it may speak for.
    std::vector<std::string> covered(const Sender& sender) {
        std::vector<std::string> codes;
        for (const assets::Asset& asset : catalogue_->assets()) {
            if (sender.may(asset.id)) codes.push_back(asset.code);
        }
        return codes;
    }

    base::Instant now_{*base::parse_rfc3339("2026-11-22T18:00:00Z")};
    test::Database database_;
    store::Pool pool_{database_.app_url(), 1};
    std::shared_ptr<const std::vector<assets::Kind>> kinds_;
    std::shared_ptr<const assets::Catalogue> catalogue_;
    Credentials credentials_{pool_};
    std::vector<std::string> cut_;
};

TEST_F(CredentialBook, VerifiesWhatItMade) {
    const auto made = create({{"gateway-1", {"V1", "P1"}, "", false, false},
                              {"cameras", {}, "camera", false, true},
                              {"everything", {}, "", true, false}});
    ASSERT_TRUE(made.ok()) << made.error().detail.en;
    EXPECT_EQ((*made)[0].secret.size(), 64U);
    EXPECT_NE((*made)[0].secret, (*made)[1].secret);
    const auto gateway = credentials_.verify("gateway-1", (*made)[0].secret);
    ASSERT_TRUE(gateway.ok());
    EXPECT_EQ((*gateway)->name(), "gateway-1");
    EXPECT_FALSE((*gateway)->may_backfill());
    EXPECT_THAT(covered(**gateway), ElementsAre("P1", "V1"));
    const auto cameras = credentials_.verify("cameras", (*made)[1].secret);
    ASSERT_TRUE(cameras.ok());
    EXPECT_TRUE((*cameras)->may_backfill());
    EXPECT_THAT(covered(**cameras), ElementsAre("V1", "V2"));
    EXPECT_THAT(covered(**credentials_.authority()("everything", (*made)[2].secret)),
                ElementsAre("P1", "V1", "V2"));
    EXPECT_FALSE(credentials_.verify("gateway-1", (*made)[1].secret).ok());
    EXPECT_FALSE(credentials_.verify("gateway-1", "").ok());
    EXPECT_FALSE(credentials_.verify("nobody", (*made)[0].secret).ok());

    Credentials after_restart(pool_);
    EXPECT_FALSE(after_restart.verify("gateway-1", (*made)[0].secret).ok());
    after_restart.load();
    EXPECT_THAT(covered(**after_restart.verify("gateway-1", (*made)[0].secret)),
                ElementsAre("P1", "V1"));
}

TEST_F(CredentialBook, MakesAllOrNone) {
    const auto unknown = create({{"a", {"V1"}, "", false, false}, {"b", {"V9"}, "", false, false}});
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().fields.at(0).pointer, "/credentials/1/assets/0");
    EXPECT_TRUE(create({{"a", {"V1"}, "", false, false}}).ok()) << "a was not made before";
    EXPECT_EQ(create({{"a", {"V1"}, "", false, false}}).error().code, base::Errc::conflict);
    EXPECT_FALSE(create({{"c", {}, "", false, false}}).ok());
    EXPECT_FALSE(create({{"c", {}, "boat", false, false}}).ok());
    EXPECT_FALSE(create({{"c d", {"V1"}, "", false, false}}).ok());
    EXPECT_FALSE(create({{"c", {"V1"}, "", false, false}, {"c", {"V2"}, "", false, false}}).ok());
}

TEST_F(CredentialBook, RevokesAndTellsWhoMustBeCutOff) {
    const auto first = create({{"a", {"V1"}, "", false, false}});
    ASSERT_TRUE(revoke("a").ok());
    EXPECT_FALSE(credentials_.verify("a", (*first)[0].secret).ok());
    EXPECT_THAT(cut_, ElementsAre("a"));
    EXPECT_EQ(revoke("a").error().code, base::Errc::conflict);
    EXPECT_EQ(revoke("b").error().code, base::Errc::not_found);
    const auto second = create({{"a", {"V2"}, "", false, false}});
    ASSERT_TRUE(second.ok()) << "a revoked name may be used again";
    EXPECT_FALSE(credentials_.verify("a", (*first)[0].secret).ok());
    EXPECT_THAT(covered(**credentials_.verify("a", (*second)[0].secret)), ElementsAre("V2"));
    cut_.clear();
    const auto third = create({{"a", {"V1"}, "", false, false}}, true);
    ASSERT_TRUE(third.ok());
    EXPECT_THAT(cut_, ElementsAre("a")) << "a new secret ends the old sessions";
    EXPECT_FALSE(credentials_.verify("a", (*second)[0].secret).ok());
}

}  // namespace
}  // namespace vigie::ingest
