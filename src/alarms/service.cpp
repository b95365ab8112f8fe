#include "vigie/alarms/service.hpp"

#include <algorithm>

#include "alarms/alarm_store.hpp"
#include "vigie/live/keeper.hpp"

namespace vigie::alarms {

namespace {
// What was judged longer ago than this is not judged again anyway: replay reads minutes, not days.
constexpr std::chrono::hours judged_since{48};
constexpr std::size_t spans_at_once = 500;
}  // namespace

Service::Service(live::City& city, live::Stream& stream, store::Pool& pool,
                 const assets::Registry& registry, const base::Clock& clock)
    : city_(city),
      pool_(pool),
      clock_(clock),
      recorder_(pool, stream, registry, clock),
      engine_(
          city.state(),
          [this](std::vector<Occurrence> decided) { recorder_.submit(std::move(decided)); },
          clock.now()) {
    recorder_.on_answer([this](std::vector<Standing> answers) {
        city_.post([this, answers = std::move(answers)](live::CityState&) {
            for (const auto& answer : answers)
                engine_.recorded(answer);
        });
    });
}

void Service::load() {
    // The catalogue may still wait in the city's queue.
    city_.step();
    const auto now = clock_.now();
    recorder_.record_left_over();
    pool_.read_now([&](store::Transaction& tx) {
        const auto standing = read_standing(tx);
        std::vector<std::string> ids;
        for (const auto& row : standing)
            ids.push_back(row.alarm);
        if (!ids.empty()) recorder_.shown(read_alarms(tx, ids));
        engine_.restore(standing, read_judged(tx, now - judged_since), now);
        const auto spans = engine_.running_delays();
        for (std::size_t i = 0; i < spans.size(); i += spans_at_once) {
            const auto some =
                std::span(spans).subspan(i, std::min(spans_at_once, spans.size() - i));
            engine_.recall(live::read_frames_between(tx, some));
        }
    });
}

void Service::start() {
    recorder_.start();
    city_.post([this](live::CityState&) { engine_.begin(clock_.now()); });
}

}  // namespace vigie::alarms
