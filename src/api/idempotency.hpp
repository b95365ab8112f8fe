// A POST sent twice acts once: the first answer is kept in the effect's own transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vigie/access/principal.hpp"
#include "vigie/api/router.hpp"
#include "vigie/base/result.hpp"
#include "vigie/store/database.hpp"
#include "vigie/wire/http.hpp"

namespace vigie::api {

struct IdempotencyClaim {
    std::string principal;
    std::string route;
    std::string key;
    std::string request_hash;
};

// Nothing when the request brings no key; an error when the key is not one.
[[nodiscard]] base::Result<std::optional<IdempotencyClaim>> idempotency_claim(
    const Request& request);

// Nothing: the key is ours and the effect may run. A response: the first answer, to be sent again.
// An error: the key belongs to another request. Waits while another transaction holds the key.
[[nodiscard]] base::Result<std::optional<wire::Response>> take_key(store::Transaction& tx,
                                                                   const IdempotencyClaim& claim,
                                                                   base::Instant now);
void keep_answer(store::Transaction& tx, const IdempotencyClaim& claim,
                 const wire::Response& response);

}  // namespace vigie::api
