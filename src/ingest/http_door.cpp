#include "vigie/ingest/http_door.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "ingest/durable_wait.hpp"
#include "vigie/api/router.hpp"

namespace vigie::ingest {

namespace {

namespace asio = boost::asio;

constexpr const char* retry_after_s = "5";
// A request above its credential's rate waits for its turn as long as this; beyond, it is refused.
constexpr std::chrono::seconds held_back_max{1};

struct Secrets {
    std::string user_name;
    std::string secret;
};

std::string decode_base64(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) break;
        bits = (bits << 6U | static_cast<unsigned>(digit)) & 0xFFFFFFU;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out += static_cast<char>(bits >> held & 0xFFU);
    }
    return out;
}

// RFC 7617, and a bearer token: the secret alone, or "user_name:secret".
Secrets secrets_of(const wire::Request& request) {
    const std::string_view header = request.headers.get("Authorization");
    std::string pair;
    if (header.starts_with("Basic ")) pair = decode_base64(header.substr(6));
    if (header.starts_with("Bearer ")) pair = header.substr(7);
    const auto colon = pair.find(':');
    if (colon == std::string::npos) return {{}, pair};
    return {pair.substr(0, colon), pair.substr(colon + 1)};
}

wire::Response try_later(bool french, const char* en, const char* fr) {
    auto response = api::problem(base::fail(base::Errc::unavailable, en, fr), french);
    response.headers.set("Retry-After", retry_after_s);
    return response;
}

wire::Response come_back(base::Duration wait, const char* en, const char* fr, bool french) {
    auto response = api::problem(base::fail(base::Errc::limit_exceeded, en, fr), french);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
    response.headers.set("Retry-After", std::to_string(std::max<std::int64_t>(seconds.count(), 1)));
    return response;
}

wire::Response too_often(base::Duration wait, bool french) {
    return come_back(wait, "too many wrong sign-ins from this address",
                     "trop de connexions refusées depuis cette adresse", french);
}

wire::Response above_rate(base::Duration wait, bool french) {
    return come_back(wait, "above the rate of this credential: send it later",
                     "au-delà du débit de cet identifiant : renvoyer plus tard", french);
}

wire::Response too_large(std::size_t bytes_max, bool french) {
    const std::string bytes = std::to_string(bytes_max);
    return api::problem(
        base::fail(base::Errc::too_large, "this credential may send " + bytes + " bytes at once",
                   "cet identifiant peut envoyer " + bytes + " octets à la fois"),
        french);
}

bool in_french(const wire::Request& request) {
    return wire::language_of(request.headers.get("Accept-Language")) == "fr";
}

std::optional<wire::Response> not_observations(const wire::Request& request, bool french) {
    if (request.path != "/ingest/v1/observations") {
        return api::problem(base::fail(base::Errc::not_found, "no such path at the device door",
                                       "chemin inconnu à la porte des équipements"),
                            french);
    }
    if (request.method == "POST") return std::nullopt;
    auto response = api::problem(base::fail(base::Errc::unsupported, "only POST is spoken here",
                                            "seul POST est accepté ici"),
                                 french);
    response.status = 405;
    response.headers.set("Allow", "POST");
    return response;
}

base::Errc code_of(Reason reason) {
    switch (reason) {
        case Reason::not_json:
            return base::Errc::malformed;
        case Reason::not_yours:
            return base::Errc::forbidden;
        case Reason::too_many:
            return base::Errc::too_large;
        default:
            return base::Errc::invalid;
    }
}

wire::Response refused(const Refusal& refusal, bool french) {
    base::Error error{code_of(refusal.reason), refusal.detail, {}, {}};
    error.fields.push_back({refusal.pointer, refusal.detail});
    error.extension = nlohmann::json{{"reason", std::string(to_string(refusal.reason))}}.dump();
    return api::problem(error, french);
}

}  // namespace

HttpDoor::HttpDoor(Inbox& inbox, Authority authority, DoorThrottle& throttle,
                   const base::Clock& clock, std::chrono::milliseconds patience)
    : inbox_(inbox),
      authority_(std::move(authority)),
      throttle_(throttle),
      clock_(clock),
      patience_(patience) {}

