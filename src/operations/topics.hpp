// The stream's topics of operations: incidents, interventions, crews, desks, logbook.
#pragma once

#include "operations/room.hpp"

namespace vigie::operations {

// The room and the pool live as long as the stream is asked.
void add_topics(Room& room, store::Pool& pool);

}  // namespace vigie::operations
