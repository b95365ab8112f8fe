#include "vigie/access/sessions.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "access/remembered.hpp"
#include "access/sessions_store.hpp"
#include "vigie/access/audit.hpp"
#include "vigie/access/people.hpp"
#include "vigie/base/text.hpp"

namespace vigie::access {

namespace {

using boost::asio::awaitable;

constexpr std::string_view bearer_scheme = "bearer ";
// Longer than any answer of the database is waited for.
constexpr std::chrono::minutes commit_hangs_max{1};

// Nothing: no Authorization of that scheme.
std::optional<std::string> bearer_of(const wire::Request& request) {
    const auto given = request.headers.get("Authorization");
    if (given.size() < bearer_scheme.size()) return std::nullopt;
    for (std::size_t i = 0; i < bearer_scheme.size(); ++i) {
        const char c = given[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != bearer_scheme[i])
            return std::nullopt;
    }
    return std::string(base::trimmed(given.substr(bearer_scheme.size())));
}

base::Error not_signed_in() {
    return base::fail(base::Errc::unauthenticated, "sign in first", "connectez-vous d'abord");
}

base::Error session_over() {
    return base::fail(base::Errc::unauthenticated, "the session or token is not valid any more",
                      "la session ou le jeton n'est plus valable");
}

base::Error wrong_sign_in() {
    return base::fail(base::Errc::unauthenticated, "login or password is wrong",
                      "identifiant ou mot de passe incorrect");
}

base::Error slow_down(base::Duration wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    auto error = base::fail(base::Errc::limit_exceeded, "too many failures: wait a while",
                            "trop d'échecs : patientez");
    error.extension = nlohmann::json{{"retry_after_s", seconds}}.dump();
    return error;
}

// A login that is nobody's is not written down: people type their password there by mistake.
AuditEntry sign_in_entry(const std::string& author, base::Instant at, int status,
                         const std::string& peer) {
    AuditEntry entry;
    entry.at = at;
    entry.author = author;
    entry.action = "POST /api/v1/session";
    entry.target = "/api/v1/session";
    entry.status = status;
    entry.peer = peer;
    return entry;
}

}  // namespace

struct Sessions::Attempt {
    std::optional<PasswordRow> row;
    bool fits{};
    std::string better_hash;  // not empty: to be stored instead
};

Sessions::Sessions(store::Pool& pool, const base::Clock& clock, SessionLimits limits,
                   PasswordCost cost, ThrottleLimits throttle)
    : pool_(pool),
      clock_(clock),
      limits_(limits),
      cost_(cost),
      throttle_(clock, throttle),
      remembered_(std::make_unique<Remembered>()),
      nobodys_hash_(hash_password(random_secret(), cost)) {}

Sessions::~Sessions() {
    hashing_.join();
}

awaitable<base::Result<Principal>> Sessions::authenticate(const wire::Request& request) {
    const auto bearer = bearer_of(request);
    const std::string secret =
        bearer ? *bearer : std::string(cookie_value(request, session_cookie));
    if (secret.empty()) co_return not_signed_in();
    if (bearer && !secret.starts_with(token_prefix)) co_return session_over();
    const auto now = clock_.now();
    const auto limits = limits_;
    const bool by_token = bearer.has_value();
    const auto key = Remembered::key_of(
        by_token ? Remembered::Scheme::token : Remembered::Scheme::cookie, secret);
    const auto mark = remembered_->mark();
    const auto used = remembered_->use_noted(key);
    std::optional<Known> known;
    std::exception_ptr away;
    try {
        known = co_await pool_.read([=](store::Transaction& tx) {
            return by_token ? known_by_token(tx, secret, now, limits, used)
                            : known_by_cookie(tx, secret, now, limits, used);
        });
    } catch (const store::Unavailable&) {
        away = std::current_exception();
    }
    if (away) {
        if (remembered_->is_over(key, now)) co_return session_over();
        auto principal = remembered_->find(key, now);
        if (!principal) std::rethrow_exception(away);
        co_return *std::move(principal);
    }
    if (!known) {
        remembered_->forget(key);
        co_return session_over();
    }
    remember(key, known->principal, now, mark);
    if (known->stale) co_await note_use(key, known->principal, now);
    co_return std::move(known->principal);
}

void Sessions::remember(const std::string& key, const Principal& principal, base::Instant now,
                        std::uint64_t mark) {
    const base::Instant until = now + limits_.unconfirmed;
    const auto& ends = principal.session_ends;
    remembered_->remember(key, principal, now, ends ? std::min(until, *ends) : until, mark);
}

// Nobody is kept out because a database that answers takes no writes (its disk is full, say).
awaitable<void> Sessions::note_use(std::string key, Principal principal, base::Instant now) {
    try {
        co_await pool_.write(
            [principal, now](store::Transaction& tx) { touch(tx, principal, now); });
        co_return;
    } catch (const store::Unavailable& error) {
        spdlog::debug("a session's last use is not noted: {}", error.what());
    } catch (const store::Refused& error) {
        spdlog::debug("a session's last use is not noted: {}", error.what());
    }
    remembered_->note_use(key, now);
}

void Sessions::forget_person(store::Transaction& tx, std::int64_t person) {
    // Now, because whether the commit came through may never be known.
    remembered_->bar(person, clock_.now() + commit_hangs_max);
    remembered_->forget_person(person);
    tx.after_commit([this, person] {
        remembered_->forget_person(person);
        remembered_->lift_bar(person);
    });
}

// Runs on the hashing thread, with the same work whether or not there is such a person.
awaitable<Sessions::Attempt> Sessions::verify(std::string login, std::string password) {
    Attempt attempt;
    attempt.row =
        co_await pool_.read([login](store::Transaction& tx) { return password_of(tx, login); });
    const std::string& hash = attempt.row ? attempt.row->hash : nobodys_hash_;
    attempt.fits = password_fits(hash, password) && attempt.row.has_value();
    if (attempt.fits && wants_new_hash(hash, cost_))
        attempt.better_hash = hash_password(password, cost_);
    co_return attempt;
}

awaitable<base::Result<OpenedSession>> Sessions::sign_in(std::string login, std::string password,
                                                         std::string peer) {
    login = as_login(login);
    if (const auto wait = throttle_.begin(login, peer)) co_return slow_down(*wait);
    struct Turn {
        std::atomic<std::size_t>& waiting;
        std::size_t place{++waiting};
        ~Turn() { --waiting; }
    };
    const Turn turn{waiting_};
    if (turn.place > waiting_sign_ins_max) {
        throttle_.withdraw(login, peer);
        co_return base::fail(base::Errc::unavailable, "too many sign in at once",
                             "trop de connexions en même temps");
    }
    try {
        auto result = co_await try_sign_in(login, std::move(password), peer);
        if (result) throttle_.succeeded(login, peer);
        co_return result;
    } catch (const store::Unavailable&) {
        throttle_.withdraw(login, peer);
        throw;
    }
}

awaitable<base::Result<OpenedSession>> Sessions::try_sign_in(std::string login,
                                                             std::string password,
                                                             std::string peer) {
    const Attempt attempt = co_await boost::asio::co_spawn(
        hashing_, verify(login, std::move(password)), boost::asio::use_awaitable);
    const auto now = clock_.now();
    const auto limits = limits_;
    const auto mark = remembered_->mark();
    auto opened = co_await pool_.write([=](store::Transaction& tx) -> std::optional<OpenedSession> {
        std::optional<OpenedSession> session;
        if (attempt.fits)
            session = open_session(tx, attempt.row->person, attempt.row->hash, now, limits);
        if (session && !attempt.better_hash.empty())
            replace_hash(tx, attempt.row->person, attempt.row->hash, attempt.better_hash);
        append_audit(
            tx, sign_in_entry(attempt.row ? login : "anonymous", now, session ? 200 : 401, peer));
        return session;
    });
    if (!opened) co_return wrong_sign_in();
    remember(Remembered::key_of(Remembered::Scheme::cookie, opened->secret), opened->principal, now,
             mark);
    co_return *std::move(opened);
}

// Browsers send one Cookie field (RFC 6265, 5.4); HTTP/1.1 knows no other way.
std::string_view cookie_value(const wire::Request& request, std::string_view name) {
    for (const auto pair : base::split(request.headers.get("Cookie"), ';')) {
        const auto cookie = base::trimmed(pair);
        const auto equals = cookie.find('=');
        if (equals != std::string_view::npos && cookie.substr(0, equals) == name)
            return cookie.substr(equals + 1);
    }
    return {};
}

std::string session_cookie_header(const OpenedSession& session, const SessionLimits& limits,
                                  bool secure) {
    const auto seconds = std::chrono::seconds(limits.whole).count();
    return std::string(session_cookie) + "=" + session.secret +
           "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
           (secure ? "; Secure" : "");
}

std::string cleared_cookie_header(bool secure) {
    return std::string(session_cookie) + "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0" +
           (secure ? "; Secure" : "");
}

}  // namespace vigie::access
