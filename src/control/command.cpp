#include "vigie/control/command.hpp"

#include <algorithm>
#include <array>

namespace vigie::control {

namespace {

using ingest::ResultStatus;

constexpr std::array<std::string_view, states> state_names{
    "queued", "sent", "delivered", "accepted", "done", "failed", "expired", "cancelled"};

struct Legal {
    State from;
    State to;
    Hand hand;
};

// The whole machine.
constexpr Legal steps[] = {
    {State::queued, State::sent, Hand::server},
    {State::queued, State::expired, Hand::server},
    {State::queued, State::cancelled, Hand::room},
    {State::sent, State::queued, Hand::server},  // nothing of it was given to a socket
    {State::sent, State::delivered, Hand::server},
    {State::sent, State::failed, Hand::server},  // greater than the device takes
    {State::sent, State::expired, Hand::server},
    {State::sent, State::accepted, Hand::device},
    {State::sent, State::done, Hand::device},
    {State::sent, State::failed, Hand::device},
    {State::delivered, State::expired, Hand::server},
    {State::delivered, State::accepted, Hand::device},
    {State::delivered, State::done, Hand::device},
    {State::delivered, State::failed, Hand::device},
    {State::accepted, State::expired, Hand::server},
    {State::accepted, State::done, Hand::device},
    {State::accepted, State::failed, Hand::device},
};

// The same word again, or an `accepted` that an end has overtaken, as a device repeats what it has
// not seen acknowledged.
Verdict judge_after(ResultStatus before, ResultStatus said, Verdict progress) {
    if (said == before || said == ResultStatus::accepted) return Verdict::known;
    return before == ResultStatus::accepted ? progress : Verdict::contradiction;
}

}  // namespace

std::string_view to_string(State state) {
    return state_names.at(static_cast<std::size_t>(state));
}

std::optional<State> state_from(std::string_view text) {
    const auto found = std::ranges::find(state_names, text);
    if (found == state_names.end()) return std::nullopt;
    return static_cast<State>(found - state_names.begin());
}

bool is_final(State state) {
    return state != State::queued && !is_outstanding(state);
}

bool is_outstanding(State state) {
    return state == State::sent || state == State::delivered || state == State::accepted;
}

bool may_move(State from, State to, Hand hand) {
    return std::ranges::any_of(steps, [&](const Legal& step) {
        return step.from == from && step.to == to && step.hand == hand;
    });
}

std::vector<State> allowed(State from, Hand hand) {
    std::vector<State> found;
    for (const Legal& step : steps) {
        if (step.from == from && step.hand == hand) found.push_back(step.to);
    }
    return found;
}

State state_of(ResultStatus status) {
    switch (status) {
        case ResultStatus::accepted:
            return State::accepted;
        case ResultStatus::done:
            return State::done;
        case ResultStatus::failed:
            break;
    }
    return State::failed;
}

Verdict judge(State state, std::optional<ResultStatus> late, ResultStatus said) {
    switch (state) {
        case State::queued:
        case State::cancelled:
            return Verdict::never_sent;
        case State::sent:
        case State::delivered:
            return Verdict::moves;
        case State::accepted:
            return judge_after(ResultStatus::accepted, said, Verdict::moves);
        case State::done:
            return judge_after(ResultStatus::done, said, Verdict::moves);
        case State::failed:
            return judge_after(ResultStatus::failed, said, Verdict::moves);
        case State::expired:
            break;
    }
    return late ? judge_after(*late, said, Verdict::learnt_late) : Verdict::learnt_late;
}

}  // namespace vigie::control
