// What becomes of observations once they are stored: roll-ups, closed days, what is forgotten.
#pragma once

#include <chrono>
#include <string>

#include "app/foundation.hpp"
#include "app/modules.hpp"
#include "app/pipeline.hpp"
#include "vigie/live/archive.hpp"
#include "vigie/live/rollups.hpp"

namespace vigie::app {

class Storage {
public:
    Storage(Foundation& foundation, Pipeline& pipeline, Modules& modules,
            const std::string& app_url, const std::string& owner_url);
    void add_admin_routes(api::Router& admin);
    // Once the writers have started; to be stopped after them.
    void start();
    // What is under way may end by itself within the limit; then it is broken off.
    void stop(std::chrono::milliseconds limit);
    // What Pool::cut_silent promises, of all that is done here. On any thread.
    void cut_silent(std::chrono::milliseconds older_than);
    [[nodiscard]] const live::RollupCounters& rollups() const { return rollups_.counters(); }
    [[nodiscard]] const live::ArchiveCounters& archive() const { return archive_.counters(); }

private:
    live::Rollups rollups_;
    live::Archive archive_;
};

}  // namespace vigie::app
