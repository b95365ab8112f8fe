// What becomes of observations once they are stored: roll-ups.
#pragma once

#include <string>

#include "app/foundation.hpp"
#include "app/pipeline.hpp"
#include "vigie/live/rollups.hpp"

namespace vigie::app {

class Storage {
public:
    Storage(Foundation& foundation, Pipeline& pipeline, const std::string& app_url);
    // Once the writers have started; to be stopped after them.
    void start();
    void stop();
    [[nodiscard]] const live::RollupCounters& rollups() const { return rollups_.counters(); }

private:
    live::Rollups rollups_;
};

}  // namespace vigie::app
