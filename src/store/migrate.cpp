#include "vigie/store/migrate.hpp"

#include <sodium.h>

#include <array>
#include <charconv>
#include <pqxx/pqxx>
#include <stdexcept>

#include "vigie/base/text.hpp"

namespace vigie::store {

namespace {

constexpr std::int64_t advisory_lock = 0x7669676965;  // "vigie"

std::string checksum_of(std::string_view text) {
    std::array<unsigned char, 32> hash{};
    crypto_generichash(hash.data(), hash.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr,
                       0);
    return base::to_hex(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

int version_of(std::string_view name) {
    int version = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
    if (error != std::errc{} || *end != '_' || version <= 0) {
        throw std::runtime_error("not the name of a migration: " + std::string(name));
    }
    return version;
}

std::vector<Migration> compare(pqxx::transaction_base& tx,
                               std::span<const base::EmbeddedFile> files) {
    std::vector<Migration> migrations;
    for (const auto& file : files) {
        migrations.push_back(
            {version_of(file.name), std::string(file.name), checksum_of(file.text), false});
    }
    if (tx.exec("select to_regclass('schema_migration')")[0][0].is_null()) return migrations;
    for (const auto& row :
         tx.exec("select version, name, checksum from schema_migration order by version")) {
        const int version = row["version"].as<int>();
        bool known = false;
        for (auto& migration : migrations) {
            if (migration.version != version) continue;
            known = migration.applied = true;
            if (migration.checksum != row["checksum"].as<std::string>()) {
                throw std::runtime_error("migration " + migration.name +
                                         " was applied with another text; this program and this "
                                         "database do not belong together");
            }
        }
        if (!known) {
            throw std::runtime_error(
                "the database knows migration " + row["name"].as<std::string>() +
                ", which this program does not: it is older than its database");
        }
    }
    return migrations;
}

void ensure_record(pqxx::transaction_base& tx) {
    tx.exec(
        "create table if not exists schema_migration (version int4 primary key, name text not "
        "null, "
        "checksum text not null, applied_at timestamptz not null default now())");
    tx.exec("grant select on schema_migration to vigie_app");
}

}  // namespace

std::vector<Migration> migration_status(const std::string& owner_url,
                                        std::span<const base::EmbeddedFile> files) {
    // Only read: whoever migrates at the same time must not be met on the record's own row.
    pqxx::connection connection(owner_url);
    pqxx::read_transaction tx(connection);
    return compare(tx, files);
}

std::vector<std::string> migrate(const std::string& owner_url,
                                 std::span<const base::EmbeddedFile> files,
                                 const std::function<void(const std::string&)>& progress) {
    pqxx::connection connection(owner_url);
    pqxx::nontransaction session(connection);
    session.exec("set client_min_messages = warning");
    session.exec("select pg_advisory_lock(" + std::to_string(advisory_lock) + ")");
    session.commit();
    std::vector<std::string> applied;
    std::vector<Migration> migrations;
    {
        pqxx::work tx(connection);
        ensure_record(tx);
        migrations = compare(tx, files);
        tx.commit();
    }
    for (std::size_t i = 0; i < migrations.size(); ++i) {
        if (migrations[i].applied) continue;
        if (progress) progress(migrations[i].name);
        pqxx::work tx(connection);
        tx.exec(std::string(files[i].text));
        tx.exec_params("insert into schema_migration (version, name, checksum) values ($1, $2, $3)",
                       migrations[i].version, migrations[i].name, migrations[i].checksum);
        tx.commit();
        applied.push_back(migrations[i].name);
    }
    return applied;
}

}  // namespace vigie::store
