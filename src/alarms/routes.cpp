#include <algorithm>

#include "alarms/alarm_store.hpp"
#include "alarms/open_list.hpp"
#include "vigie/alarms/service.hpp"
#include "vigie/api/body.hpp"
#include "vigie/api/paging.hpp"
#include "vigie/base/text.hpp"
#include "vigie/live/json.hpp"

namespace vigie::alarms {

namespace {

namespace json = live::json;
using base::Errc;
using base::fail_at;
using boost::asio::awaitable;

// More open alarms than this are not shown to a console that subscribes.
constexpr std::size_t snapshot_rows_max = 50'000;

wire::Response alarm_response(std::string body, std::int64_t version) {
    wire::Response response;
    response.headers.set("Content-Type", "application/json");
    response.body = std::move(body);
    api::set_version(response, version);
    return response;
}

// The communes a principal's grants are confined to; nothing: all.
std::optional<std::vector<std::string>> confined_to(const access::Principal& actor) {
    std::vector<std::string> communes;
    for (const auto& grant : actor.grants) {
        if (grant.service != "alarms") continue;
        if (grant.commune.empty()) return std::nullopt;
        communes.push_back(grant.commune);
    }
    return communes;
}

base::Error out_of_reach() {
    return base::fail(Errc::forbidden, "your rights do not reach this commune",
                      "vos droits ne couvrent pas cette commune");
}

base::Result<void> read_states(const api::Request& request, AlarmQuestion& question) {
    const auto asked = request.query("state");
    if (!asked || *asked == "open") return {};
    std::vector<std::string> states;
    for (const auto name : base::split(*asked, ',')) {
        const bool known = std::ranges::any_of(
            std::initializer_list<std::string_view>{"normal", "unacknowledged", "acknowledged",
                                                    "returned", "suppressed"},
            [name](std::string_view state) { return state == name; });
        if (!known) {
            return fail_at(Errc::invalid, "state", "must be states separated by commas, or open",
                           "doit être des états séparés par des virgules, ou open");
        }
        states.emplace_back(name);
    }
    question.open_only = std::ranges::find(states, "normal") == states.end();
    question.states = std::move(states);
    return {};
}

base::Result<AlarmQuestion> parse_alarm_question(const api::Request& request,
                                                 const assets::Catalogue& catalogue) {
    AlarmQuestion question;
    question.raises = request.query("raises");
    if (question.raises && *question.raises != "alarm" && *question.raises != "maintenance") {
        return fail_at(Errc::invalid, "raises", "must be alarm or maintenance",
                       "doit être alarm ou maintenance");
    }
    if (auto read = read_states(request, question); !read.ok()) return read.error();
    if (const auto code = request.query("asset")) {
        const auto* asset = catalogue.find(*code);
        if (asset == nullptr) {
            return fail_at(Errc::invalid, "asset", "no such asset", "équipement inconnu");
        }
        question.asset = asset->id;
    }
    question.kind = request.query("kind");
    question.suppressed_by = request.query("suppressed_by");
    question.communes = confined_to(request.actor);
    if (const auto commune = request.query("commune"); commune && !commune->empty()) {
        if (!request.actor.may(access::Level::view, "alarms", request.now, *commune)) {
            return out_of_reach();
        }
        question.communes = std::vector{*commune};
    }
    auto limit = request.limit();
    if (!limit) return limit.error();
    question.limit = *limit + 1;
    auto after = api::read_cursor<std::int64_t, base::Instant, std::string>(request);
    if (!after) return after.error();
    question.after = *std::move(after);
    return question;
}

// Of the alarms asked about what `view` makes of them: as the database has them, on one of its
// threads; while it is away, or has not taken in everything that was shown, as they were shown
// last. Throws store::Unavailable when only the database knows.
template <typename View, typename Viewed = std::invoke_result_t<View, const std::vector<Alarm>&>>
awaitable<Viewed> view_alarms(Service* service, AlarmQuestion question, View view) {
    if (question.open_only && service->recorder().ahead()) {
        if (const auto shown = list_shown(service->recorder(), question)) co_return view(*shown);
    }
    std::exception_ptr away;
    try {
        co_return co_await service->pool().read(
            [question, view](store::Transaction& tx) { return view(list_alarms(tx, question)); });
    } catch (const store::Unavailable&) {
        away = std::current_exception();
    }
    const auto shown = list_shown(service->recorder(), question);
    if (!shown) std::rethrow_exception(away);
    co_return view(*shown);
}

awaitable<api::Answer> list(api::Request request, Service* service,
                            std::shared_ptr<const assets::Catalogue> catalogue) {
    auto question = parse_alarm_question(request, *catalogue);
    if (!question) co_return question.error();
    const auto rows = question->limit - 1;
    co_return co_await view_alarms(
        service, *question, [rows, catalogue](const std::vector<Alarm>& alarms) {
            api::Page page(rows);
            for (const auto& alarm : alarms) {
                const auto cursor =
                    api::make_cursor(std::int64_t{alarm.priority}, alarm.raised_at, alarm.id);
                if (!page.add_text(to_json(alarm, *catalogue), cursor)) break;
            }
            return page.response();
        });
}

std::string detail_json(const Alarm& alarm, const std::vector<Transition>& transitions,
                        const assets::Catalogue& catalogue) {
    auto out = to_json(alarm, catalogue);
    out.pop_back();
    out += R"(,"transitions":[)";
    for (const auto& transition : transitions) {
        if (out.back() != '[') out += ',';
        out += R"({"at":)";
        json::append_instant(out, transition.at);
        out += R"(,"recorded_at":)";
        json::append_instant(out, transition.recorded_at);
        out += R"(,"from":)";
        json::append_text(out, to_string(transition.from));
        out += R"(,"to":)";
        json::append_text(out, to_string(transition.to));
        out += R"(,"author":)";
        json::append_text(out, transition.author);
        // A person's reason says why as a cause does.
        const auto& why = transition.reason.empty() ? transition.cause : transition.reason;
        if (!why.empty()) {
            out += R"(,"cause":)";
            json::append_text(out, why);
        }
        out += '}';
    }
    return out + "]}";
}

base::Result<Alarm> find_alarm(const api::Request& request, store::Transaction& tx,
                               access::Level level) {
    const auto found = read_alarms(tx, {request.path_value("id")});
    if (found.empty()) return base::fail(Errc::not_found, "no such alarm", "alarme inconnue");
    if (!request.actor.may(level, "alarms", request.now, found.front().commune)) {
        return out_of_reach();
    }
    return found.front();
}

api::Answer show(const api::Request& request, store::Transaction& tx,
                 const assets::Catalogue& catalogue) {
    auto alarm = find_alarm(request, tx, access::Level::view);
    if (!alarm) return alarm.error();
    const auto transitions = read_transitions(tx, alarm->id);
    return alarm_response(detail_json(*alarm, transitions, catalogue), alarm->version);
}

api::Answer acknowledge(const api::Request& request, store::Transaction& tx, Recorder& recorder,
                        const assets::Catalogue& catalogue) {
    api::Body body(request.json());
    const auto reason = body.optional_text("reason").value_or("");
    if (auto read = body.finish(); !read.ok()) return read.error();
    auto alarm = find_alarm(request, tx, access::Level::operate);
    if (!alarm) return alarm.error();
    auto changed = recorder.acknowledge(tx, alarm->id, {request.actor.login, request.actor.name},
                                        reason, request.now);
    if (!changed) return changed.error();
    return alarm_response(to_json(*changed, catalogue), changed->version);
}

awaitable<std::string> open_alarms(Service* service, const assets::Registry* registry,
                                   access::Principal principal, live::StreamFilter filter) {
    const auto catalogue = registry->current();
    AlarmQuestion question;
    question.limit = snapshot_rows_max;
    question.communes = confined_to(principal);
    if (!filter.kind.empty()) question.kind = filter.kind;
    if (!filter.desk.empty()) question.desk = filter.desk;
    if (!filter.commune.empty()) question.communes = std::vector{filter.commune};
    const auto* asset = filter.asset.empty() ? nullptr : catalogue->find(filter.asset);
    if (asset != nullptr) question.asset = asset->id;
    // No alarm belongs to a crew, nor to an asset that is not there.
    if (!filter.crew.empty() || (!filter.asset.empty() && asset == nullptr)) co_return "[]";
    co_return co_await view_alarms(service, std::move(question),
                                   [catalogue](const std::vector<Alarm>& alarms) {
                                       std::string out = "[";
                                       for (const auto& alarm : alarms) {
                                           if (out.size() > 1) out += ',';
                                           out += to_json(alarm, *catalogue);
                                       }
                                       return out + ']';
                                   });
}

}  // namespace

void add_routes(api::Router& router, Service& service, const assets::Registry& registry) {
    router.handle("GET", "/api/v1/alarms", api::view("alarms"),
                  [&service, &registry](api::Request request) {
                      return list(std::move(request), &service, registry.current());
                  });
    router.get("/api/v1/alarms/{id}", api::view("alarms"),
               [&registry](const api::Request& request, store::Transaction& tx) {
                   return show(request, tx, *registry.current());
               });
    router.post("/api/v1/alarms/{id}/acknowledge", api::operate("alarms"),
                [&registry, &service](const api::Request& request, store::Transaction& tx) {
                    return acknowledge(request, tx, service.recorder(), *registry.current());
                });
}

void add_topic(live::Stream& stream, Service& service, const assets::Registry& registry) {
    stream.add_topic(
        {.name = "alarms",
         .service = "alarms",
         .snapshot = [&service, &registry](access::Principal principal, live::StreamFilter filter) {
             return open_alarms(&service, &registry, std::move(principal), std::move(filter));
         }});
}

}  // namespace vigie::alarms
