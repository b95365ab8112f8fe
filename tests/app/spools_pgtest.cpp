#include <filesystem>
#include <fstream>

#include "tests/app/whole_server.hpp"

namespace vigie::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* spools[] = {"/spool", "/spool/alarms", "/spool/commands"};
constexpr std::size_t broken_bytes = 70;

// A disk that lost what an earlier run kept, in each of the spools.
api::Authenticator break_spools(Foundation& foundation) {
    for (const auto* spool : spools) {
        const fs::path folder = foundation.settings.paths.folder + spool;
        fs::create_directories(folder);
        std::ofstream(folder / "00000000000000000001.spool") << std::string(broken_bytes, '?');
    }
    return {};
}

class BrokenSpools : public WholeServerBench {
protected:
    BrokenSpools() : WholeServerBench(break_spools, break_spools) {}
};

TEST_F(BrokenSpools, AreOneTroubleAndKeptAside) {
    EXPECT_EQ(modules_.spool_damaged_bytes(), std::size(spools) * broken_bytes);
    for (const auto* spool : spools) {
        const auto aside = store::disk_files().list(folder_.path() + spool + "/aside");
        ASSERT_EQ(aside.size(), 1U) << spool;
        EXPECT_EQ(fs::file_size(folder_.path() + spool + "/aside/" + aside[0]), broken_bytes);
    }
}

}  // namespace
}  // namespace vigie::app
