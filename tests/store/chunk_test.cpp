#include "vigie/store/chunk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "store/column.hpp"

namespace vigie::store {
namespace {

using Values = std::vector<std::optional<double>>;

void expect_back(const FrameColumns& frames) {
    const auto again = decode_chunk(encode_chunk(frames));
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(*again == frames);
}

FrameColumns odd_frames() {
    FrameColumns frames;
    const double quiet = std::numeric_limits<double>::quiet_NaN();
    const double odd_nan = std::bit_cast<double>(std::uint64_t{0x7FF0DEADBEEF0001});
    const double infinity = std::numeric_limits<double>::infinity();
    const double smallest = std::numeric_limits<double>::denorm_min();
    frames.append(0, 5, 1, Values{1.5, std::nullopt, quiet});
    frames.append(1, -5, 1, Values{-0.0, 0.0, odd_nan});
    frames.append(1'000'003, 1'000'004, 2, Values{infinity, -infinity, smallest, -smallest});
    frames.append(std::numeric_limits<std::int64_t>::max(),
                  std::numeric_limits<std::int64_t>::min(), -7, Values{});
    frames.append(std::numeric_limits<std::int64_t>::min(), 0, 2,
                  Values{0.1, 1e300, 9'007'199'254'740'993.0, 123'456.789});
    return frames;
}

TEST(Chunk, BringsEveryBitBack) {
    expect_back({});
    expect_back(odd_frames());
    FrameColumns one;
    one.append(1'795'348'800'123'456, 1'795'348'800'200'000, 1, Values{41.2});
    expect_back(one);
}

// Any mixture of absence, lengths and kinds of numbers.
TEST(Chunk, BringsAnythingBack) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 200; ++round) {
        FrameColumns frames;
        const std::size_t rows = random() % 300;
        const std::size_t width = random() % 6;
        std::int64_t at = 1'795'348'800'000'000;
        for (std::size_t row = 0; row < rows; ++row) {
            at += static_cast<std::int64_t>(random() % 1000) * (round % 2 == 0 ? 1'000 : 1);
            Values values(random() % (width + 1));
            for (auto& value : values) {
                switch (random() % 5) {
                    case 0:
                        break;
                    case 1:
                        value = static_cast<double>(random() % 1000) / 10;
                        break;
                    case 2:
                        value = static_cast<double>(random() % 2);
                        break;
                    case 3:
                        value = std::bit_cast<double>(random());
                        break;
                    default:
                        value = std::sqrt(static_cast<double>(random() % 100));
                        break;
                }
            }
            frames.append(at, at + static_cast<std::int64_t>(random() % 100'000), 1, values);
        }
        expect_back(frames);
    }
}

TEST(Chunk, UnpacksOnlyWhatIsAskedFor) {
    FrameColumns frames;
    for (int i = 0; i < 50; ++i)
        frames.append(i, i, 1, Values{i * 0.5, 1.0 * i, 3});
    const std::vector<std::int64_t> wanted{1};
    const auto found = decode_chunk(encode_chunk(frames), wanted);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->value(49, 1), 49);
    EXPECT_TRUE(found->positions[0].bits.empty());
    EXPECT_TRUE(std::isnan(found->value(49, 0)));
    EXPECT_EQ(found->observed_us[49], 49);
}

TEST(Chunk, HoldsItsLimitsAtNAndNPlusOne) {
    FrameColumns frames;
    for (std::size_t i = 0; i < chunk_frames_max; ++i)
        frames.append(static_cast<std::int64_t>(i), 0, 1, Values{});
    expect_back(frames);
    frames.append(0, 0, 1, Values{});
    EXPECT_THROW((void)encode_chunk(frames), std::logic_error);
    FrameColumns wide;
    wide.append(0, 0, 1, Values(chunk_positions_max, 1.0));
    for (std::size_t i = 1; i < chunk_rows_max(chunk_positions_max); ++i)
        wide.append(wide, 0);
    EXPECT_EQ(wide.size() * chunk_positions_max, chunk_cells_max);
    expect_back(wide);
    wide.append(wide, 0);
    EXPECT_THROW((void)encode_chunk(wide), std::logic_error);
    FrameColumns wider;
    wider.append(0, 0, 1, Values(chunk_positions_max + 1, 1.0));
    EXPECT_THROW((void)encode_chunk(wider), std::logic_error);
}

TEST(Chunk, RefusesEveryByteThatWasChangedAndEveryCut) {
    const std::string body = encode_chunk(odd_frames());
    for (std::size_t i = 0; i < body.size(); ++i) {
        std::string bent = body;
        bent[i] = static_cast<char>(bent[i] ^ 0x10);
        EXPECT_FALSE(decode_chunk(bent).ok()) << "byte " << i;
        EXPECT_FALSE(decode_chunk(body.substr(0, i)).ok()) << "cut at " << i;
    }
    EXPECT_FALSE(decode_chunk(body + '\0').ok());
}

TEST(Chunk, RefusesWhatSaysTooMuchWithAValidChecksum) {
    std::string bytes("VC\x01", 3);
    put_varint(bytes, chunk_frames_max + 1);
    put_varint(bytes, 0);
    EXPECT_FALSE(decode_chunk(with_checksum(bytes)).ok());
    bytes.assign("VC\x01", 3);
    put_varint(bytes, 1);
    put_varint(bytes, chunk_positions_max + 1);
    EXPECT_FALSE(decode_chunk(with_checksum(bytes)).ok());
    bytes.assign("VC\x02", 3);
    put_varint(bytes, 0);
    put_varint(bytes, 0);
    EXPECT_FALSE(decode_chunk(with_checksum(bytes)).ok()) << "a version of the future";
}

// A day of a sensor that says four values a minute, with the clock and the noise of a real one.
FrameColumns sensor_day(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> noise(0, 1);
    std::exponential_distribution<double> lag(1 / 40'000.0);
    FrameColumns frames;
    double level = 40;
    for (int minute = 0; minute < 1'440; ++minute) {
        const auto jitter = static_cast<std::int64_t>(noise(random) * 50);
        const std::int64_t at = 1'795'305'600'000'000 + (minute * 60'000LL + jitter) * 1'000;
        level += noise(random) * 0.3;
        const double power = std::round(level * 10) / 10;
        const double voltage = std::round((230 + noise(random)) * 10) / 10;
        const double hours = 4'000 + std::floor(minute / 6.0) / 10;
        frames.append(at, at + 2'000 + static_cast<std::int64_t>(lag(random)), 1,
                      Values{power, voltage, minute % 720 < 300 ? 0.0 : 1.0, hours});
    }
    return frames;
}

TEST(Chunk, NeedsLessThanThreeBytesAValue) {
    std::size_t bytes = 0;
    std::size_t values = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto frames = sensor_day(seed);
        expect_back(frames);
        bytes += encode_chunk(frames).size();
        values += frames.present();
    }
    const double bytes_a_value = static_cast<double>(bytes) / static_cast<double>(values);
    RecordProperty("bytes_a_value", std::to_string(bytes_a_value));
    EXPECT_LT(bytes_a_value, 3.0);
    EXPECT_GT(bytes_a_value, 0.5) << "the noise alone is more";
}

}  // namespace
}  // namespace vigie::store
