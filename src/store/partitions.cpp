#include "store/partitions.hpp"

#include <cstdio>

namespace vigie::store {

namespace {

// A day is packed and dropped: to freeze what is only inserted writes each of its pages once more,
// while devices wait for the same disk.
constexpr const char* never_vacuumed_for_inserts = "autovacuum_vacuum_insert_threshold = -1";

std::string stamp(Day day) {
    const std::chrono::year_month_day date{day};
    char text[16];
    std::snprintf(text, sizeof text, "%04d%02u%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text;
}

std::string literal(Day day) {
    return "'" + base::to_rfc3339(base::Instant{day}) + "'";
}

}  // namespace

std::string partition_name(Day day) {
    return "frame_" + stamp(day);
}

std::optional<Day> partition_day(const std::string& name) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    if (std::sscanf(name.c_str(), "frame_%4d%2u%2u", &year, &month, &day) != 3) return std::nullopt;
    return Day{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)};
}

void Partitions::connect() {
    if (owner_) return;
    owner_ = std::make_unique<PgConnection>(owner_url_, answer_limit_);
    owner_->execute("set client_min_messages = warning");
}

void Partitions::load() {
    const std::lock_guard lock(mutex_);
    connect();
    known_.clear();
    const auto names = owner_->column(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid "
        "where i.inhparent = 'frame'::regclass");
    for (const auto& name : names) {
        if (const auto day = partition_day(name)) known_.insert(*day);
    }
}

void Partitions::ensure(Day day) {
    const std::lock_guard lock(mutex_);
    if (known_.contains(day)) return;
    connect();
    const std::string name = partition_name(day);
    try {
        // LIKE, then ATTACH: creating a partition in place would lock out readers and writers of
        // the parent. The lock serialises two programs on one database.
        owner_->execute("begin");
        owner_->execute("select pg_advisory_xact_lock(5931)");
        owner_->execute(("create table if not exists " + name +
                         " (like frame including all) with (" + never_vacuumed_for_inserts + ")")
                            .c_str());
        const auto attached = owner_->column(
            ("select 1 from pg_inherits where inhparent = 'frame'::regclass and inhrelid = '" +
             name + "'::regclass")
                .c_str());
        if (attached.empty()) {
            owner_->execute(("alter table frame attach partition " + name + " for values from (" +
                             literal(day) + ") to (" + literal(day + std::chrono::days{1}) + ")")
                                .c_str());
        }
        owner_->execute("commit");
    } catch (...) {
        owner_.reset();
        throw;
    }
    known_.insert(day);
}

}  // namespace vigie::store
