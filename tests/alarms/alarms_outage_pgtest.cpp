// The database goes away, the city goes on, the program is killed: afterwards the record is the one
// that an undisturbed night would have left.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "alarms/meanwhile.hpp"
#include "alarms/open_list.hpp"
#include "tests/api/ask.hpp"
#include "tests/live/small_city_store.hpp"
#include "tests/support/pgtest_folder.hpp"
#include "vigie/alarms/service.hpp"
#include "vigie/live/keeper.hpp"

namespace vigie::alarms {
namespace {

using namespace vigie::test;
using testing::Contains;
using testing::ElementsAre;

constexpr store::Query outage_record{
    "outage_record",
    "select coalesce(string_agg(concat_ws(' ', a.code, t.alarm_id, t.event, t.from_state, "
    "t.to_state, t.at, alarm.learnt_at, alarm.value, t.cause), E'\\n' order by t.alarm_id, t.at, "
    "t.event), '') as dump from alarm_transition t join alarm on alarm.id = t.alarm_id join asset "
    "a "
    "on a.id = alarm.asset_id"};

// One run of the program on a database, stepped by hand.
class NightRun {
public:
    NightRun(const Database& database, store::Pool& pool, const std::string& spool_folder,
             base::ManualClock& clock, std::vector<std::string>& streamed,
             std::uint64_t spool_bytes_max = 1'000'000)
        : pool_(pool),
          clock_(clock),
          spool_(store::disk_files(), {.folder = spool_folder, .bytes_max = spool_bytes_max}) {
        registry_.publish(small_city());
        spool_.open();
        service_.recorder().keep_in(spool_);
        add_routes(router_, service_, registry_);
        add_topic(stream_, service_, registry_);
        stream_.subscribe("alarms", [&streamed](
                                        const std::shared_ptr<const live::StreamEvent>& event) {
            for (const auto& row : event->rows) {
                streamed.push_back(
                    row.asset + " " +
                    (row.removed ? "normal"
                                 : nlohmann::json::parse(*row.json)["state"].get<std::string>()));
            }
            return true;
        });
        live::load_last_values(city_, pool_, clock_.now());
        service_.load();
        live::replay_frames(city_, pool_, database.app_url(), clock_.now());
        city_.post([](live::CityState&) {});
        city_.step();
    }

    void hear(const std::vector<store::Frame>& frames, int now) {
        clock_.set(noon_plus(now));
        ASSERT_TRUE(city_.observed(frames));
        city_.step();
    }
    void pass_time(int now) {
        clock_.set(noon_plus(now));
        city_.step();
    }
    // False: the database is away.
    bool record() {
        while (service_.recorder().waiting() > 0) {
            if (!service_.recorder().record_batch()) return false;
        }
        city_.step();
        return true;
    }
    [[nodiscard]] Recorder& recorder() { return service_.recorder(); }
    wire::Response ask(const std::string& target) {
        return test::ask(router_, request_to("GET", target));
    }
    std::vector<std::string> listed() {
        const auto answer = ask("/api/v1/alarms");
        EXPECT_EQ(answer.status, 200U) << answer.body;
        return states_of(nlohmann::json::parse(answer.body)["rows"]);
    }
    std::vector<std::string> snapshot() {
        return states_of(
            nlohmann::json::parse(await(stream_.topic("alarms")->snapshot(operator_, {}))));
    }
    [[nodiscard]] store::Spool& spool() { return spool_; }

private:
    static std::vector<std::string> states_of(const nlohmann::json& rows) {
        std::vector<std::string> states;
        for (const auto& row : rows) {
            states.push_back(row["asset"].get<std::string>() + " " +
                             row["state"].get<std::string>());
        }
        return states;
    }
    static access::Principal anybody() {
        access::Principal principal;
        principal.grants = {{access::Level::operate, "alarms", {}, {}, {}}};
        return principal;
    }

    store::Pool& pool_;
    base::ManualClock& clock_;
    store::Spool spool_;
    assets::Registry registry_;
    live::Stream stream_{"E1"};
    live::City city_{registry_, stream_, clock_};
    Service service_{city_, stream_, pool_, registry_, clock_};
    access::Principal operator_ = anybody();
    api::Router router_{
        pool_, clock_,
        [this](const wire::Request&) -> boost::asio::awaitable<base::Result<access::Principal>> {
            co_return operator_;
        }};
};

class AlarmsOutage : public testing::Test {
protected:
    struct Night {
        Night() { store_small_city(database, pool, *small_city()); }
        Database database;
        store::Pool pool{database.app_url(), 2};
        Folder folder;
        [[nodiscard]] std::string spool_folder() const { return folder.path() + "/alarms"; }
        std::string record() {
            return pool.read_now([](store::Transaction& tx) {
                return tx.row(outage_record)->get<std::string>("dump");
            });
        }
    };

