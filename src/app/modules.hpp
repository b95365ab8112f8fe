// The services of the city: one line each in modules.cpp.
#pragma once

#include <functional>
#include <memory>

#include "app/foundation.hpp"
#include "app/pipeline.hpp"
#include "vigie/api/router.hpp"

namespace vigie::app {

// The three routers that services register with: the control door's, the public door's, the admin
// door's.
struct Routers {
    api::Router& control;
    api::Router& open;
    api::Router& admin;
};

class Modules {
public:
    Modules(Foundation& foundation, Pipeline& pipeline, Routers routers);
    ~Modules();
    // Reads what stood before the restart, then begins to judge.
    void start(StartSteps& steps);
    void stop();
    // What live::Keeper::await_flush promises.
    bool await_flush(const std::function<bool()>& given_up);
    // More happens to alarms than can be kept while the database is away.
    [[nodiscard]] bool alarms_crowded() const;
    // Of every spool: observations, alarm transitions, results of commands.
    [[nodiscard]] std::uint64_t spool_damaged_bytes() const;
    // What is to be done now and then: personal data past their retention are erased. Throws
    // store::Unavailable.
    void keep_house();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vigie::app
