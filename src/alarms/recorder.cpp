#include "vigie/alarms/recorder.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "alarms/alarm_store.hpp"
#include "alarms/meanwhile.hpp"

namespace vigie::alarms {

namespace {

using base::Errc;

constexpr std::chrono::seconds try_again_after{1};

std::vector<std::string> ids_of(const std::vector<Occurrence>& batch) {
    std::vector<std::string> ids;
    for (const auto& occurrence : batch)
        ids.push_back(occurrence.alarm);
    std::ranges::sort(ids);
    const auto rest = std::ranges::unique(ids);
    ids.erase(rest.begin(), rest.end());
    return ids;
}

Standing standing_of(const Alarm& alarm, int confirmed) {
    return {alarm.id,        alarm.asset,         alarm.rule, alarm.state,
            alarm.raised_at, alarm.suppressed_by, confirmed};
}

live::StreamRow stream_row(const Alarm& alarm, const assets::Catalogue& catalogue) {
    live::StreamRow row;
    row.key = alarm.id;
    row.removed = letter(alarm.state) == Letter::a;
    if (!row.removed) {
        row.json = std::make_shared<const std::string>(to_json(alarm, catalogue));
    }
    if (const auto* asset = catalogue.find(alarm.asset)) row.asset = asset->code;
    row.kind = alarm.kind;
    row.commune = alarm.commune;
    row.desk = alarm.desk;
    return row;
}

}  // namespace

Recorder::Recorder(store::Pool& pool, live::Stream& stream, const assets::Registry& registry,
                   const base::Clock& clock)
    : pool_(pool), stream_(stream), registry_(registry), clock_(clock) {}

Recorder::~Recorder() {
    stop();
}

void Recorder::in_transaction(std::function<void(store::Transaction&, const AlarmChange&)> work) {
    in_transaction_ = std::move(work);
}

void Recorder::on_recorded(std::function<void(const AlarmChange&)> listener) {
    listeners_.push_back(std::move(listener));
}

void Recorder::on_answer(std::function<void(std::vector<Standing>)> listener) {
    answer_ = std::move(listener);
}

void Recorder::keep_in(store::Spool& spool) {
    meanwhile_ = std::make_unique<Meanwhile>(spool);
}

void Recorder::record_left_over() {
    if (!meanwhile_) return;
    {
        const std::lock_guard lock(mutex_);
        auto left = meanwhile_->left_over();
        kept_ = left.size();
        submitted_ += left.size();
        queue_.insert(queue_.begin(), std::make_move_iterator(left.begin()),
                      std::make_move_iterator(left.end()));
    }
    while (waiting() > 0) {
        if (!record_batch()) throw store::Unavailable("alarm transitions that were kept wait");
    }
}

void Recorder::shown(const std::vector<Alarm>& alarms) {
    if (meanwhile_) meanwhile_->shown(alarms);
}

bool Recorder::ahead() const {
    const std::lock_guard lock(mutex_);
    return meanwhile_ && kept_ > 0;
}

std::optional<std::vector<Alarm>> Recorder::open(
    const std::function<bool(const Alarm&)>& wanted) const {
    if (!meanwhile_) return std::nullopt;
    return meanwhile_->open(wanted);
}

// --- the queue -----------------------------------------------------------------------------------

void Recorder::submit(std::vector<Occurrence> occurrences) {
    {
        const std::lock_guard lock(mutex_);
        submitted_ += occurrences.size();
        std::ranges::move(occurrences, std::back_inserter(queue_));
    }
    changed_.notify_all();
}

std::size_t Recorder::waiting() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

bool Recorder::settle(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    const auto target = submitted_;
    return changed_.wait_for(lock, limit, [this, target] { return recorded_ >= target; });
}

void Recorder::start() {
    thread_ = std::thread([this] { run(); });
}

void Recorder::stop(std::chrono::milliseconds limit) {
    if (!thread_.joinable()) return;
    if (!settle(limit)) {
        spdlog::warn("{} alarm transitions could not be recorded; the next start judges again",
                     waiting());
    }
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Recorder::run() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) return;
        }
        if (record_batch()) continue;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, try_again_after, [this] {
            return stopping_ || (meanwhile_ && !crowded_ && queue_.size() > kept_);
        });
        if (stopping_) return;
    }
}

