#include "vigie/store/predecessors.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <thread>

#include "store/pg.hpp"

namespace vigie::store {

namespace {

constexpr std::chrono::seconds end_limit{5};
constexpr std::chrono::milliseconds looked_at_every{5};

constexpr const char* end_them = R"sql(
    select pg_terminate_backend(pid) from pg_stat_activity
     where usename = current_user and datname = current_database()
       and application_name = current_setting('application_name') and pid <> pg_backend_pid())sql";

bool names_itself(const std::string& url) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
        PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree};
    for (const auto* one = options.get(); one != nullptr && one->keyword != nullptr; ++one) {
        if (std::string_view(one->keyword) == "application_name")
            return one->val != nullptr && *one->val != '\0';
    }
    return false;
}

void end_all(PgConnection& pg) {
    const auto until = std::chrono::steady_clock::now() + end_limit;
    std::size_t found = 0;
    for (auto left = pg.column(end_them); !left.empty(); left = pg.column(end_them)) {
        found = std::max(found, left.size());
        if (std::chrono::steady_clock::now() > until) {
            spdlog::warn(
                "{} connections of an earlier server do not end: what they commit later is stored, "
                "but shown only after the next start",
                left.size());
            return;
        }
        std::this_thread::sleep_for(looked_at_every);
    }
    if (found > 0) spdlog::info("{} connections of an earlier server were ended", found);
}

}  // namespace

std::string as_program(const std::string& url) {
    if (names_itself(url)) return url;
    const bool is_uri = url.starts_with("postgresql://") || url.starts_with("postgres://");
    if (!is_uri) return url + " " + name_of_program;
    return url + (url.find('?') == std::string::npos ? "?" : "&") + name_of_program;
}

void end_predecessors(const std::string& url) {
    PgConnection pg(url);
    try {
        end_all(pg);
    } catch (const Refused& refused) {
        spdlog::warn(
            "connections of an earlier server cannot be ended; the database's administrator may "
            "grant its role execute on pg_terminate_backend(integer, bigint): {}",
            refused.what());
    }
}

}  // namespace vigie::store
