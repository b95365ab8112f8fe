#include "vigie/access/audit.hpp"

#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "tests/support/pgtest_database.hpp"

namespace vigie::access {
namespace {

class AuditTest : public testing::Test {
protected:
    void append(int count) {
        for (int i = 0; i < count; ++i)
            pool.write_now([&](store::Transaction& tx) {
                auto entry = audit_entry(admin_principal("root"), base::from_epoch_ms(1000 + i),
                                         "act", "target " + std::to_string(i));
                entry.peer = i % 2 == 0 ? "192.0.2.1" : "";
                return append_audit(tx, entry);
            });
    }
    ChainReport verify() {
        return pool.read_now([](store::Transaction& tx) { return verify_audit(tx); });
    }
    void as(const std::string& url, const std::string& sql) {
        pqxx::connection connection(url);
        pqxx::work work(connection);
        work.exec(sql);
        work.commit();
    }

    test::Database database;
    store::Pool pool{database.app_url(), 2};
};

TEST_F(AuditTest, VerifiesWhatWasAppended) {
    EXPECT_EQ(verify().entries, 0);
    append(7);
    const auto report = verify();
    EXPECT_EQ(report.entries, 7);
    EXPECT_FALSE(report.fault) << report.fault->reason.en;
    EXPECT_EQ(report.digest.size(), 64U);
}

TEST_F(AuditTest, NamesTheEntryASuperuserTouched) {
    append(9);
    const std::pair<const char*, std::int64_t> touches[] = {
        {"update audit set author = 'admin:rooT' where number = 4", 4},
        {"update audit set at = at + interval '1 microsecond' where number = 3", 3},
        {"update audit_private set value = '192.0.2.2' where number = 1", 1},
        {"delete from audit where number = 2", 2},
    };
    // Each touch lies before the one made earlier, so that it is the first to be found.
    for (const auto& [sql, number] : touches) {
        if (number == 1) {
            as(database.superuser_url(),
               "update audit set at = at - interval '1 microsecond' "
               "where number = 3");
            as(database.superuser_url(), "update audit set author = 'admin:root' where number = 4");
            EXPECT_FALSE(verify().fault);
        }
        as(database.superuser_url(), sql);
        const auto report = verify();
        ASSERT_TRUE(report.fault) << sql;
        EXPECT_EQ(report.fault->number, number) << sql;
    }
}

TEST_F(AuditTest, TheServersRoleCannotRewriteIt) {
    append(1);
    for (const char* sql : {"update audit set author = 'x'", "delete from audit", "truncate audit",
                            "update audit_private set value = 'x'", "delete from chain_head",
                            "insert into chain_head (chain) values ('other')",
                            "alter table audit disable row level security", "drop table audit"})
        EXPECT_THROW(as(database.app_url(), sql), pqxx::insufficient_privilege) << sql;
    EXPECT_FALSE(verify().fault);
}

TEST_F(AuditTest, StillVerifiesOnceAddressesWereErased) {
    append(6);
    const auto erase = [this](std::int64_t before_ms) {
        return pool.write_now([&](store::Transaction& tx) {
            return erase_addresses(tx, base::from_epoch_ms(before_ms), base::from_epoch_ms(9000));
        });
    };
    EXPECT_EQ(erase(1000), 0U);
    EXPECT_EQ(erase(1003), 2U) << "of the entries at 1000 and 1002";
    EXPECT_FALSE(verify().fault);
    EXPECT_EQ(verify().entries, 7) << "the erasure is itself an entry";
}

TEST_F(AuditTest, LeavesNoTraceOfWhatWasRolledBack) {
    append(2);
    EXPECT_THROW(pool.write_now([&](store::Transaction& tx) {
        append_audit(tx, audit_entry(admin_principal("root"), {}, "act", "t"));
        throw std::runtime_error("changed its mind");
    }),
                 std::runtime_error);
    append(1);
    EXPECT_EQ(verify().entries, 3);
    EXPECT_FALSE(verify().fault);
}

}  // namespace
}  // namespace vigie::access
