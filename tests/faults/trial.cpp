#include "tests/faults/trial.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace vigie::faults {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t observations = 6'000;  // a round
constexpr std::size_t assets = 40;
constexpr milliseconds step{250};
// Of event time, an attempt.
constexpr milliseconds attempt_span = step * (observations / assets);
constexpr std::chrono::hours back_at_least{6};
constexpr std::chrono::days back_at_most{28};
constexpr seconds back_limit{60};
constexpr seconds flush_limit{1};

// The disks are small; the server is not to stop before they are really full. Rows are looked for
// where they were stored, so no day is packed away meanwhile.
constexpr const char* settings =
    "[storage]\ndisk_free_alarm_bytes = 0\ndisk_free_min_bytes = 0\nclose_after_days = 365\n";

std::vector<std::string> codes() {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < assets; ++i)
        all.push_back(fmt::format("LP-{:04}", i));
    return all;
}

base::Instant start_of(std::size_t attempts) {
    const auto needed = std::chrono::ceil<std::chrono::hours>(attempt_span * attempts);
    return std::chrono::floor<std::chrono::hours>(base::SystemClock{}.now()) -
           std::max(needed, back_at_least);
}

template <typename Number>
Number between(Random& random, Number from, Number to) {
    return std::uniform_int_distribution<Number>(from, to)(random);
}

}  // namespace

const std::size_t Trial::attempts_max = back_at_most / attempt_span;