    // As a standby does: what it has it answers, and it takes nothing.
    static void only_read(const Database& database, bool only) {
        pqxx::connection connection(database.superuser_url() +
                                    " options='-c default_transaction_read_only=off'");
        pqxx::nontransaction tx(connection);
        const auto name = tx.exec1("select current_database()")[0].as<std::string>();
        tx.exec("alter database " + tx.quote_name(name) +
                (only ? " set default_transaction_read_only = on"
                      : " reset default_transaction_read_only"));
        tx.exec(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = "
            "'vigie_app' and datname = current_database()");
    }

    // How each night begins.
    void begin(NightRun& run) {
        store_frames(night_.pool, before());
        run.hear(before(), 10);
        ASSERT_TRUE(run.record());
    }
    static std::vector<store::Frame> before() { return {frame(lamp_11, 10, {1, 0, 0})}; }
    static std::vector<store::Frame> during() {
        return {frame(lamp_11, 30, {1, 40, 0}), frame(lamp_12, 31, {1, 0, 0}),
                frame(lamp_12, 32, {1, 40, 0}), frame(lamp_21, 33, {1, 0, 0})};
    }
    static std::vector<store::Frame> afterwards() { return {frame(lamp_21, 90, {1, 40, 0})}; }

    std::string undisturbed() {
        Night night;
        base::ManualClock clock{noon_plus(0)};
        std::vector<std::string> ignored;
        NightRun run(night.database, night.pool, night.spool_folder(), clock, ignored);
        for (const auto& [frames, now] :
             {std::pair{before(), 10}, std::pair{during(), 40}, std::pair{afterwards(), 90}}) {
            store_frames(night.pool, frames);
            run.hear(frames, now);
            EXPECT_TRUE(run.record());
        }
        return night.record();
    }

