// Who sends observations: a device, a gateway, a partner platform, through a credential.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/result.hpp"

namespace vigie::ingest {

class Sender {
public:
    virtual ~Sender() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;
    // Whether it may speak for that asset.
    [[nodiscard]] virtual bool may(assets::AssetId asset) const = 0;
    // Whether it may fill in history, however old; what it fills in raises no alarm.
    [[nodiscard]] virtual bool may_backfill() const = 0;
};

// unauthenticated: no such user name, or not its secret. Fast enough for an io thread, and
// thread-safe.
using Authority = std::function<base::Result<std::shared_ptr<const Sender>>(
    std::string_view user_name, std::string_view secret)>;

}  // namespace vigie::ingest
