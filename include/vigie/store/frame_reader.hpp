// Many frames at once, as a start reads them: in PostgreSQL's binary format, over connections of
// their own, each of which answers one question while what the others answered is taken in.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "vigie/store/database.hpp"
#include "vigie/store/frames.hpp"

namespace vigie::store {

using FrameQuestion = std::vector<Param>;  // the parameters of the statement

// Asks `query` once for each of `questions` and hands over what it answers, on the calling thread,
// one answer at a time, in any order; an answer without frames is left out. The statement's columns
// are asset_id, layout, observed_at, received_at, vals; frames keep its order. At most
// `connections` answers wait, so that memory is bounded by their size. Throws Unavailable or
// Refused, or what `take` threw, once all connections are closed.
void read_frames(const std::string& url, std::size_t connections, const Query& query,
                 std::span<const FrameQuestion> questions,
                 const std::function<void(std::vector<Frame>)>& take);

}  // namespace vigie::store
