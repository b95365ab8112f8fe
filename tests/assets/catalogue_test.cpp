#include "vigie/assets/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigie::assets {
namespace {

Asset catalogue_asset(AssetId id, std::string code, AssetId power = no_asset,
                      AssetId communication = no_asset) {
    Asset asset;
    asset.id = id;
    asset.code = std::move(code);
    asset.power_parent = power;
    asset.communication_parent = communication;
    return asset;
}

TEST(Catalogue, FindsByCodeAndById) {
    const Catalogue catalogue(nullptr, {catalogue_asset(7, "L7"), catalogue_asset(2, "C2")});
    ASSERT_NE(catalogue.find("L7"), nullptr);
    EXPECT_EQ(catalogue.find("L7")->id, 7);
    EXPECT_EQ(catalogue.find(AssetId{2})->code, "C2");
    EXPECT_EQ(catalogue.find("nothing"), nullptr);
    for (const AssetId id : {-1, 0, 3, 8, 1'000'000})
        EXPECT_EQ(catalogue.find(id), nullptr);
    EXPECT_EQ(catalogue.id_bound(), 8U);
}

TEST(Catalogue, KnowsBothGraphs) {
    const Catalogue catalogue(nullptr,
                              {catalogue_asset(1, "CAB"), catalogue_asset(2, "CIR", 1),
                               catalogue_asset(3, "L3", 2, 1), catalogue_asset(4, "L4", 2, 1)});
    EXPECT_THAT(catalogue.children(Graph::power, 2), testing::ElementsAre(3, 4));
    EXPECT_THAT(catalogue.children(Graph::power, 1), testing::ElementsAre(2));
    EXPECT_THAT(catalogue.children(Graph::communication, 1), testing::ElementsAre(3, 4));
    EXPECT_THAT(catalogue.children(Graph::communication, 3), testing::IsEmpty());
    EXPECT_EQ(catalogue.parent(Graph::power, 3), 2);
    EXPECT_EQ(catalogue.parent(Graph::communication, 2), no_asset);
    EXPECT_EQ(catalogue.parent(Graph::power, 99), no_asset);
}

TEST(Catalogue, FindsKinds) {
    auto kinds = std::make_shared<std::vector<Kind>>(2);
    (*kinds)[1].code = "camera";
    const Catalogue catalogue(kinds, {});
    EXPECT_EQ(catalogue.kind("camera"), &(*kinds)[1]);
    EXPECT_EQ(catalogue.kind("boat"), nullptr);
    EXPECT_EQ(Catalogue().kind("camera"), nullptr);
}

TEST(Registry, PublishesToItsListenersInOrder) {
    Registry registry;
    std::string heard;
    registry.on_change([&](const auto& catalogue) {
        EXPECT_EQ(registry.current(), catalogue);
        heard += "a";
    });
    registry.on_change([&](const auto&) { heard += "b"; });
    const auto before = registry.current();
    registry.publish(
        std::make_shared<Catalogue>(nullptr, std::vector<Asset>{catalogue_asset(1, "A")}));
    EXPECT_EQ(heard, "ab");
    EXPECT_EQ(before->find("A"), nullptr);
    EXPECT_NE(registry.current()->find("A"), nullptr);
}

}  // namespace
}  // namespace vigie::assets
