// An effect with everything that must happen in its transaction.
#pragma once

#include <memory>

#include "vigie/api/router.hpp"

namespace vigie::api {

// The pool commits when ok().
struct EffectOutcome {
    wire::Response response;
    bool commit{};
    [[nodiscard]] bool ok() const { return commit; }
};

[[nodiscard]] EffectOutcome run_effect(const Route& route, const Request& request,
                                       store::Transaction& tx);

}  // namespace vigie::api
