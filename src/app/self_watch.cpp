#include "app/self_watch.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

namespace vigie::app {

namespace {

constexpr auto silence = "database_silent";

// A word takes a millisecond, under any load that leaves the machine alive.
constexpr std::chrono::milliseconds silence_told_after{400};
// A batch may take its time, for the disk or for a lock, in a database that is well.
constexpr std::chrono::milliseconds waiting_told_after{1'000};

bool worse(const Trouble& a, const Trouble& b) {
    return std::tie(a.priority, a.code) < std::tie(b.priority, b.code);
}

double gib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / (1024.0 * 1024 * 1024);
}

std::string row_of(const Trouble& trouble, base::Instant since) {
    return nlohmann::json{{"code", trouble.code},
                          {"priority", trouble.priority},
                          {"since", base::to_rfc3339(since)},
                          {"text", {{"en", trouble.text.en}, {"fr", trouble.text.fr}}}}
        .dump();
}

void judge_database(const Vitals& v, std::vector<Trouble>& found) {
    if (v.database_away) {
        found.push_back({"database_away",
                         1,
                         {"the database is away: observations and alarms are kept in the spool, "
                          "decisions are refused until it is back",
                          "la base de données est absente : mesures et alarmes sont gardées dans "
                          "le tampon, les décisions sont refusées jusqu'à son retour"}});
    } else if (v.database_silent >= silence_told_after) {
        found.push_back(
            {silence, 2, {"the database does not answer", "la base de données ne répond pas"}});
    } else if (v.storing_waits >= waiting_told_after) {
        found.push_back({"database_slow",
                         2,
                         {"the database takes long to store what comes in",
                          "la base de données met longtemps à enregistrer ce qui arrive"}});
    } else if (v.spool_bytes > 0 && hold_of(v).drain) {
        found.push_back({"spool_waits",
                         2,
                         {"what was kept in the spool is not brought to the database before there "
                          "is room on the data disk",
                          "le contenu du tampon attend de la place sur le disque des données pour "
                          "être versé dans la base"}});
    } else if (v.spool_bytes > 0) {
        found.push_back({"spool_emptying",
                         3,
                         {"what was kept in the spool is being brought to the database",
                          "le contenu du tampon est en cours de versement dans la base"}});
    }
}

void judge_spool(const Vitals& v, std::vector<Trouble>& found) {
    if (v.spool_bytes >= v.spool_bytes_max / 10 * 9 || v.alarms_crowded) {
        found.push_back({"spool_full",
                         1,
                         {"the spool is full or nearly so: devices are made to wait",
                          "le tampon est plein ou presque : les équipements doivent attendre"}});
    }
    if (v.spool_damaged_bytes > 0) {
        found.push_back({"spool_damaged",
                         2,
                         {"a part of the spool could not be read and was kept aside: call city IT",
                          "une partie du tampon est illisible et a été mise de côté : prévenir "
                          "l'informatique"}});
    }
}

void judge_disk(const Vitals& v, const DiskLimits& limits, std::vector<Trouble>& found) {
    if (!v.disk_free) return;
    if (is_disk_short(v, limits, v.disk_short)) {
        found.push_back({"disk_full",
                         1,
                         {"the data disk is full: devices are made to wait",
                          "le disque des données est plein : les équipements doivent attendre"}});
    } else if (*v.disk_free < limits.alarm_bytes) {
        found.push_back(
            {"disk_low",
             2,
             {fmt::format("the data disk is filling: {:.1f} GiB are free", gib(*v.disk_free)),
              fmt::format("le disque des données se remplit : {:.1f} Gio libres",
                          gib(*v.disk_free))}});
    }
}

}  // namespace

std::vector<Trouble> troubles_of(const Vitals& vitals, const DiskLimits& limits) {
    std::vector<Trouble> found;
    judge_database(vitals, found);
    judge_spool(vitals, found);
    judge_disk(vitals, limits, found);
    std::ranges::sort(found, worse);
    return found;
}

bool is_disk_short(const Vitals& vitals, const DiskLimits& limits, bool was_short) {
    if (!vitals.disk_free) return was_short;  // it cannot be measured now
    return *vitals.disk_free < limits.min_bytes + (was_short ? limits.min_bytes / 10 : 0);
}

// Where the database has a disk of its own, the drain makes room.
Hold hold_of(const Vitals& vitals) {
    return {.devices = vitals.alarms_crowded || vitals.disk_short,
            .drain = vitals.disk_short && vitals.database_shares_disk};
}

SelfWatch::SelfWatch(live::Stream& stream, const base::Clock& clock, DiskLimits limits,
                     std::function<Vitals()> vitals, std::function<void(Hold)> hold)
    : stream_(stream),
      clock_(clock),
      limits_(limits),
      vitals_(std::move(vitals)),
      hold_(std::move(hold)) {
    stream_.add_topic({.name = "system",
                       .service = "alarms",
                       .snapshot = [this](access::Principal, live::StreamFilter)
                           -> boost::asio::awaitable<std::string> { co_return rows(); }});
}

void SelfWatch::start() {
    thread_ = std::thread([this] {
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            lock.unlock();
            look();
            lock.lock();
            stop_came_.wait_for(lock, look_every, [this] { return stopping_; });
        }
    });
}

