// The live city's face: what the control door asks of it.
//
//   GET /api/v1/live                           the latest of every asset of a kind
//   GET /api/v1/map/points                     every asset as parallel arrays, with its display
//   state GET /api/v1/assets/{code}/observations     history, raw or by bucket, with its gaps
//   topics map and values of the stream
#pragma once

#include "vigie/api/router.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/live/city.hpp"
#include "vigie/live/stream.hpp"

namespace vigie::live {

// All outlive the router and the stream.
void add_routes(api::Router& router, City& city, Stream& stream, const assets::Registry& registry);
void add_topics(City& city, Stream& stream);

}  // namespace vigie::live
