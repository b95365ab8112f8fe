// GET /api/v1/stream: a WebSocket that becomes a StreamSession.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "vigie/api/router.hpp"
#include "vigie/base/time.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/net/http_server.hpp"

namespace vigie::live {

// Decides on an upgrade, on the connection's own thread. Whoever is signed in may connect; rights
// are looked at topic by topic and row by row. Twice a minute the door is asked whether the asker
// is still admitted; if not, the connection ends with 4001. Router, stream and clock outlive it.
boost::asio::awaitable<net::UpgradeDecision> upgrade_to_stream(wire::Request request,
                                                               api::Router& router, Stream& stream,
                                                               const base::Clock& clock);

}  // namespace vigie::live