Trial::Trial(const std::filesystem::path& parent, e2e::LoopDisk* disk, seconds found_limit,
             std::size_t attempts)
    : disk_(disk),
      found_limit_(found_limit),
      city_(parent, settings, fmt::format("answer_limit_s = {}\n", answer_limit.count())),
      assets_(codes()),
      sent_(assets_, start_of(attempts), step) {
    city_.start();
    city_.plant("light_point", assets_);
    city_.plant("light_point", {"PROBE"});
    gateway_ = city_.credential({{"name", "gateway"}, {"all_assets", true}});
    // Settings that somebody wrote long ago; from here on only what the server itself syncs counts.
    const int folder = open(city_.folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    syncfs(folder);
    close(folder);
}

LoadPlan Trial::plan(const FaultKind& kind, Random& random) {
    LoadPlan plan;
    plan.run = {next_, observations};
    next_ += observations;
    if (sent_.observed_at(next_) > base::SystemClock{}.now())
        throw std::runtime_error(fmt::format(
            "the event time of attempt {} lies ahead of the clock: more than was asked for",
            next_ / observations));
    plan.shuffled = between(random, 0, 1) == 1;
    plan.through_relay = kind.through_relay;
    // Until the spool takes them, and then all at once, as many must be left to be on their way.
    plan.strike_at =
        between<std::size_t>(random, 1, kind.into_spool ? observations / 4 : observations * 3 / 4);
    plan.strike_after = std::chrono::microseconds{between(random, 0, 10'000)};
    return plan;
}

Outcome Trial::play(const FaultKind& kind, Random& random) {
    const LoadPlan plan = this->plan(kind, random);
    const bool silent = kind.fault == Fault::cluster_silent;
    const milliseconds lasts{between(random, silent ? 2'000 : 300, silent ? 4'000 : 3'000)};
    prepare(kind.fault, city_);
    Load load(city_, gateway_, sent_, plan, random);
    Outcome outcome;
    Befallen befallen;
    const bool after_flush = kind.ends_server && !kind.into_spool && plan.shuffled;
    if (after_flush) begin_before_a_flush();
    const auto at_strike = load.run([&](Relay& relay) {
        outcome.flushed =
            after_flush && e2e::until([&] { return is_flushed(plan.run); }, flush_limit);
        befallen = strike(kind, lasts, load, relay);
    });
    outcome.spooled = befallen.spooled;
    outcome.on_idle = befallen.on_idle;
    outcome.back = wait_until_back(kind);
    outcome.acknowledged = load.acknowledged_count();
    outcome.unacknowledged = observations - outcome.acknowledged;
    outcome.refused = load.refused();
    outcome.counts = at_strike.struck && at_strike.failure.empty() && at_strike.acknowledged > 0 &&
                     at_strike.on_the_wire > 0 && (!kind.into_spool || outcome.spooled > 0);
    outcome.why = at_strike.failure.empty() ? "nothing was on its way" : at_strike.failure;
    const auto found = look_until_found(plan.run, load.acknowledged());
    outcome.found = found.rows;
    outcome.lost = found.lost(load.acknowledged());
    outcome.doubled = found.doubles;
    outcome.wrong = found.wrong + found.strangers;
    // The round before, too: it is older than what a start reads back.
    outcome.unshown = look_until_shown(plan.run.first - std::min(plan.run.first, observations));
    send_again(plan.run, load.acknowledged());
    const auto in_the_end = look_until_found(plan.run, std::vector<bool>(observations, true));
    outcome.doubled = std::max(outcome.doubled, in_the_end.doubles);
    outcome.wrong = std::max(outcome.wrong, in_the_end.wrong + in_the_end.strangers);
    outcome.missing_in_the_end = observations - std::min(observations, in_the_end.rows);
    return outcome;
}

// Last values are flushed every five seconds: the next time in the midst of the load, so that a
// start has to find what came out of order since.
void Trial::begin_before_a_flush() const {
    const auto is_due = [this] {
        return city_
            .sql(
                "select coalesce(clock_timestamp() - max(seen_at) between '4.97 s' and '5.1 s', "
                "false) "
                "from live_run")[0][0]
            .as<bool>();
    };
    (void)e2e::until(is_due, seconds{20});
}

bool Trial::is_flushed(e2e::Run run) const {
    return city_
        .sql(fmt::format("select exists (select from last_value join asset on id = asset_id where "
                         "code like 'LP-%' and newest_at >= '{}')",
                         base::to_rfc3339(sent_.observed_at(run.first))))[0][0]
        .as<bool>();
}

Befallen Trial::strike(const FaultKind& kind, milliseconds lasts, Load& load, Relay& relay) {
    if (kind.through_relay) load.now();
    if (kind.fault == Fault::connections_cut) relay.cut();
    if (kind.fault == Fault::clients_vanish) relay.fall_silent();
    const auto befallen = befall(kind, city_, lasts, [&load] { load.now(); });
    over_at_ = std::chrono::steady_clock::now();
    return befallen;
}

milliseconds Trial::wait_until_back(const FaultKind& kind) {
    if (kind.ends_server) {
        if (!city_.wait_until_dead(seconds{60})) throw std::runtime_error("the server lives on");
        if (cuts_power(kind.fault)) disk_->cut_power();
        over_at_ = std::chrono::steady_clock::now();
        city_.start();
    }
    if (!e2e::until([this] { return takes_observations(); }, back_limit))
        throw std::runtime_error(fmt::format("not back within {} s", back_limit.count()));
    return std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - over_at_);
}

bool Trial::takes_observations() {
    const std::string message = fmt::format(
        R"({{"asset":"PROBE","t":"{}","values":{{"power_w":{}}}}})",
        base::to_rfc3339(sent_.observed_at(next_ - 1) + milliseconds{static_cast<long>(probes_)}),
        probes_ % 1'000);
    const std::string who = gateway_.user_name + ":" + gateway_.password;
    const auto answer = e2e::exchange(
        city_.device_http(), {.method = "POST",
                              .target = "/ingest/v1/observations",
                              .body = message,
                              .headers = {{"Content-Type", "application/json"},
                                          {"Authorization", "Basic " + e2e::base64(who)}}});
    if (answer.status != 200) return false;
    ++probes_;
    return e2e::exchange(city_.metrics(), {.target = "/readyz"}).status == 200;
}

// The database may be away still, and what was acknowledged lie in the spool: both end by
// themselves.
e2e::Found Trial::look_until_found(e2e::Run run, const std::vector<bool>& expected) const {
    e2e::Found found;
    const auto all_there = [&] {
        try {
            found = e2e::look(city_, sent_, run);
        } catch (const pqxx::failure&) {
            return false;
        }
        return found.lost(expected) == 0;
    };
    if (!e2e::until(all_there, found_limit_) && found.stored.empty())
        throw std::runtime_error("the database does not come back");
    return found;
}

// What is stored and not yet shown may be on its way.
std::size_t Trial::look_until_shown(std::size_t first) const {
    std::size_t differing = 0;
    const bool is_shown =
        e2e::until([&] { return (differing = unshown(first)) == 0; }, found_limit_);
    return is_shown ? 0 : differing;
}

// Of how many properties of assets the live city shows another instant than the newest that is
// stored of what was sent from that number on.
std::size_t Trial::unshown(std::size_t first) const {
    std::map<std::pair<std::string, std::string>, std::int64_t> shown;
    const auto live = city_.admin_get("/admin/v1/live?kind=light_point&limit=200");
    for (const auto& row : live.at("rows")) {
        for (const auto& value : row.at("values"))
            shown[{row.at("code"), value.at("property")}] =
                base::epoch_us(*base::parse_rfc3339(value.at("observed_at").get<std::string>()));
    }
    std::size_t differing = 0;
    for (const auto& row : city_.sql(fmt::format(
             "select a.code, p.code, (extract(epoch from max(f.observed_at)) * 1000000)::int8 "
             "from frame f join asset a on a.id = f.asset_id "
             "cross join lateral unnest(f.vals) with ordinality as u (v, i) "
             "join kind_property p on p.kind_id = a.kind_id and p.position = u.i - 1 "
             "where u.v is not null and a.code like 'LP-%' and f.observed_at >= '{}' group by 1, 2",
             base::to_rfc3339(sent_.observed_at(first))))) {
        const auto found = shown.find({row[0].as<std::string>(), row[1].as<std::string>()});
        differing += found == shown.end() || found->second != row[2].as<std::int64_t>() ? 1 : 0;
    }
    return differing;
}

// As a device does that kept what it has no answer for.
void Trial::send_again(e2e::Run run, const std::vector<bool>& acknowledged) {
    std::vector<e2e::Device::Message> messages;
    for (std::size_t i = 0; i < run.count; ++i) {
        if (!acknowledged[i]) messages.push_back(sent_.message(run.first + i));
    }
    e2e::Device device(city_.mqtt_port(), gateway_, wire::mqtt::Version::v5, "again");
    (void)device.publish_all(messages);
}

std::size_t Trial::astray() const {
    const auto rows = city_
                          .sql(
                              "select count(*) from frame join asset on asset.id = asset_id where "
                              "code <> 'PROBE'")[0][0]
                          .as<std::size_t>();
    const auto quarantined = city_.sql("select count(*) from quarantine")[0][0].as<std::size_t>();
    return (rows > next_ ? rows - next_ : next_ - rows) + quarantined;
}

}  // namespace vigie::faults
