// Changes of sessions that came while the database was away: in a spool of their own, so that what
// a client was promised outlives the server then, too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/session_store.hpp"
#include "vigie/store/spool.hpp"

namespace vigie::ingest {

// What became of some sessions, each key once.
struct SessionStates {
    std::vector<net::MqttStoredSession> rows;
    std::vector<ErasedSession> erased;
    [[nodiscard]] bool empty() const { return rows.empty() && erased.empty(); }
};

// One record of the spool. Throws std::exception at what is none.
[[nodiscard]] std::string encode_sessions(const SessionStates& changes);
[[nodiscard]] SessionStates decode_sessions(std::string_view record);

class KeptSessions {
public:
    explicit KeptSessions(store::Spool& spool) : spool_(spool) {}

    // What an earlier run kept, as it was left in the end.
    [[nodiscard]] SessionStates left_over();
    // False: no room, or the disk fails; nothing was promised.
    [[nodiscard]] bool keep(const SessionStates& changes);
    // The database has it all.
    void forget();
    [[nodiscard]] bool empty() const { return spool_.empty(); }

private:
    store::Spool& spool_;
};

}  // namespace vigie::ingest
