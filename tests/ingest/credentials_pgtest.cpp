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

TEST_F(CredentialBook, ASecretWithoutAUserNameIsAToken) {
    const auto made = create({{"hub", {"V1"}, "", false, false}});
    const auto hub = credentials_.verify("", (*made)[0].secret);
    ASSERT_TRUE(hub.ok());
    EXPECT_EQ((*hub)->name(), "hub");
    EXPECT_FALSE(credentials_.verify("", "").ok());
    EXPECT_FALSE(credentials_.verify("", "hub").ok());
    const auto anew = create({{"hub", {"V1"}, "", false, false}}, true);
    EXPECT_FALSE(credentials_.verify("", (*made)[0].secret).ok());
    EXPECT_TRUE(credentials_.verify("", (*anew)[0].secret).ok());
    ASSERT_TRUE(revoke("hub").ok());
    EXPECT_FALSE(credentials_.verify("", (*anew)[0].secret).ok());
}

TEST_F(CredentialBook, ACertificateSignsInWhomItIsBoundTo) {
    // Not a certificate, but bytes in PEM: "abc", whose SHA-256 everybody knows.
    const std::string pem = "-----BEGIN CERTIFICATE-----\nYW\r\nJj\n-----END CERTIFICATE-----\n";
    const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const auto bound = [](std::string name, std::string text, std::string subject) {
        CredentialWish wish{std::move(name), {"V1"}, "", false, false};
        wish.certificate_pem = std::move(text);
        wish.certificate_subject = std::move(subject);
        return wish;
    };
    const auto made = create({bound("cabinet", pem, ""), bound("fleet", "", "CN=fleet,O=city")});
    ASSERT_TRUE(made.ok()) << made.error().detail.en;
    EXPECT_EQ((*made)[0].certificate, "sha256:" + abc);
    EXPECT_EQ((*made)[0].secret, "") << "it has none";
    const auto certified = credentials_.certified();
    EXPECT_EQ(certified({abc, "CN=fleet,O=city"})->name(), "cabinet") << "the fingerprint first";
    EXPECT_EQ(certified({"00", "CN=fleet,O=city"})->name(), "fleet");
    EXPECT_EQ(certified({"00", "CN=fleet"}), nullptr);
    EXPECT_EQ(certified({"", ""}), nullptr);
    EXPECT_EQ(create({bound("other", pem, "")}).error().code, base::Errc::conflict);
    EXPECT_EQ(create({bound("other", "no PEM", "")}).error().fields.at(0).pointer,
              "/credentials/0/certificate");
    ASSERT_TRUE(revoke("cabinet").ok());
    EXPECT_EQ(certified({abc, ""}), nullptr);
    EXPECT_TRUE(create({bound("other", pem, "")}).ok()) << "free again";
    Credentials after_restart(pool_);
    after_restart.load();
    EXPECT_EQ(after_restart.certified()({abc, ""})->name(), "other");
    // The same name with a secret again: the certificate no longer opens it.
    ASSERT_TRUE(create({{"other", {"V1"}, "", false, false}}, true).ok());
    EXPECT_EQ(certified({abc, ""}), nullptr);
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

TEST_F(CredentialBook, LimitsAreForEachAssetUnlessTheyWereSet) {
    const CredentialDefaults defaults{.messages_per_s = 20,
                                      .values_per_s = 100,
                                      .burst_s = 10,
                                      .message_bytes_max = 5'000,
                                      .borne = std::chrono::seconds{60}};
    Credential credential;
    credential.assets = 3;
    auto limits = limits_in_force(credential, defaults);
    EXPECT_EQ(limits.messages.per_second, 60);
    EXPECT_EQ(limits.messages.burst, 600);
    EXPECT_EQ(limits.values.per_second, 300);
    EXPECT_EQ(limits.message_bytes_max, 5'000U);
    EXPECT_EQ(limits.borne, std::chrono::seconds{60});
    credential.limits = {.messages_per_s = 2, .messages_burst = 5, .message_bytes_max = 0};
    limits = limits_in_force(credential, defaults);
    EXPECT_EQ(limits.messages.per_second, 2);
    EXPECT_EQ(limits.messages.burst, 5);
    EXPECT_EQ(limits.message_bytes_max, 0U);
    credential.all_assets = true;
    EXPECT_EQ(limits_in_force(credential, defaults).values.per_second, 0);
    EXPECT_EQ(limits_in_force(credential, defaults).messages.per_second, 2);
}

TEST_F(CredentialBook, KeepsLimitsAndAppliesThemToWhoIsConnected) {
    const auto made = create({{"a", {"V1"}, "", false, false, {.messages_per_s = 1}}});
    const auto sender = *credentials_.verify("a", (*made)[0].secret);
    constexpr base::SteadyInstant at{std::chrono::hours{1}};
    const auto burst = [&] {
        int count = 0;
        while (count < 100 && sender->allowance()->admit(at).kind == Admission::Kind::go)
            ++count;
        return count;
    };
    EXPECT_EQ(burst(), 10);
    const CredentialLimits own{.messages_per_s = 0, .message_bytes_max = 77};
    const auto changed = pool_.write_now(
        [&](store::Transaction& tx) { return credentials_.set_limits(tx, "a", own); });
    ASSERT_TRUE(changed.ok());
    EXPECT_EQ(changed->limits, own);
    EXPECT_EQ(burst(), 100);
    EXPECT_EQ(sender->allowance()->message_bytes_max(), 77U);
    ASSERT_TRUE(revoke("a").ok());
    EXPECT_FALSE(sender->in_force());
    const auto refused = [&](const char* name) {
        return pool_
            .write_now(
                [&](store::Transaction& tx) { return credentials_.set_limits(tx, name, {}); })
            .error()
            .code;
    };
    EXPECT_EQ(refused("a"), base::Errc::conflict);
    EXPECT_EQ(refused("b"), base::Errc::not_found);
}

TEST_F(CredentialBook, LooksAgainEveryTwoSecondsAndNoSooner) {
    const auto made = create({{"a", {"V1"}, "", false, false}, {"b", {"V1"}, "", false, false}});
    const auto sender = *credentials_.verify("a", (*made)[0].secret);
    credentials_.look_again(now_);
    Credentials elsewhere(pool_);
    pool_.write_now([&](store::Transaction& tx) {
        ASSERT_TRUE(
            elsewhere.create(tx, *catalogue_, {{"c", {"P1"}, "", false, false}}, false).ok());
        ASSERT_TRUE(elsewhere.revoke(tx, "a", now_).ok());
    });
    credentials_.look_again(now_ + Credentials::looked_at_every - std::chrono::microseconds{1});
    EXPECT_TRUE(sender->in_force());
    EXPECT_THAT(cut_, ElementsAre());
    credentials_.look_again(now_ + Credentials::looked_at_every);
    EXPECT_FALSE(sender->in_force());
    EXPECT_THAT(covered(*sender), ElementsAre());
    EXPECT_THAT(cut_, ElementsAre("a"));
    EXPECT_TRUE(credentials_.verify("b", (*made)[1].secret).ok());
    credentials_.look_again(now_ + 2 * Credentials::looked_at_every);
    EXPECT_THAT(cut_, ElementsAre("a", "a")) << "once more, for who was being let in meanwhile";
    credentials_.look_again(now_ + 3 * Credentials::looked_at_every);
    EXPECT_EQ(cut_.size(), 2U);
}

}  // namespace
}  // namespace vigie::ingest
