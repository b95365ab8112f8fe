// Who is asking: cookie sessions for browsers, bearer tokens for programs.
//
// Secrets are 256 random bits of which only the digest is stored. Every request looks into the
// database: a session that was ended, or a person who was disabled, is out with the next request.
//
// While the database is away (it throws store::Unavailable, and only then) whoever it last named
// for that secret is let in again, with the rights it named: for SessionLimits::unconfirmed since
// then, and never beyond the end of the session or token. Signing out, revoking a token and any
// change of a person (disabled, password, role) through this server forget it at once. Nothing of
// the kind can happen meanwhile, for each is a write: a person whom somebody wants to be out while
// the database is away stays in, to see what is answered from memory; what changes anything is
// refused. A secret that is not remembered is answered "unavailable", not "signed out".
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/access/passwords.hpp"
#include "vigie/access/principal.hpp"
#include "vigie/access/throttle.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"
#include "vigie/wire/http.hpp"

namespace vigie::access {

inline constexpr std::string_view session_cookie = "vigie_session";
inline constexpr std::string_view token_prefix = "vgt_";
inline constexpr std::size_t waiting_sign_ins_max = 32;
inline constexpr std::size_t tokens_per_person_max = 100;

struct SessionLimits {
    std::chrono::minutes idle{60};     // an open stream counts as use
    std::chrono::minutes whole{840};   // 14 h: the longest shift with its hand-over
    std::chrono::seconds touched{60};  // how exactly the last use is known
    // What the database named last holds for so long without it. As long as `idle`: by what is in
    // its tables, a session of which it hears nothing ends then.
    std::chrono::minutes unconfirmed{60};
};

struct OpenedSession {
    Principal principal;
    std::string secret;
    base::Instant expires_at;
};

struct Token {
    std::int64_t id{};
    std::string name;
    base::Instant created_at;
    std::optional<base::Instant> expires_at;
    std::optional<base::Instant> last_used_at;
};
struct NewToken {
    Token token;
    std::string secret;
};

class Remembered;

class Sessions {
public:
    Sessions(store::Pool& pool, const base::Clock& clock, SessionLimits limits = {},
             PasswordCost cost = {}, ThrottleLimits throttle = {});
    ~Sessions();

    // From the bearer token, else from the cookie. unauthenticated: neither, or not valid any more.
    // Throws store::Unavailable when the database is away and nobody is remembered.
    boost::asio::awaitable<base::Result<Principal>> authenticate(const wire::Request& request);

    // Whether person or password is wrong is not told, nor to be measured. limit_exceeded with
    // retry_after_s when throttled; unavailable when too many wait. Audited both ways.
    boost::asio::awaitable<base::Result<OpenedSession>> sign_in(std::string login,
                                                                std::string password,
                                                                std::string peer);

    // What is remembered of a person goes, at once and again after the commit: to be called by
    // whoever ends sessions or changes a person.
    void forget_person(store::Transaction& tx, std::int64_t person);

    [[nodiscard]] const PasswordCost& cost() const { return cost_; }
    [[nodiscard]] const SessionLimits& limits() const { return limits_; }

private:
    struct Attempt;
    boost::asio::awaitable<Attempt> verify(std::string login, std::string password);
    boost::asio::awaitable<base::Result<OpenedSession>> try_sign_in(std::string login,
                                                                    std::string password,
                                                                    std::string peer);
    // Of whom the database named at `now`.
    void remember(const std::string& key, const Principal& principal, base::Instant now,
                  std::uint64_t mark);
    boost::asio::awaitable<void> note_use(std::string key, Principal principal, base::Instant now);
    store::Pool& pool_;
    const base::Clock& clock_;
    SessionLimits limits_;
    PasswordCost cost_;
    SignInThrottle throttle_;
    std::unique_ptr<Remembered> remembered_;
    std::string nobodys_hash_;  // compared with when there is no such person
    std::atomic<std::size_t> waiting_{0};
    // One at a time: a flood of guesses costs one core and one piece of memory, not the room.
    boost::asio::thread_pool hashing_{1};
};

// The value of a cookie; empty when it is not there.
[[nodiscard]] std::string_view cookie_value(const wire::Request& request, std::string_view name);
// Values of Set-Cookie.
[[nodiscard]] std::string session_cookie_header(const OpenedSession& session,
                                                const SessionLimits& limits, bool secure);
[[nodiscard]] std::string cleared_cookie_header(bool secure);

// Within the caller's transaction.
void end_session(store::Transaction& tx, std::int64_t session);
void end_sessions(store::Transaction& tx, std::int64_t person);
std::size_t purge_sessions(store::Transaction& tx, base::Instant now);

[[nodiscard]] base::Result<NewToken> make_token(store::Transaction& tx, std::int64_t person,
                                                const std::string& name,
                                                std::optional<base::Instant> expires_at,
                                                base::Instant now);
// Newest first; without the revoked and the expired.
[[nodiscard]] std::vector<Token> list_tokens(store::Transaction& tx, std::int64_t person,
                                             base::Instant now);
[[nodiscard]] base::Result<void> revoke_token(store::Transaction& tx, std::int64_t person,
                                              std::int64_t token, base::Instant now);

}  // namespace vigie::access
