#include <gmock/gmock.h>

#include "operations/alarm_entries.hpp"
#include "tests/operations/control_room.hpp"

namespace vigie::operations {
namespace {

using alarms::Event;
using nlohmann::json;
using testing::ElementsAre;

class AlarmEntries : public ControlRoom {
protected:
    json entries() { return get("lea", "/api/v1/logbook").body.at("rows"); }
};

TEST_F(AlarmEntries, TellTheAlarmsStoryWithItsAuthors) {
    const auto alarm = raise("SJ-1", clock.now() - std::chrono::seconds{5});
    clock.advance(std::chrono::minutes{1});
    acknowledge("lea", alarm, "seen on camera 7");
    clock.advance(std::chrono::minutes{1});
    give_back(alarm, clock.now());
    const auto told = entries();
    EXPECT_THAT(entry_types(told),
                ElementsAre("alarm_returned", "alarm_acknowledged", "alarm_raised"));
    EXPECT_EQ(told[2].at("at"), "2026-11-22T17:59:55Z") << "when it happened";
    EXPECT_EQ(told[2].at("recorded_at"), "2026-11-22T18:00:00Z") << "when we learnt it";
    EXPECT_EQ(told[2].at("author"), "system:rules");
    EXPECT_EQ(told[2].at("text").at("en"),
              "Alarm: Junction at flashing amber, SJ-1 (flashing amber)");
    EXPECT_EQ(told[1].at("author"), "lea");
    EXPECT_EQ(told[1].at("author_name"), "Léa") << "as in every other entry of hers";
    EXPECT_EQ(told[1].at("text").at("fr"),
              "Alarme acquittée : Carrefour au jaune clignotant, SJ-1 : seen on camera 7");
    EXPECT_FALSE(told[0].contains("incident"));
    EXPECT_EQ(get("", "/admin/v1/logbook/verify").body.at("whole"), true);
}

TEST_F(AlarmEntries, SayValuesInWordsInBothLanguages) {
    struct Case {
        const char* rule;
        const char* value;
        const char* en;
        const char* fr;
    };
    const Case cases[] = {
        {"flashing_amber", "flashing_amber", "(flashing amber)", "(jaune clignotant)"},
        {"flashing_amber", "gone_since", "(gone_since)", "(gone_since)"},
        {"door", "true", "(yes)", "(oui)"},
        {"door", "false", "(no)", "(non)"},
        {"load", "1234.5 kWh", "(1234.5 kWh)", "(1234,5 kWh)"},
        {"load", "12 m.s", "(12 m.s)", "(12 m.s)"},
        {"rule_gone", "true", "(true)", "(true)"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.rule) + " " + c.value);
        alarms::AlarmChange change;
        change.announced = true;
        change.alarm.asset = 1;
        change.alarm.kind = "signal_junction";
        change.alarm.rule = c.rule;
        change.alarm.value = c.value;
        const auto entry = alarm_entry(change, *registry.current());
        ASSERT_TRUE(entry.has_value());
        EXPECT_THAT(entry->text.en, testing::EndsWith(c.en));
        EXPECT_THAT(entry->text.fr, testing::EndsWith(c.fr));
    }
}

TEST_F(AlarmEntries, CarryTheIncidentWhileItIsOpen) {
    const auto alarm = raise("SJ-1", clock.now());
    const auto number =
        post("lea", "/api/v1/incidents", {{"alarm", alarm}}).body.at("number").get<std::int64_t>();
    clock.advance(std::chrono::minutes{1});
    give_back(alarm, clock.now());
    EXPECT_EQ(entries()[0].at("incident"), number);
    ASSERT_EQ(post("lea", "/api/v1/incidents/" + std::to_string(number) + "/close",
                   {{"reason", "no_fault_found"}})
                  .status,
              200U);
    clock.advance(std::chrono::minutes{1});
    rise_again(alarm, clock.now());
    EXPECT_EQ(entries()[0].at("entry_type"), "alarm_raised");
    EXPECT_FALSE(entries()[0].contains("incident")) << "that story is over";
}

TEST_F(AlarmEntries, SayNothingOfWhatIsHidden) {
    const auto cause = raise("SJ-1", clock.now());
    const auto hidden = raise("SJ-2", clock.now(), cause);
    const auto late = raise("SJ-2", clock.now());
    clock.advance(std::chrono::minutes{1});
    record(late, Event::suppress, clock.now(), cause);
    record(hidden, Event::come_back, clock.now());
    EXPECT_THAT(entry_types(entries()), ElementsAre("alarm_raised", "alarm_raised"))
        << "the cause, and what was seen before it";
    record(late, Event::release, clock.now());
    EXPECT_THAT(entry_types(entries()), ElementsAre("alarm_raised", "alarm_raised", "alarm_raised"))
        << "it asks for attention anew";
}

TEST_F(AlarmEntries, LeaveMaintenanceNoticesOut) {
    const auto alarm = raise("SJ-1", clock.now());
    occurrences.at(alarm).raises = assets::Raises::maintenance;
    occurrences.at(alarm).alarm = alarms::alarm_id("SJ-1", "lamp", clock.now());
    occurrences[occurrences.at(alarm).alarm] = occurrences.at(alarm);
    const std::string notice = occurrences.at(alarm).alarm;
    record(notice, Event::raise, clock.now());
    clock.advance(std::chrono::minutes{1});
    give_back(notice, clock.now());
    EXPECT_EQ(entries().size(), 1U);
    EXPECT_EQ(get("lea", "/api/v1/desks").body.at("rows")[3].at("waiting"), 1);
}

}  // namespace
}  // namespace vigie::operations
