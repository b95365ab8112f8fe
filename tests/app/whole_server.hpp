// Every service of the server with its routers, on a database of its own; no door is open.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <vector>

#include "app/foundation.hpp"
#include "app/modules.hpp"
#include "app/pipeline.hpp"
#include "app/start_steps.hpp"
#include "tests/support/pgtest_database.hpp"
#include "tests/support/pgtest_folder.hpp"
#include "vigie/assets/kind_files.hpp"

namespace vigie::app {

class WholeServerBench : public testing::Test {
protected:
    using DoorOf = std::function<api::Authenticator(Foundation&)>;

    WholeServerBench(const DoorOf& control_door, const DoorOf& admin_door)
        : settings_(settings_in(folder_.path())),
          foundation_(settings_, clock_, database_.app_url(), kinds(), steps_),
          pipeline_({settings_, clock_, database_.app_url(), database_.owner_url(),
                     foundation_.registry, foundation_.city, foundation_.pool,
                     foundation_.credentials.authority(), foundation_.credentials.certified(),
                     foundation_.credentials.named(), contexts_}),
          control_(foundation_.pool, clock_, control_door(foundation_)),
          open_(foundation_.public_pool, clock_, control_door(foundation_)),
          admin_(foundation_.pool, clock_, admin_door(foundation_)),
          modules_(foundation_, pipeline_, {control_, open_, admin_}) {
        modules_.start(steps_);
    }
    ~WholeServerBench() override { modules_.stop(); }

    static std::vector<assets::Kind> kinds() {
        return *assets::read_kinds(std::string(VIGIE_SOURCE_DIR) + "/config/kinds");
    }

    static config::Settings settings_in(const std::string& folder) {
        auto settings = config::defaults();
        settings.paths.folder = folder;
        return settings;
    }

    test::Database database_;
    test::Folder folder_;
    base::SystemClock clock_;
    config::Settings settings_;
    boost::asio::io_context io_;
    boost::asio::io_context* contexts_[1] = {&io_};
    StartSteps steps_;
    Foundation foundation_;
    Pipeline pipeline_;
    api::Router control_;
    api::Router open_;
    api::Router admin_;
    Modules modules_;
};

}  // namespace vigie::app
