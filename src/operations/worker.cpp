#include "operations/worker.hpp"

#include <spdlog/spdlog.h>

#include "operations/interventions.hpp"
#include "operations/store_crews.hpp"
#include "operations/store_desks.hpp"
#include "operations/store_incidents.hpp"

namespace vigie::operations {

void Worker::start() {
    const std::lock_guard lock(mutex_);
    if (thread_.joinable()) return;
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
}

void Worker::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    woken_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Worker::desks_changed() {
    {
        const std::lock_guard lock(mutex_);
        if (desks_due_) return;
        desks_due_ = Steady::now() + desks_settle;
    }
    woken_.notify_all();
}

void Worker::alarm_changed(const std::string& alarm) {
    {
        const std::lock_guard lock(mutex_);
        alarms_.insert(alarm);
        if (!desks_due_) desks_due_ = Steady::now() + desks_settle;
    }
    woken_.notify_all();
}

std::optional<Worker::Wanted> Worker::wait() {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (stopping_) return std::nullopt;
        const auto now = Steady::now();
        Wanted wanted;
        wanted.round = now >= round_due_;
        wanted.desks = desks_due_ && now >= *desks_due_;
        if (wanted.round || wanted.desks || !alarms_.empty()) {
            if (wanted.round) round_due_ = now + round_every;
            if (wanted.desks) desks_due_.reset();
            wanted.alarms.assign(alarms_.begin(), alarms_.end());
            alarms_.clear();
            return wanted;
        }
        const auto until = desks_due_ ? std::min(*desks_due_, round_due_) : round_due_;
        woken_.wait_until(lock, until);
    }
}

void Worker::run() {
    while (const auto wanted = wait()) {
        if (wanted->round || !wanted->alarms.empty()) {
            attempt("proofs", [this] { prove_all(); });
        }
        if (!wanted->alarms.empty()) {
            attempt("incidents", [&] { send_incidents_of(wanted->alarms); });
        }
        if (wanted->round || wanted->desks) attempt("desks", [this] { send_desks(); });
        if (wanted->round) attempt("crews", [this] { send_moved_crews(); });
    }
}

void Worker::attempt(const char* what, const std::function<void()>& work) {
    try {
        work();
    } catch (const std::exception& error) {
        // The next round finds in the database whatever this one missed.
        spdlog::warn("operations: {} put off: {}", what, error.what());
    }
}

void Worker::work_once() {
    prove_all();
    send_desks();
    send_moved_crews();
}

void Worker::prove_all() {
    const auto unproved =
        pool_.read_now([](store::Transaction& tx) { return intervention_store::unproved(tx); });
    std::set<std::int64_t> stuck;
    for (const std::int64_t id : unproved) {
        try {
            pool_.write_now([&](store::Transaction& tx) {
                interventions::prove(room_, tx, id, room_.clock.now());
            });
        } catch (const store::Unavailable&) {
            throw;  // none could be written
        } catch (const std::exception& error) {
            stuck.insert(id);
            if (stuck_.contains(id)) continue;
            spdlog::error(
                "intervention {} cannot be judged by telemetry and keeps its state until an "
                "operator verifies it by override or city IT mends this: {}",
                id, error.what());
        }
    }
    stuck_ = std::move(stuck);
}

void Worker::send_incidents_of(const std::vector<std::string>& alarms) {
    const auto incidents = pool_.read_now(
        [&](store::Transaction& tx) { return incident_store::of_alarms(tx, alarms); });
    std::vector<live::StreamRow> rows;
    rows.reserve(incidents.size());
    for (const Incident& incident : incidents)
        rows.push_back(incident_row(incident));
    if (!rows.empty()) room_.stream.publish("incidents", std::move(rows));
}

void Worker::send_desks() {
    const std::lock_guard lock(sent_mutex_);
    const auto strips = pool_.read_now(
        [this](store::Transaction& tx) { return desk_store::strips(tx, room_.clock.now()); });
    std::vector<live::StreamRow> rows;
    for (const DeskStrip& strip : strips) {
        const auto [sent, first] = desks_sent_.try_emplace(strip.desk, strip);
        if (!first && sent->second == strip) continue;
        sent->second = strip;
        rows.push_back(desk_row(strip));
    }
    if (!rows.empty()) room_.stream.publish("desks", std::move(rows));
}

void Worker::send_moved_crews() {
    const std::lock_guard lock(sent_mutex_);
    const auto crews = pool_.read_now([](store::Transaction& tx) { return crew_store::all(tx); });
    std::vector<live::StreamRow> rows;
    for (const Crew& stored : crews) {
        if (stored.vehicle.empty()) continue;
        const Crew crew = located(room_, stored);
        if (!crew.position_at) continue;
        const auto [sent, first] = crews_sent_.try_emplace(crew.code, *crew.position_at);
        if (!first && sent->second == *crew.position_at) continue;
        sent->second = *crew.position_at;
        rows.push_back(crew_row(crew, room_.clock.now()));
    }
    if (!rows.empty()) room_.stream.publish("crews", std::move(rows));
}

}  // namespace vigie::operations