void SelfWatch::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_came_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void SelfWatch::look() {
    auto vitals = vitals_();
    vitals.disk_short = is_disk_short(vitals, limits_, disk_short_);
    disk_short_ = vitals.disk_short;
    if (const auto hold = hold_of(vitals); hold != held_) {
        held_ = hold;
        hold_(hold);
    }
    std::vector<live::StreamRow> changed;
    {
        const std::lock_guard lock(mutex_);
        std::map<std::string, Standing> standing;
        for (const auto& trouble : found_in(vitals)) {
            const auto before = standing_.find(trouble.code);
            const bool is_new = before == standing_.end();
            const auto since = is_new ? beginning_of(trouble.code) : before->second.since;
            standing[trouble.code] = {trouble, since};
            if (!is_new && before->second.trouble.text == trouble.text) continue;
            if (is_new) spdlog::warn("self: {}", trouble.text.en);
            changed.push_back(
                {.key = trouble.code,
                 .json = std::make_shared<const std::string>(row_of(trouble, since))});
        }
        for (const auto& [code, gone] : standing_) {
            if (standing.contains(code)) continue;
            spdlog::info("self: over: {}", gone.trouble.text.en);
            changed.push_back({.key = code, .removed = true});
        }
        standing_ = std::move(standing);
    }
    if (!changed.empty()) stream_.publish("system", std::move(changed));
}

Vitals SelfWatch::vitals() const {
    auto vitals = vitals_();
    vitals.disk_short = disk_short_;
    return vitals;
}

std::vector<Trouble> SelfWatch::found_in(const Vitals& vitals) {
    auto found = troubles_of(vitals, limits_);
    const auto is_silence = [](const Trouble& one) { return one.code == silence; };
    const auto now = clock_.steady();
    if (std::ranges::any_of(found, is_silence)) {
        silent_last_ = now;
    } else if (const auto before = standing_.find(silence);
               before != standing_.end() && !vitals.database_away &&
               now - silent_last_ < silence_over_after) {
        found.push_back(before->second.trouble);
    }
    return found;
}

// A database that is away after it was silent is away since then.
base::Instant SelfWatch::beginning_of(const std::string& code) const {
    const auto before = standing_.find(silence);
    const bool follows = code == "database_away" && before != standing_.end();
    return follows ? before->second.since : clock_.now();
}

std::string SelfWatch::rows() const {
    const std::lock_guard lock(mutex_);
    std::string out = "[";
    for (const auto& [code, standing] : standing_) {
        if (out.size() > 1) out += ',';
        out += row_of(standing.trouble, standing.since);
    }
    return out + ']';
}

}  // namespace vigie::app