std::vector<Occurrence> Recorder::next_batch() {
    const std::lock_guard lock(mutex_);
    const auto count = std::min(queue_.size(), batch_max);
    return {queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count)};
}

void Recorder::drop_batch(std::size_t count) {
    bool all_recorded = false;
    {
        const std::lock_guard lock(mutex_);
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
        recorded_ += count;
        all_recorded = kept_ > 0 && kept_ <= count;
        kept_ -= std::min(kept_, count);
    }
    if (all_recorded) meanwhile_->forget();
    changed_.notify_all();
}

// The city thread only adds to the queue's end.
void Recorder::keep_and_show() {
    if (!meanwhile_) return;
    for (;;) {
        std::vector<Occurrence> batch;
        {
            const std::lock_guard lock(mutex_);
            const auto count = std::min(queue_.size() - kept_, batch_max);
            const auto first = queue_.begin() + static_cast<std::ptrdiff_t>(kept_);
            batch.assign(first, first + static_cast<std::ptrdiff_t>(count));
        }
        crowded_ = !batch.empty() && !meanwhile_->keep(batch);
        if (batch.empty() || crowded_) return;
        {
            const std::lock_guard lock(mutex_);
            kept_ += batch.size();
        }
        stream(meanwhile_->take_in_all(batch, clock_.now()));
    }
}

bool Recorder::record_batch() {
    // What came since the last attempt is kept before the next one, which may take its time.
    if (away_) keep_and_show();
    const auto batch = next_batch();
    if (batch.empty()) return true;
    away_ = !try_to_record(batch);
    if (away_) {
        keep_and_show();
        return false;
    }
    crowded_ = false;
    in_doubt_ = false;
    drop_batch(batch.size());
    return true;
}

bool Recorder::try_to_record(const std::vector<Occurrence>& batch) {
    try {
        pool_.write_now([&](store::Transaction& tx) { record(tx, batch); });
        return true;
    } catch (const store::Refused& error) {
        spdlog::error("a batch of alarm transitions was refused, trying one by one: {}",
                      error.what());
        return record_each(batch);
    } catch (const store::Unavailable& error) {
        in_doubt_ |= error.in_doubt;
        if (!away_) {
            spdlog::warn("{} alarm transitions wait for the database: {}", waiting(), error.what());
        }
    } catch (const std::exception& error) {
        spdlog::error("{} alarm transitions wait: {}", waiting(), error.what());
    }
    return false;
}

// One that the database refuses for good must not hold back all others.
bool Recorder::record_each(const std::vector<Occurrence>& batch) {
    for (const auto& occurrence : batch) {
        try {
            pool_.write_now([&](store::Transaction& tx) { record(tx, {occurrence}); });
        } catch (const store::Refused& error) {
            spdlog::error("alarm {} ({} on asset {}): {} is lost: {}", occurrence.alarm,
                          occurrence.rule, occurrence.asset, to_string(occurrence.event),
                          error.what());
        } catch (const std::exception& error) {
            spdlog::warn("alarm transitions wait for the database: {}", error.what());
            return false;
        }
    }
    return true;
}

// --- the transaction -----------------------------------------------------------------------------

void Recorder::record(store::Transaction& tx, const std::vector<Occurrence>& batch) {
    const auto now = clock_.now();
    const auto ids = ids_of(batch);
    auto kept = lock_alarms(tx, ids);
    auto known = read_rule_transitions(tx, ids);
    std::map<std::string, int> confirmed;
    std::vector<AlarmChange> changes;
    std::set<std::string> touched;
    // It may have been committed without anybody having been told.
    if (in_doubt_) touched.insert(ids.begin(), ids.end());
    for (const auto& occurrence : batch) {
        ++confirmed[occurrence.alarm];
        auto found = kept.find(occurrence.alarm);
        if (found == kept.end()) {
            if (occurrence.event != Event::raise) continue;
            found = kept.emplace(occurrence.alarm, fresh_alarm(occurrence)).first;
        }
        if (!known.insert(key_of(occurrence.alarm, occurrence)).second) continue;
        const auto hidden_by = found->second.suppressed_by;
        if (auto change = take_in(found->second, occurrence, now)) {
            changes.push_back(*std::move(change));
            // The row of a cause says how many it hides.
            for (const auto& cause : {hidden_by, found->second.suppressed_by}) {
                if (!cause.empty()) touched.insert(cause);
            }
        }
    }
    write_changes(tx, changes, now);
    std::vector<Standing> answers;
    for (const auto& [id, count] : confirmed) {
        if (const auto found = kept.find(id); found != kept.end()) {
            answers.push_back(standing_of(found->second, count));
        }
    }
    follow(tx, std::move(changes), std::move(answers), std::move(touched));
}

