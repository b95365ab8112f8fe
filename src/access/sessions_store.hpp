// What Sessions needs of the database and nobody else.
#pragma once

#include "vigie/access/sessions.hpp"

namespace vigie::access {

struct Known {
    Principal principal;
    bool stale{};  // its last use is to be written again
};
// `used`: a later use than the database has heard of.
[[nodiscard]] std::optional<Known> known_by_cookie(store::Transaction& tx, std::string_view secret,
                                                   base::Instant now, const SessionLimits& limits,
                                                   std::optional<base::Instant> used);
[[nodiscard]] std::optional<Known> known_by_token(store::Transaction& tx, std::string_view secret,
                                                  base::Instant now, const SessionLimits& limits,
                                                  std::optional<base::Instant> used);
void touch(store::Transaction& tx, const Principal& principal, base::Instant now);

struct PasswordRow {
    std::int64_t person{};
    std::string hash;
};
[[nodiscard]] std::optional<PasswordRow> password_of(store::Transaction& tx,
                                                     std::string_view login);
void replace_hash(store::Transaction& tx, std::int64_t person, const std::string& before,
                  const std::string& after);
// Nothing when `proved_hash` is no longer the person's, or the person was disabled meanwhile.
[[nodiscard]] std::optional<OpenedSession> open_session(store::Transaction& tx, std::int64_t person,
                                                        const std::string& proved_hash,
                                                        base::Instant now,
                                                        const SessionLimits& limits);

}  // namespace vigie::access
