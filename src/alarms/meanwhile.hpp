// What happens to alarms while the database is away: kept in a spool of its own, so that it
// outlives the program, and applied to what was shown last, so that the room goes on seeing.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/alarms/alarm.hpp"
#include "vigie/alarms/occurrence.hpp"
#include "vigie/store/spool.hpp"

namespace vigie::alarms {

[[nodiscard]] std::string encode_occurrences(std::span<const Occurrence> occurrences);
// Nothing: not written by encode_occurrences.
[[nodiscard]] std::optional<std::vector<Occurrence>> decode_occurrences(std::string_view text);

class Meanwhile {
public:
    explicit Meanwhile(store::Spool& spool) : spool_(spool) {}

    // What an earlier run kept and did not record, in order.
    [[nodiscard]] std::vector<Occurrence> left_over();
    // False: no room, or the disk fails; they are in memory only.
    [[nodiscard]] bool keep(std::span<const Occurrence> occurrences);
    // Everything kept is recorded.
    void forget();

    // As the database has them. What is older than what was shown changes nothing: transactions
    // are told of in any order. Any thread.
    void shown(std::span<const Alarm> alarms);
    // How those look after the occurrences, which no database has taken in yet. Any thread.
    [[nodiscard]] std::vector<Alarm> take_in_all(std::span<const Occurrence> occurrences,
                                                 base::Instant now);
    // Those of which it holds, as shown last, with how many each hides. Any thread.
    [[nodiscard]] std::vector<Alarm> open(const std::function<bool(const Alarm&)>& wanted) const;

private:
    static constexpr std::size_t over_max = 10'000;
    void close(const std::string& id, std::int64_t version);  // with the mutex held

    store::Spool& spool_;
    mutable std::mutex mutex_;
    std::map<std::string, Alarm> open_;         // as shown last
    std::map<std::string, std::int64_t> over_;  // the newest of what is over, with its version
    std::deque<std::string> over_in_order_;
};

// The row of an alarm that is not kept yet.
[[nodiscard]] Alarm fresh_alarm(const Occurrence& occurrence);

}  // namespace vigie::alarms
