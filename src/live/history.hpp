// GET /api/v1/assets/{code}/observations: from the request to the answer.
#pragma once

#include "vigie/api/router.hpp"
#include "vigie/assets/catalogue.hpp"

namespace vigie::live {

[[nodiscard]] api::Answer answer_observations(const api::Request& request, store::Transaction& tx,
                                              const assets::Catalogue& catalogue);

}  // namespace vigie::live
