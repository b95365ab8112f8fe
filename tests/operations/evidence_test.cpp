#include <gtest/gtest.h>

#include "operations/interventions.hpp"

namespace vigie::operations::interventions {
namespace {

base::Instant evening(int minutes) {
    return *base::parse_rfc3339("2026-11-22T18:00:00Z") + std::chrono::minutes{minutes};
}

// Restored at minute 10.
Intervention standing_at(State state) {
    Intervention intervention;
    intervention.standing.state = state;
    intervention.state_since = evening(10);
    intervention.restored_at = evening(10);
    return intervention;
}

TEST(Evidence, MovesOnlyWhatItProves) {
    struct Case {
        const char* why;
        State state;
        intervention_store::Evidence evidence;
        std::optional<State> to;
        int at_minute;
    };
    const auto minute = [](int m) { return std::optional(evening(m)); };
    const Case cases[] = {
        {"no alarm proves nothing", State::restored, {0, false, {}, {}}, {}, 0},
        {"one still stands", State::restored, {2, false, minute(12), {}}, {}, 0},
        {"quiet, but nothing was observed", State::restored, {1, true, {}, {}}, {}, 0},
        {"returned after", State::restored, {1, true, minute(12), {}}, State::verified, 12},
        {"returned before", State::restored, {1, true, minute(5), {}}, State::verified, 10},
        {"rose again", State::restored, {1, false, {}, minute(15)}, State::assigned, 15},
        {"rose again once verified",
         State::verified,
         {1, false, {}, minute(20)},
         State::assigned,
         20},
        {"verified stays", State::verified, {1, true, minute(12), {}}, {}, 0},
        {"on site is the crew's affair", State::on_site, {1, true, minute(12), {}}, {}, 0},
        {"assigned anew already", State::assigned, {1, false, {}, minute(15)}, {}, 0},
        {"closed is closed", State::closed, {1, false, {}, minute(15)}, {}, 0},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.why);
        const auto verdict = judge_evidence(standing_at(c.state), c.evidence);
        ASSERT_EQ(verdict.has_value(), c.to.has_value());
        if (!verdict) continue;
        EXPECT_EQ(verdict->to, *c.to);
        EXPECT_EQ(verdict->at, evening(c.at_minute));
        EXPECT_EQ(verdict->reason,
                  *c.to == State::verified ? "proved_by_telemetry" : "reopened_by_telemetry");
    }
}

}  // namespace
}  // namespace vigie::operations::interventions