    Night night_;
    base::ManualClock clock_{noon_plus(0)};
    std::vector<std::string> streamed_;
};

TEST_F(AlarmsOutage, AKillWhileTheDatabaseIsAwayChangesNoTransition) {
    const auto expected = undisturbed();
    ASSERT_NE(expected, "");
    {
        NightRun run(night_.database, night_.pool, night_.spool_folder(), clock_, streamed_);
        begin(run);
        night_.database.shut(true);
        run.hear(during(), 40);
        EXPECT_FALSE(run.record());
        EXPECT_FALSE(run.spool().empty());
        EXPECT_FALSE(run.recorder().crowded());
    }
    night_.database.shut(false);
    // Out of the spool of observations, meanwhile.
    store_frames(night_.pool, during());
    clock_.set(noon_plus(80));
    NightRun again(night_.database, night_.pool, night_.spool_folder(), clock_, streamed_);
    EXPECT_TRUE(again.spool().empty());
    ASSERT_TRUE(again.record());
    store_frames(night_.pool, afterwards());
    again.hear(afterwards(), 90);
    ASSERT_TRUE(again.record());
    EXPECT_EQ(night_.record(), expected);
}

TEST_F(AlarmsOutage, RecordingTheSpoolTwiceChangesNothing) {
    const auto expected = undisturbed();
    const auto folder = night_.spool_folder();
    {
        NightRun run(night_.database, night_.pool, folder, clock_, streamed_);
        begin(run);
        night_.database.shut(true);
        run.hear(during(), 40);
        EXPECT_FALSE(run.record());
        std::filesystem::copy(folder, folder + "-before");
        night_.database.shut(false);
        store_frames(night_.pool, during());
        ASSERT_TRUE(run.record()) << "the same run goes on";
        EXPECT_TRUE(run.spool().empty());
    }
    std::filesystem::remove_all(folder);
    std::filesystem::rename(folder + "-before", folder);
    NightRun again(night_.database, night_.pool, folder, clock_, streamed_);
    store_frames(night_.pool, afterwards());
    again.hear(afterwards(), 90);
    ASSERT_TRUE(again.record());
    EXPECT_EQ(night_.record(), expected);
}

TEST_F(AlarmsOutage, TheRoomGoesOnSeeing) {
    NightRun run(night_.database, night_.pool, night_.spool_folder(), clock_, streamed_);
    begin(run);
    EXPECT_THAT(streamed_, ElementsAre("LP-11 unacknowledged"));
    streamed_.clear();
    night_.database.shut(true);
    run.hear(during(), 40);
    EXPECT_FALSE(run.record());
    EXPECT_THAT(streamed_, testing::UnorderedElementsAre("LP-11 returned", "LP-12 returned",
                                                         "LP-21 unacknowledged"));
    streamed_.clear();
    EXPECT_FALSE(run.record());
    EXPECT_THAT(streamed_, testing::IsEmpty()) << "said once";
    run.hear({frame(lamp_21, 50, {1, 40, 0})}, 50);
    EXPECT_FALSE(run.record());
    EXPECT_THAT(streamed_, ElementsAre("LP-21 returned"));
    night_.database.shut(false);
    streamed_.clear();
    ASSERT_TRUE(run.record());
    EXPECT_THAT(streamed_, Contains("LP-21 returned"));
}

// What is answered from memory is what the database would say.
TEST_F(AlarmsOutage, WhatIsOpenIsInMemoryAsTheDatabaseHasIt) {
    NightRun run(night_.database, night_.pool, night_.spool_folder(), clock_, streamed_);
    const std::vector<store::Frame> frames{
        frame(lamp_11, 30, {1, 0, 0}),    frame(lamp_12, 31, {1, 0, 0}),
        frame(lamp_12, 32, {1, 40, 0}),   frame(lamp_21, 33, {1, 0, 0}),
        frame(cabinet_1, 34, {1, 1, 40}), frame(lamp_21, 35, {1, 40, 0}),
    };
    store_frames(night_.pool, frames);
    run.hear(frames, 40);
    ASSERT_TRUE(run.record());
    const auto ids = [](const std::vector<Alarm>& alarms) {
        std::vector<std::string> out;
        for (const auto& alarm : alarms) {
            out.push_back(fmt::format("{} {} {} v{} hides {}", alarm.id, alarm.rule,
                                      to_string(letter(alarm.state)), alarm.version,
                                      alarm.suppresses));
        }
        return out;
    };
    AlarmQuestion whatever;
    whatever.limit = 100;
    std::vector<AlarmQuestion> questions(9, whatever);
    questions[1].raises = "alarm";
    questions[2].states = {"unacknowledged", "returned"};
    questions[3].asset = lamp_21;
    questions[4].kind = "light_point";
    questions[5].desk = "nobody";
    questions[6].communes = {"21231"};
    questions[7].limit = 2;
    std::size_t seen = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        SCOPED_TRACE(i);
        const auto stored = night_.pool.read_now(
            [&](store::Transaction& tx) { return list_alarms(tx, questions[i]); });
        const auto shown = list_shown(run.recorder(), questions[i]);
        ASSERT_TRUE(shown);
        EXPECT_EQ(ids(*shown), ids(stored));
        seen += stored.size();
        if (i == 7) {
            questions[8].after = {stored.back().priority, stored.back().raised_at,
                                  stored.back().id};
        }
    }
    EXPECT_GT(seen, 10U);
    whatever.open_only = false;
    EXPECT_FALSE(list_shown(run.recorder(), whatever)) << "only the database knows what is over";
}

TEST_F(AlarmsOutage, WhoBeginsToLookMeanwhileSeesWhatStandsAndWhatCame) {
    NightRun run(night_.database, night_.pool, night_.spool_folder(), clock_, streamed_);
    begin(run);
    night_.database.shut(true);
    EXPECT_THAT(run.listed(), ElementsAre("LP-11 unacknowledged"));
    EXPECT_THAT(run.snapshot(), ElementsAre("LP-11 unacknowledged"));
    run.hear(during(), 40);
    EXPECT_FALSE(run.record());
    const auto expected =
        testing::UnorderedElementsAre("LP-11 returned", "LP-12 returned", "LP-21 unacknowledged");
    EXPECT_THAT(run.listed(), expected);
    EXPECT_THAT(run.snapshot(), expected);
    EXPECT_EQ(run.ask("/api/v1/alarms?state=normal").status, 503U) << "only the database knows";
    night_.database.shut(false);
    ASSERT_TRUE(run.record());
    EXPECT_THAT(run.listed(), expected);
    EXPECT_EQ(run.ask("/api/v1/alarms?state=normal").status, 200U);
}

// Its disk is full, say: what it answers is older than what the room was shown.
TEST_F(AlarmsOutage, WhoBeginsToLookWhileTheDatabaseOnlyReadsSeesWhatCame) {
    NightRun run(night_.database, night_.pool, night_.spool_folder(), clock_, streamed_);
    begin(run);
    only_read(night_.database, true);
    run.hear(during(), 40);
    EXPECT_FALSE(run.record());
    const auto expected =
        testing::UnorderedElementsAre("LP-11 returned", "LP-12 returned", "LP-21 unacknowledged");
    EXPECT_THAT(run.listed(), expected);
    EXPECT_THAT(run.snapshot(), expected);
    EXPECT_EQ(run.ask("/api/v1/alarms?state=normal").status, 200U) << "it answers";
    EXPECT_FALSE(run.record()) << "over a connection that works";
    EXPECT_FALSE(run.spool().empty());
    only_read(night_.database, false);
    (void)run.record();  // one that finds its connection broken
    store_frames(night_.pool, during());
    ASSERT_TRUE(run.record());
    store_frames(night_.pool, afterwards());
    run.hear(afterwards(), 90);
    ASSERT_TRUE(run.record());
    EXPECT_EQ(night_.record(), undisturbed());
}

TEST_F(AlarmsOutage, ASpoolThatIsFullSaysSoAndLosesNothing) {
    const auto expected = undisturbed();
    constexpr std::uint64_t bytes_for_none = 100;
    NightRun run(night_.database, night_.pool, night_.spool_folder(), clock_, streamed_,
                 bytes_for_none);
    begin(run);
    EXPECT_FALSE(run.recorder().crowded());
    night_.database.shut(true);
    run.hear(during(), 40);
    EXPECT_FALSE(run.record());
    EXPECT_TRUE(run.recorder().crowded()) << "devices are made to wait";
    night_.database.shut(false);
    store_frames(night_.pool, during());
    ASSERT_TRUE(run.record());
    EXPECT_FALSE(run.recorder().crowded());
    store_frames(night_.pool, afterwards());
    run.hear(afterwards(), 90);
    ASSERT_TRUE(run.record());
    EXPECT_EQ(night_.record(), expected);
}

// Two transactions of one alarm are told of in the order in which their threads come to it.
TEST(Meanwhile, WhatIsOlderThanWhatWasShownChangesNothing) {
    Folder folder;
    store::Spool spool(store::disk_files(), {.folder = folder.path() + "/alarms"});
    spool.open();
    Meanwhile meanwhile(spool);
    const State unacknowledged{.active = true, .acknowledged = false};
    const State normal;
    const auto alarm = [](const char* id, const State& state, std::int64_t version) {
        Alarm one;
        one.id = id;
        one.version = version;
        one.state = state;
        return one;
    };
    const auto shown = [&meanwhile](const Alarm& one) {
        meanwhile.shown(std::span(&one, 1));
        std::vector<std::string> open;
        for (const auto& each : meanwhile.open([](const Alarm&) { return true; }))
            open.push_back(fmt::format("{} v{}", each.id, each.version));
        return open;
    };
    EXPECT_THAT(shown(alarm("A", unacknowledged, 4)), ElementsAre("A v4"));
    EXPECT_THAT(shown(alarm("A", unacknowledged, 3)), ElementsAre("A v4"));
    EXPECT_THAT(shown(alarm("A", normal, 5)), testing::IsEmpty());
    EXPECT_THAT(shown(alarm("A", unacknowledged, 4)), testing::IsEmpty())
        << "it does not come back";
    EXPECT_THAT(shown(alarm("B", unacknowledged, 1)), ElementsAre("B v1"));
}

TEST(Meanwhile, KeepsEveryFieldOfAnOccurrence) {
    Occurrence all;
    all.alarm = "0123";
    all.event = Event::suppress;
    all.at = noon_plus(1);
    all.learnt_at = noon_plus(2);
    all.learnt_late = true;
    all.suppressed_by = "4567";
    all.value = "0,25 W \"é\"";
    all.cause = "life_stage";
    all.ends = true;
    all.asset = 7;
    all.kind = "light_point";
    all.commune = "21231";
    all.rule = "supply_lost";
    all.desk = "traffic";
    all.raises = assets::Raises::maintenance;
    all.priority = 2;
    const auto text = encode_occurrences(std::vector{all});
    const auto found = decode_occurrences(text);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(encode_occurrences(*found), text);
    EXPECT_EQ(found->front().event, Event::suppress);
    EXPECT_EQ(found->front().raises, assets::Raises::maintenance);
    EXPECT_EQ(found->front().learnt_at, noon_plus(2));
    EXPECT_FALSE(decode_occurrences(text.substr(1)));
    EXPECT_FALSE(decode_occurrences("{}"));
}

TEST(Meanwhile, WhatMeansNothingIsKeptAsideAndTheRestIsRead) {
    Folder folder;
    store::Spool spool(store::disk_files(), {.folder = folder.path() + "/alarms"});
    spool.open();
    ASSERT_TRUE(spool.append("nonsense"));
    Meanwhile meanwhile(spool);
    Occurrence one;
    one.alarm = "0123";
    ASSERT_TRUE(meanwhile.keep(std::span(&one, 1)));
    EXPECT_EQ(meanwhile.left_over().size(), 1U);
    EXPECT_EQ(spool.counters().damaged_bytes, 8U);
    meanwhile.forget();
    const auto aside = store::disk_files().list(folder.path() + "/alarms/aside");
    ASSERT_EQ(aside.size(), 1U);
    EXPECT_EQ(store::disk_files().read(folder.path() + "/alarms/aside/" + aside[0]), "nonsense");
}

}  // namespace
}  // namespace vigie::alarms
