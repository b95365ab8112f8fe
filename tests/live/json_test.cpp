#include "vigie/live/json.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

namespace vigie::live::json {
namespace {

std::string number(double value) {
    std::string out;
    append_number(out, value);
    return out;
}

// The library's, of which we promise the digits.
std::string fixed(double value) {
    std::array<char, 400> text{};
    const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed).ptr;
    return {text.begin(), end};
}

double read(const std::string& text) {
    double value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

TEST(JsonNumber, OfThreeDecimalsHasTheDigitsOfTheLibrary) {
    std::mt19937_64 random{7};
    for (const double most : {1.0, 1e3, 1e6, 1e9, 1e12}) {
        std::uniform_real_distribution<double> any(-most, most);
        for (int i = 0; i < 20'000; ++i) {
            const double value = std::round(any(random) * 1'000) / 1'000;
            if (value == 0) continue;
            ASSERT_EQ(number(value), fixed(value));
        }
    }
}

TEST(JsonNumber, ReadsBackAsTheSameDoubleWhateverItIs) {
    std::mt19937_64 random{11};
    for (int i = 0; i < 200'000; ++i) {
        const auto value = std::bit_cast<double>(random());
        if (!std::isfinite(value)) continue;
        ASSERT_EQ(read(number(value)), value) << number(value);
    }
    // Beside what has three decimals, and at the limit of what is looked at so.
    for (const double value : {21.125, 0.001, -0.5, 1e12, 1e12 - 0.001, 999'999'999'999.999, 1e5}) {
        for (const double near : {value, std::nextafter(value, 2e12), std::nextafter(value, -2e12)})
            ASSERT_EQ(read(number(near)), near) << number(near);
    }
}

TEST(JsonNumber, SaysWhatChartsShow) {
    EXPECT_EQ(number(21.5), "21.5");
    EXPECT_EQ(number(-0.001), "-0.001");
    EXPECT_EQ(number(-0.25), "-0.25");
    EXPECT_EQ(number(100'000), "100000");
    EXPECT_EQ(number(0), "0");
    EXPECT_EQ(number(0.0005), "5e-04");
    EXPECT_EQ(number(1.0 / 3), "0.3333333333333333");
    EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(number(std::nan("")), "null");
}

}  // namespace
}  // namespace vigie::live::json
