#include <gmock/gmock.h>

#include <thread>

#include "tests/operations/control_room.hpp"

namespace vigie::operations {
namespace {

using nlohmann::json;
using testing::ElementsAre;

class Logbook : public ControlRoom {
protected:
    json verify() { return get("", "/admin/v1/logbook/verify").body; }
    // Entries 1 to 5.
    void write_five() {
        for (int i = 1; i <= 5; ++i) {
            post("lea", "/api/v1/logbook", {{"text", "Entrée numéro " + std::to_string(i)}});
        }
    }
    void as_superuser(const std::string& statement) { sql(database.superuser_url(), statement); }
};

TEST_F(Logbook, IsReadNewestFirstAndCorrectedByAddition) {
    write_five();
    const auto wrong =
        post("lea", "/api/v1/logbook", {{"text", "no, the other"}, {"corrects", 99}});
    EXPECT_EQ(wrong.status, 422U);
    EXPECT_EQ(wrong.body.at("errors")[0].at("pointer"), "/corrects");
    const auto correction =
        post("max", "/api/v1/logbook", {{"text", "C'était l'autre"}, {"corrects", 3}});
    ASSERT_EQ(correction.status, 201U) << correction.body.dump();
    EXPECT_EQ(correction.body.at("number"), 6);
    EXPECT_EQ(correction.body.at("entry_type"), "correction");
    EXPECT_EQ(correction.body.at("corrects"), 3);
    EXPECT_EQ(correction.body.at("author"), "max");
    EXPECT_EQ(correction.body.at("author_name"), "Max");
    EXPECT_EQ(correction.body.at("digest").get<std::string>().size(), 64U);
    std::vector<std::int64_t> seen;
    std::string target = "/api/v1/logbook?limit=4";
    for (int i = 0; i < 3; ++i) {
        const auto page = get("lea", target);
        for (const auto& row : page.body.at("rows"))
            seen.push_back(row.at("number"));
        if (!page.body.contains("next")) break;
        target = "/api/v1/logbook?limit=4&cursor=" + page.body.at("next").get<std::string>();
    }
    EXPECT_THAT(seen, ElementsAre(6, 5, 4, 3, 2, 1));
    EXPECT_EQ(get("lea", "/api/v1/logbook?from=yesterday").status, 422U);
    EXPECT_TRUE(get("lea", "/api/v1/logbook?from=" + at(1)).body.at("rows").empty());
    EXPECT_EQ(get("lea", "/api/v1/logbook?to=" + at(1)).body.at("rows").size(), 6U);
    EXPECT_EQ(get("zoe", "/api/v1/logbook").status, 403U);
    EXPECT_EQ(post("ivo", "/api/v1/logbook", {{"text", "x"}}).status, 403U);
    EXPECT_EQ(post("lea", "/api/v1/logbook", {{"text", "x"}, {"incident", 4711}}).status, 422U);
}

TEST_F(Logbook, VerifiesWhatNobodyTouched) {
    EXPECT_EQ(verify().at("whole"), true);
    EXPECT_EQ(verify().at("entries"), 0);
    write_five();
    const auto whole = verify();
    EXPECT_EQ(whole.at("whole"), true);
    EXPECT_EQ(whole.at("entries"), 5);
    EXPECT_EQ(whole.at("digest"), get("lea", "/api/v1/logbook").body.at("rows")[0].at("digest"));
}

TEST_F(Logbook, NamesTheEntryOfWhichOneByteWasChanged) {
    write_five();
    as_superuser(
        "update logbook_entry set text_fr = replace(text_fr, 'numéro 3', 'numéro 8') "
        "where number = 3");
    const auto broken = verify();
    EXPECT_EQ(broken.at("whole"), false);
    EXPECT_EQ(broken.at("fault").at("number"), 3);
    EXPECT_EQ(broken.at("entries"), 2);
}

TEST_F(Logbook, NoticesEveryColumnThatIsChanged) {
    const auto incident = open_incident();
    dispatch(incident);
    post("lea", "/api/v1/logbook",
         {{"text", "and so on"}, {"incident", incident}, {"corrects", 1}});
    const auto last = verify().at("entries").get<int>();
    ASSERT_EQ(verify().at("whole"), true);
    for (const char* change :
         {"at = at + interval '1 microsecond'", "recorded_at = recorded_at - interval '1 second'",
          "author = 'max'", "author_name = author_name || ' '", "entry_type = 'note '",
          "text_en = ''", "incident = null", "corrects = null", "corrects = 2", "commitment = ''",
          "intervention = 1"}) {
        as_superuser("create table kept as select * from logbook_entry");
        as_superuser(std::string("update logbook_entry set ") + change +
                     " where number = " + std::to_string(last));
        EXPECT_EQ(verify().at("fault").at("number"), last) << change;
        as_superuser("delete from logbook_entry where number = " + std::to_string(last));
        as_superuser("insert into logbook_entry select * from kept where number = " +
                     std::to_string(last));
        as_superuser("drop table kept");
        ASSERT_EQ(verify().at("whole"), true);
    }
}

TEST_F(Logbook, NoticesWhatWasTakenAway) {
    write_five();
    as_superuser("delete from logbook_entry where number = 5");
    EXPECT_EQ(verify().at("fault").at("number"), 5) << "even at the end";
    as_superuser("delete from logbook_entry where number = 2");
    EXPECT_EQ(verify().at("fault").at("number"), 2);
}

TEST_F(Logbook, IsAppendOnlyForTheServerItself) {
    const auto incident = open_incident();
    dispatch(incident);
    for (const char* table : {"logbook_entry", "incident_transition", "intervention_transition"}) {
        for (const std::string& statement :
             {"update " + std::string(table) + " set author = 'nobody'",
              "delete from " + std::string(table), "truncate " + std::string(table)}) {
            try {
                sql(database.app_url(), statement);
                ADD_FAILURE() << statement << " was allowed";
            } catch (const store::Refused& refused) {
                EXPECT_EQ(refused.sqlstate, "42501") << statement;
            }
        }
    }
    EXPECT_EQ(verify().at("whole"), true);
}

TEST_F(Logbook, NumbersWithoutHolesHoweverManyWrite) {
    const auto write = [&](const char* who) {
        for (int i = 0; i < 25; ++i)
            post(who, "/api/v1/logbook", {{"text", "x"}});
        post(who, "/api/v1/logbook", {{"text", "x"}, {"corrects", 4711}});  // rolled back
    };
    std::thread other([&] { write("max"); });
    write("lea");
    other.join();
    const auto whole = verify();
    EXPECT_EQ(whole.at("whole"), true);
    EXPECT_EQ(whole.at("entries"), 50);
}

class Contacts : public ControlRoom {
protected:
    Contacts() {
        const auto told = post("lea", "/api/v1/contacts",
                               {{"channel", "phone"},
                                {"summary", "Lights out in rue Monge"},
                                {"caller_name", "Jeanne Martin"},
                                {"callback_number", "+33 3 80 00 00 00"},
                                {"position", {5.05, 47.33}}});
        EXPECT_EQ(told.status, 201U) << told.body.dump();
        created = told.body;
        path = "/api/v1/contacts/" + created.value("id", "");
    }
    json created;
    std::string path;
};

TEST_F(Contacts, KeepTheCallerApart) {
    EXPECT_EQ(created.at("has_caller"), true);
    EXPECT_FALSE(created.contains("caller_name"));
    const auto entry = get("lea", "/api/v1/logbook").body.at("rows")[0];
    EXPECT_EQ(entry.at("entry_type"), "contact");
    EXPECT_EQ(entry.at("text").at("en"), "Contact received by phone: Lights out in rue Monge");
    EXPECT_EQ(entry.dump().find("Martin"), std::string::npos);
    EXPECT_EQ(one("select count(*)::text as one from contact_caller"), "1");
    EXPECT_EQ(get("ivo", path).status, 403U);
    EXPECT_EQ(get("zoe", path).status, 403U);
    EXPECT_EQ(get("lea", "/api/v1/contacts/99").status, 404U);
    EXPECT_EQ(get("lea", "/api/v1/contacts/x").status, 404U);
}

TEST_F(Contacts, AreReadWithTheCallerOnlyOnTheRecord) {
    const auto told = get("max", path);
    ASSERT_EQ(told.status, 200U) << told.body.dump();
    EXPECT_EQ(told.body.at("caller_name"), "Jeanne Martin");
    EXPECT_EQ(told.body.at("callback_number"), "+33 3 80 00 00 00");
    EXPECT_EQ(one("select author as one from audit where action = 'contact_read' and target = '" +
                  path + "'"),
              "max");
}

TEST_F(Contacts, CanBeErasedWhileTheChainHolds) {
    const auto verify = [&] { return get("", "/admin/v1/logbook/verify").body; };
    EXPECT_EQ(verify().at("whole"), true);
    sql(database.superuser_url(), "update contact_caller set caller_name = 'Jean Dupont'");
    EXPECT_EQ(verify().at("fault").at("number"), 1) << "another name than the one committed to";
    EXPECT_EQ(operations->erase_callers(clock.now()), 0U) << "not old enough";
    EXPECT_EQ(operations->erase_callers(clock.now() + std::chrono::seconds{1}), 1U);
    EXPECT_EQ(get("lea", "/api/v1/logbook").body.at("rows")[0].at("entry_type"), "callers_erased");
    EXPECT_EQ(verify().at("whole"), true);
    const auto told = get("lea", path);
    EXPECT_EQ(told.status, 200U);
    EXPECT_FALSE(told.body.contains("caller_name"));
}

TEST_F(Contacts, MayBelongToAnIncidentFromTheStart) {
    const auto incident = open_incident();
    const auto told = post("lea", "/api/v1/contacts",
                           {{"channel", "radio"},
                            {"summary", "Second call"},
                            {"incident", incident},
                            {"answered", true}});
    ASSERT_EQ(told.status, 201U) << told.body.dump();
    EXPECT_EQ(told.body.at("incident"), incident);
    EXPECT_EQ(told.body.at("has_caller"), false);
    const auto detail = get("lea", "/api/v1/incidents/" + std::to_string(incident)).body;
    EXPECT_EQ(detail.at("contact_rows")[0].at("summary"), "Second call");
    EXPECT_EQ(detail.at("story").back().at("text").at("fr"),
              "Sollicitation traitée par radio : Second call");
    EXPECT_EQ(post("lea", "/api/v1/contacts",
                   {{"channel", "radio"}, {"summary", "x"}, {"incident", 4711}})
                  .status,
              422U);
    EXPECT_EQ(post("lea", "/api/v1/contacts", {{"channel", "fax"}, {"summary", "x"}}).status, 422U);
    EXPECT_EQ(post("lea", "/api/v1/contacts", {{"channel", "phone"}}).status, 422U);
}

TEST_F(Contacts, AreAttachedToOpenIncidentsByWhoMayWorkOnThem) {
    const auto incident = post("lea", "/api/v1/incidents", {{"asset", "SJ-1"}, {"title", "x"}})
                              .body.at("number")
                              .get<std::int64_t>();
    const auto attach = [&](const std::string& who) {
        return post(who, "/api/v1/contacts",
                    {{"channel", "radio"}, {"summary", "x"}, {"incident", incident}});
    };
    auto listener = people.at("lea");
    listener.login = "lou";
    for (auto& grant : listener.grants) {
        if (grant.service == "operations") grant.level = access::Level::view;
    }
    people["lou"] = listener;
    EXPECT_EQ(attach("lou").status, 403U) << "to see an incident is not to work on it";
    EXPECT_EQ(attach("max").status, 201U);
    ASSERT_EQ(post("lea", "/api/v1/incidents/" + std::to_string(incident) + "/close",
                   {{"reason", "solved"}})
                  .status,
              200U);
    const auto late = attach("max");
    EXPECT_EQ(late.status, 409U);
    EXPECT_EQ(late.body.at("state"), "closed");
    const auto detail = get("lea", "/api/v1/incidents/" + std::to_string(incident)).body;
    EXPECT_EQ(detail.at("contact_rows").size(), 1U);
}

}  // namespace
}  // namespace vigie::operations
