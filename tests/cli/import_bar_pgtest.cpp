#include <poll.h>
#include <pty.h>

#include "tests/cli/cli_bench.hpp"

namespace vigie::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// A terminal as standard error, while it lives.
class Terminal {
public:
    Terminal() {
        int slave = -1;
        if (openpty(&master_, &slave, nullptr, nullptr, nullptr) != 0)
            throw std::runtime_error("no pseudo-terminal");
        before_ = dup(STDERR_FILENO);
        dup2(slave, STDERR_FILENO);
        close(slave);
    }
    ~Terminal() {
        dup2(before_, STDERR_FILENO);
        close(before_);
        close(master_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    // Reads until it was written; false when nothing more comes for ten seconds.
    bool shows(const std::string& text) {
        while (seen_.find(text) == std::string::npos) {
            pollfd one{master_, POLLIN, 0};
            char bytes[4'096];
            if (poll(&one, 1, 10'000) != 1) return false;
            const ssize_t count = read(master_, bytes, sizeof bytes);
            if (count <= 0) return false;
            seen_.append(bytes, static_cast<std::size_t>(count));
        }
        return true;
    }
    [[nodiscard]] const std::string& seen() const { return seen_; }

private:
    int master_{-1};
    int before_{-1};
    std::string seen_;
};

// The import waits within its third row of four until the terminal shows the two behind it.
TEST_F(Cli, DrawsHowManyRowsAnImportHasChecked) {
    const std::string cameras =
        file("c.csv", "code,lon,lat\nV1,5,47\nV2,5,47\nV3,5.5,47\nV4,5,47\n");
    Terminal terminal;
    bool shown = false;
    importer_->use_streets([&](base::LonLat place) {
        if (place.lon > 5.4)
            shown = terminal.shows("checking 4 rows [###############...............] 50 %");
        return std::string();
    });
    std::vector<std::string> words{"vigie",  "asset",  "import",   cameras,
                                   "--kind", "camera", "--socket", socket()};
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    testing::internal::CaptureStdout();
    const int code = run(static_cast<int>(arguments.size()), arguments.data());
    EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("4 new"));
    EXPECT_EQ(code, 0);
    EXPECT_TRUE(shown) << terminal.seen();
}

}  // namespace
}  // namespace vigie::cli
