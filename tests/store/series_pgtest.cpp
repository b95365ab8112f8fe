#include "vigie/store/series.hpp"

#include "tests/store/frame_writer_run.hpp"

namespace vigie::store {
namespace {

// The database is asked for 20,000 frames at a time.
TEST_F(FrameWriterTest, AsManyFramesOfADayAreReadAsThereAreOrAsked) {
    constexpr std::size_t stored = 40'001;
    open();
    std::vector<Frame> frames;
    for (std::size_t i = 0; i < stored; ++i)
        frames.push_back(frame(1, static_cast<int>(i), {static_cast<double>(i)}));
    submit(std::move(frames));
    wait_all();
    Pool pool(db_.app_url(), 1);
    for (const std::size_t limit :
         {std::size_t{19'999}, std::size_t{20'000}, std::size_t{20'001}, stored - 1, stored,
          stored + 1, std::numeric_limits<std::size_t>::max()}) {
        const auto read = pool.read_now([&](Transaction& tx) {
            return read_series(tx, {.asset = 1,
                                    .from = noon(),
                                    .to = noon() + std::chrono::hours{12},
                                    .positions = std::nullopt,
                                    .limit = limit});
        });
        ASSERT_EQ(read.size(), std::min(limit, stored));
        for (std::size_t i = 0; i < read.size(); ++i)
            ASSERT_EQ(read.value(i, 0), static_cast<double>(i));
    }
}

}  // namespace
}  // namespace vigie::store
