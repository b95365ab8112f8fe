// The part of the dispatcher that records: what became of deliveries, what devices answer, and what
// is over.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "control/codec.hpp"
#include "control/dispatcher.hpp"
#include "control/store_commands.hpp"

namespace vigie::control {

namespace {

using ingest::Reason;
using ingest::Refusal;

// In one transaction.
constexpr std::size_t results_batch_max = 500;
constexpr std::size_t due_batch_max = 500;

Refusal never_sent() {
    return {
        Reason::not_sent, "", {"this command was not sent", "cette commande n'a pas été envoyée"}};
}

Refusal contradiction(const Command& command) {
    const std::string before{command.late ? to_string(command.late->status)
                                          : to_string(command.state)};
    return {Reason::contradiction,
            "/status",
            {"its result was " + before + " before", "son résultat était déjà " + before}};
}

std::string_view why_expired(State state) {
    if (state == State::queued) return "never_sent";
    return state == State::accepted ? "no_end" : "no_answer";
}

}  // namespace

bool Dispatcher::settle() {
    for (;;) {
        auto due = lines_.due(room_.clock.now());
        due.resize(std::min(due.size(), due_batch_max));
        const std::size_t results = std::min(results_.size(), results_batch_max);
        if (moves_.empty() && results == 0 && due.empty()) return true;
        if (!try_to_settle(results, due)) {
            keep_results();
            return false;
        }
        note_happened();
    }
}

bool Dispatcher::try_to_settle(std::size_t results, const std::vector<std::int64_t>& due) {
    try {
        const auto refusals =
            pool_.write_now([&](store::Transaction& tx) { return settle_in(tx, results, due); });
        settled(results, refusals, due);
        return true;
    } catch (const store::Refused& error) {
        // A deadlock is tried again; a result that cannot be stored must not hold back all others.
        spdlog::error("commands: {} results were refused by the database: {}", results,
                      error.what());
        if (results > 1) return try_to_settle(1, {});
        if (results == 1 && !error.sqlstate.starts_with("40")) {
            const Refusal refusal{
                Reason::wrong_shape, "", {"it cannot be stored", "il ne peut pas être conservé"}};
            settled(1, {refusal}, {});
        }
    } catch (const std::exception& error) {
        if (!std::exchange(away_, true)) spdlog::warn("commands wait: {}", error.what());
    }
    look_again_ = true;
    return false;
}

Dispatcher::Refusals Dispatcher::settle_in(store::Transaction& tx, std::size_t results,
                                           const std::vector<std::int64_t>& due) {
    std::vector<std::int64_t> ids = due;
    for (const Move& move : moves_)
        ids.push_back(move.command);
    for (std::size_t i = 0; i < results; ++i)
        ids.push_back(results_[i].result.command);
    std::ranges::sort(ids);
    const auto rest = std::ranges::unique(ids);
    ids.erase(rest.begin(), rest.end());
    auto commands = command_store::find_locked(tx, ids);
    const auto find = [&commands](std::int64_t id) {
        const auto found = std::ranges::lower_bound(commands, id, {}, &Command::id);
        return found != commands.end() && found->id == id ? &*found : nullptr;
    };
    const auto now = room_.clock.now();
    const Author server = server_author();
    std::vector<Change> changes;
    for (const Move& move : moves_) {
        Command* command = find(move.command);
        // A result may have overtaken the PUBACK.
        if (!command || !may_move(command->state, move.to, move.hand)) continue;
        changes.push_back(take_step(*command, {move.to, server, now, now, move.cause, {}}));
    }
    Refusals refusals;
    for (std::size_t i = 0; i < results; ++i) {
        const auto& result = results_[i].result;
        refusals.push_back(settle_result(result, find(result.command), changes));
    }
    for (const auto id : due) {
        Command* command = find(id);
        if (!command || is_final(command->state) || command->expires_at > now) continue;
        std::string why{why_expired(command->state)};
        changes.push_back(take_step(
            *command, {State::expired, server, command->expires_at, now, std::move(why), {}}));
    }
    write_changes(room_, tx, std::move(changes));
    return refusals;
}

std::optional<Refusal> Dispatcher::settle_result(const ingest::CommandResult& result,
                                                 Command* command, std::vector<Change>& changes) {
    // Another asset's command is nobody's business here.
    if (!command || command->asset != result.asset) return ingest::unknown_command();
    const auto& said = result.message;
    const auto late = command->late ? std::optional(command->late->status) : std::nullopt;
    Step step{state_of(said.status),
              device_author(result.credential),
              said.at,
              room_.clock.now(),
              {},
              said.detail};
    switch (judge(command->state, late, said.status)) {
        case Verdict::known:
            return std::nullopt;
        case Verdict::never_sent:
            return never_sent();
        case Verdict::contradiction:
            return contradiction(*command);
        case Verdict::learnt_late:
            command->late = LateResult{said.status, said.detail, said.at};
            step.to = State::expired;
            step.cause = "learnt_late_" + std::string(to_string(said.status));
            break;
        case Verdict::moves:
            break;
    }
    changes.push_back(take_step(*command, std::move(step)));
    return std::nullopt;
}

void Dispatcher::settled(std::size_t results, const Refusals& refusals,
                         const std::vector<std::int64_t>& due) {
    moves_.clear();
    for (const auto id : due)
        lines_.drop(id);
    for (std::size_t i = 0; i < results; ++i) {
        unanswered_.push_back({std::move(results_.front()), refusals.at(i)});
        results_.pop_front();
    }
    answer_all();
    if (kept_ && results_.empty() && unanswered_.empty()) kept_->forget();
}

// The database is away: what a device said is kept, and it is told so. Whether it was right is
// judged when the database is back.
void Dispatcher::keep_results() {
    if (!kept_) return;
    for (Taken& taken : results_) {
        if (!taken.answer) continue;
        if (!kept_->keep(taken.result)) return;
        (void)taken.answer(std::nullopt);
        taken.answer = nullptr;
    }
}

void Dispatcher::answer_all() {
    std::size_t answered = 0;
    for (; !unanswered_.empty(); ++answered) {
        const auto& [taken, refusal] = unanswered_.front();
        const bool told = taken.answer ? taken.answer(refusal)
                                       : !refusal || carrier_.quarantine(taken.result, *refusal);
        if (!told) break;  // no room now: in the next round
        unanswered_.pop_front();
    }
    if (answered == 0) return;
    bool room = false;
    {
        const std::lock_guard lock(mutex_);
        results_waiting_ -= answered;
        room = std::exchange(turned_away_, false);
    }
    if (room) carrier_.room();
}

}  // namespace vigie::control
