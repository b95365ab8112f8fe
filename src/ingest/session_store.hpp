#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vigie/base/time.hpp"
#include "vigie/net/mqtt_handler.hpp"
#include "vigie/store/database.hpp"

namespace vigie::ingest {

// Removes what is over but for wills that are not published, starts the time of what is not (its
// client was connected when the server ended), and reads it.
[[nodiscard]] std::vector<net::MqttStoredSession> take_up_sessions(store::Transaction& tx,
                                                                   base::Instant now);
struct ErasedSession {
    std::string owner;
    std::string client_id;
    std::uint64_t revision{};
};

// Each key once; none that the database has in a later revision.
void write_sessions(store::Transaction& tx, const std::vector<net::MqttStoredSession>& sessions);
void delete_sessions(store::Transaction& tx, const std::vector<ErasedSession>& sessions);
// But for those whose will is not published.
std::size_t delete_expired_sessions(store::Transaction& tx, base::Instant now);

}  // namespace vigie::ingest