asio::awaitable<wire::Response> HttpDoor::serve(wire::Request request) {
    const bool french = in_french(request);
    if (auto elsewhere = not_observations(request, french)) co_return *std::move(elsewhere);
    co_return co_await observations(request, french);
}

std::optional<wire::Response> HttpDoor::refuse(const wire::Request& head) {
    const bool french = in_french(head);
    if (auto elsewhere = not_observations(head, french)) return elsewhere;
    auto signed_in = sign_in(head, french);
    if (auto* refusal = std::get_if<wire::Response>(&signed_in)) return std::move(*refusal);
    return std::nullopt;
}

// What stands against the request, of the credential's limits; a short wait is waited for here.
asio::awaitable<std::optional<wire::Response>> HttpDoor::hold_back(Allowance& allowance,
                                                                   std::size_t bytes, bool french) {
    const std::size_t bytes_max = allowance.message_bytes_max();
    if (bytes_max != 0 && bytes > bytes_max) {
        ++inbox_.counters().too_large;
        co_return too_large(bytes_max, french);
    }
    Admission admission = allowance.admit(clock_.steady());
    if (admission.kind == Admission::Kind::wait && admission.wait <= held_back_max) {
        asio::steady_timer turn(co_await asio::this_coro::executor, admission.wait);
        co_await turn.async_wait(asio::as_tuple(asio::use_awaitable));
        admission = allowance.admit(clock_.steady());
    }
    if (admission.kind == Admission::Kind::go) co_return std::nullopt;
    ++inbox_.counters().http_above_rate;
    co_return above_rate(admission.wait, french);
}

HttpDoor::SignedIn HttpDoor::sign_in(const wire::Request& request, bool french) {
    const auto secrets = secrets_of(request);
    // Nothing said about who it is: a probe, as some clients send one first.
    const bool tried = request.headers.has("Authorization");
    GuessLimit::Place place;
    if (tried) {
        place = throttle_.guesses().take(secrets.user_name, request.peer);
        if (!place) return too_often(place.wait(), french);
    }
    auto sender = authority_(secrets.user_name, secrets.secret);
    if (sender) {
        throttle_.guesses().right(place);
        return *std::move(sender);
    }
    if (tried) {
        if (const auto wait = throttle_.failed(secrets.user_name, request.peer))
            return too_often(*wait, french);
    }
    auto response = api::problem(sender.error(), french);
    response.headers.set("WWW-Authenticate", "Basic realm=\"device door\"");
    return response;
}

asio::awaitable<wire::Response> HttpDoor::observations(const wire::Request& request, bool french) {
    auto signed_in = sign_in(request, french);
    if (auto* refusal = std::get_if<wire::Response>(&signed_in)) co_return std::move(*refusal);
    const auto& sender = std::get<std::shared_ptr<const Sender>>(signed_in);
    const auto format = format_of(request.headers.get("Content-Type"));
    if (!format) {
        co_return api::problem(
            base::fail(base::Errc::unsupported,
                       "send application/json, application/x-ndjson or application/senml+json",
                       "envoyer application/json, application/x-ndjson ou application/senml+json"),
            french);
    }
    Allowance* allowance = sender->allowance();
    if (allowance != nullptr) {
        if (auto refusal = co_await hold_back(*allowance, request.body.size(), french))
            co_return *std::move(refusal);
    }
    auto sorted = inbox_.sort_messages(
        {sender.get(), "http", request.path, request.body, clock_.now(), *format});
    if (allowance != nullptr) allowance->charge_values(sorted.values);
    const DurableWait wait(co_await asio::this_coro::executor, patience_);
    sorted.submission.durable = wait.told();
    if (!inbox_.submit(sorted)) {
        if (allowance != nullptr) allowance->give_back(sorted.values);
        co_return try_later(french, "no room for more observations now",
                            "pas de place pour d'autres mesures");
    }
    if (!co_await wait.wait()) {
        co_return try_later(french, "not durable yet: send it again, nothing is stored twice",
                            "pas encore enregistré : renvoyer, rien n'est gardé deux fois");
    }
    if (sorted.refusal) co_return refused(*sorted.refusal, french);
    co_return api::json_response(
        200, {{"stored", sorted.messages}, {"unknown_properties", sorted.unknown_properties}});
}

}  // namespace vigie::ingest
