// The HTTP face of commands, and their topic.
#pragma once

#include "control/room.hpp"
#include "vigie/api/router.hpp"

namespace vigie::control {

// The room lives as long as the router.
void add_command_routes(api::Router& router, Room& room);
// The room and the pool live as long as the stream is asked.
void add_topic(Room& room, store::Pool& pool);

}  // namespace vigie::control
