// One kind of thing and three of it: T-1 is the sender's, T-2 is not, T-3 was removed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vigie/ingest/decode.hpp"

namespace vigie::ingest {

inline std::shared_ptr<const std::vector<assets::Kind>> one_kind() {
    using assets::Property;
    using assets::PropertyType;
    assets::Kind kind;
    kind.id = 1;
    kind.code = "thing";
    kind.layout = 7;
    kind.width = 5;
    kind.late_limit = std::chrono::hours{24};
    const auto property = [](const char* code, PropertyType type, int position) {
        Property p;
        p.code = code;
        p.type = type;
        p.position = position;
        return p;
    };
    kind.properties = {
        property("power_w", PropertyType::number, 0), property("on", PropertyType::boolean, 1),
        property("fault", PropertyType::code, 2), property("position", PropertyType::position, 3)};
    kind.properties[0].unit = "W";
    kind.properties[0].min = 0;
    kind.properties[0].max = 100;
    kind.properties[2].codes = {"none", "lamp"};
    return std::make_shared<const std::vector<assets::Kind>>(std::vector{kind});
}

class TestSender final : public Sender {
public:
    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] bool may(assets::AssetId asset) const override { return asset == 1; }
    [[nodiscard]] bool may_backfill() const override { return false; }

private:
    std::string name_ = "test";
};

inline std::unique_ptr<assets::Catalogue> three_things(
    const std::shared_ptr<const std::vector<assets::Kind>>& kinds) {
    std::vector<assets::Asset> all(3);
    for (int i = 0; i < 3; ++i) {
        all[static_cast<std::size_t>(i)].id = i + 1;
        all[static_cast<std::size_t>(i)].code = "T-" + std::to_string(i + 1);
        all[static_cast<std::size_t>(i)].kind = &kinds->front();
    }
    all[2].life_stage = assets::LifeStage::removed;
    return std::make_unique<assets::Catalogue>(kinds, std::move(all));
}

}  // namespace vigie::ingest