void Recorder::follow(store::Transaction& tx, std::vector<AlarmChange> changes,
                      std::vector<Standing> answers, std::set<std::string> touched) {
    for (const auto& change : changes) {
        if (in_transaction_) in_transaction_(tx, change);
        touched.insert(change.alarm.id);
    }
    auto rows =
        touched.empty() ? std::vector<Alarm>{} : read_alarms(tx, {touched.begin(), touched.end()});
    tx.after_commit([this, rows = std::move(rows), changes = std::move(changes),
                     answers = std::move(answers)]() mutable {
        publish(rows);
        for (const auto& change : changes) {
            for (const auto& listener : listeners_)
                listener(change);
        }
        if (answer_ && !answers.empty()) answer_(std::move(answers));
    });
}

void Recorder::publish(const std::vector<Alarm>& alarms) {
    shown(alarms);
    stream(alarms);
}

void Recorder::stream(const std::vector<Alarm>& alarms) {
    if (alarms.empty()) return;
    const auto catalogue = registry_.current();
    std::vector<live::StreamRow> rows;
    for (const auto& alarm : alarms)
        rows.push_back(stream_row(alarm, *catalogue));
    stream_.publish("alarms", std::move(rows));
}

base::Result<Alarm> Recorder::acknowledge(store::Transaction& tx, const std::string& id,
                                          const Person& person, const std::string& reason,
                                          base::Instant now) {
    auto kept = lock_alarms(tx, {id});
    if (kept.empty()) return base::fail(Errc::not_found, "no such alarm", "alarme inconnue");
    auto& alarm = kept.begin()->second;
    const auto taken = decide(alarm.state, Event::acknowledge, {});
    if (!taken.allowed) {
        auto error = base::fail(Errc::conflict, "there is nothing to acknowledge any more",
                                "il n'y a plus rien à acquitter");
        error.extension = R"({"state":")" + std::string(to_string(letter(alarm.state))) + R"("})";
        return error;
    }
    AlarmChange change;
    change.transition = {.event = Event::acknowledge,
                         .from = letter(alarm.state),
                         .to = letter(taken.to),
                         .at = now,
                         .recorded_at = now,
                         .author = person.login,
                         .author_name = person.name,
                         .cause = {},
                         .reason = reason};
    alarm.state = taken.to;
    alarm.acknowledged_at = now;
    alarm.acknowledged_by = person.login;
    ++alarm.version;
    change.alarm = alarm;
    write_changes(tx, std::span(&change, 1), now);
    auto answer = standing_of(alarm, 0);
    follow(tx, {std::move(change)}, {std::move(answer)});
    return read_alarms(tx, {id}).front();
}

base::Result<Alarm> Recorder::attach(store::Transaction& tx, const std::string& id,
                                     std::int64_t incident) {
    if (lock_alarms(tx, {id}).empty()) {
        return base::fail(Errc::not_found, "no such alarm", "alarme inconnue");
    }
    write_incident(tx, id, incident, clock_.now());
    auto rows = read_alarms(tx, {id});
    auto answer = rows.front();
    tx.after_commit([this, rows = std::move(rows)] { publish(rows); });
    return answer;
}

std::vector<std::string> Recorder::let_go(store::Transaction& tx,
                                          const std::vector<std::string>& ids,
                                          std::int64_t incident) {
    std::vector<std::string> gone;
    for (const auto& [id, alarm] : lock_alarms(tx, ids)) {
        if (alarm.incident != incident || letter(alarm.state) == Letter::a) continue;
        write_incident(tx, id, std::nullopt, clock_.now());
        gone.push_back(id);
    }
    if (gone.empty()) return gone;
    tx.after_commit([this, rows = read_alarms(tx, gone)] { publish(rows); });
    return gone;
}

}  // namespace vigie::alarms
