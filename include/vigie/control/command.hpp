// A command: what is asked of one device, from the order to its end. Plain values and the table of
// what may follow what; no I/O, and no clock of its own.
//
//   queued -> sent -> delivered -> accepted -> done | failed
//
// It goes out at most once, and never at or after its expiry. Only what was provably not given to a
// socket returns from `sent` to `queued`. Whatever has not ended by its expiry is `expired`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/time.hpp"
#include "vigie/ingest/command_taker.hpp"

namespace vigie::control {

enum class State {
    queued,     // waits for its turn, or for its device
    sent,       // on its way to a socket
    delivered,  // the device's PUBACK, or given to the socket at QoS 0
    accepted,   // on the device's word, at work
    done,       // on the device's word
    failed,     // on the device's word, or its connection could not take it
    expired,    // not ended in time; a result may still be learnt late
    cancelled,  // before it went out
};
inline constexpr std::size_t states = 8;
[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] std::optional<State> state_from(std::string_view text);

// Nothing follows.
[[nodiscard]] bool is_final(State state);
// It went out and has not ended: its device gets no other meanwhile.
[[nodiscard]] bool is_outstanding(State state);

// Whose doing a step is.
enum class Hand { room, server, device };
[[nodiscard]] bool may_move(State from, State to, Hand hand);
[[nodiscard]] std::vector<State> allowed(State from, Hand hand);

// What a result makes of a command.
enum class Verdict {
    moves,          // to the state it says
    learnt_late,    // it is expired, and stays so; what the device says stands beside it
    known,          // said before, or overtaken: nothing changes
    never_sent,     // it is refused: this command did not go out
    contradiction,  // it is refused: the device said otherwise before
};
// `late`: what was learnt late already.
[[nodiscard]] Verdict judge(State state, std::optional<ingest::ResultStatus> late,
                            ingest::ResultStatus said);
[[nodiscard]] State state_of(ingest::ResultStatus status);

struct LateResult {
    ingest::ResultStatus status{};
    std::string detail{};
    base::Instant at{};  // by the device's clock
};

struct Command {
    std::int64_t id{};
    assets::AssetId asset{assets::no_asset};
    std::string name{};  // its code in the kind
    std::string parameters{"{}"};
    State state{State::queued};
    base::Instant state_since{};  // by the clock of who moved it
    base::Instant requested_at{};
    std::string requested_by{};
    std::string requested_by_name{};
    base::Instant expires_at{};
    std::string cause{};   // a word: why the last step was made; docs/commands.md has them all
    std::string detail{};  // the device's words, or of who cancelled it
    std::optional<LateResult> late{};
    std::int64_t version{1};
};

// One step, as it is recorded. A result learnt late is a step from expired to expired.
struct Transition {
    std::int64_t command{};
    std::optional<State> from{};
    State to{State::queued};
    std::string author{};
    std::string author_name{};
    base::Instant at{};           // by the clock of the person or the device
    base::Instant recorded_at{};  // by ours
    std::string cause{};
    std::string detail{};
};

struct Change {
    Command command{};
    Transition transition{};
};

}  // namespace vigie::control
