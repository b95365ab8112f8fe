#include "store/column.hpp"

#include <sodium.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>

namespace vigie::store {

namespace {

enum class Plane : std::uint8_t { constant, raw, compressed };
constexpr int compression_level = 7;
constexpr std::size_t checksum_bytes = 8;
constexpr std::uint8_t order_max = 2;
// Beyond, a double no longer holds every integer.
constexpr double exact_integer_max = 9'007'199'254'740'992.0;
constexpr std::array<double, 10> powers_of_ten{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
constexpr std::uint8_t by_bits = 255;  // instead of a decimal exponent
constexpr std::array<std::int64_t, 3> integer_scales{1'000'000, 1'000, 1};

std::uint64_t zigzag(std::uint64_t value) {
    return (value << 1U) ^ (0 - (value >> 63U));
}

std::uint64_t unzigzag(std::uint64_t value) {
    return (value >> 1U) ^ (0 - (value & 1U));
}

// Differences wrap around, so that every value comes back.
void take_differences(std::vector<std::uint64_t>& values) {
    for (std::size_t i = values.size(); i-- > 1;)
        values[i] -= values[i - 1];
}

void add_differences(std::vector<std::uint64_t>& values) {
    for (std::size_t i = 1; i < values.size(); ++i)
        values[i] += values[i - 1];
}

std::size_t width_of(std::span<const std::uint64_t> values) {
    std::uint64_t all = 0;
    for (const auto value : values)
        all |= value;
    return (static_cast<std::size_t>(std::bit_width(all)) + 7) / 8;
}

std::string plane_of(std::span<const std::uint64_t> values, std::size_t plane) {
    std::string bytes(values.size(), '\0');
    for (std::size_t i = 0; i < values.size(); ++i)
        bytes[i] = static_cast<char>(values[i] >> (8 * plane));
    return bytes;
}

// Bits that the bytes need if each is coded for itself.
double entropy_bits(std::string_view bytes) {
    std::array<std::uint32_t, 256> counts{};
    for (const char byte : bytes)
        ++counts[static_cast<std::uint8_t>(byte)];
    double bits = 0;
    for (const auto count : counts) {
        if (count > 0) bits += count * std::log2(static_cast<double>(bytes.size()) / count);
    }
    return bits;
}

double cost_bits(std::span<const std::uint64_t> values) {
    double bits = 0;
    for (std::size_t plane = 0; plane < width_of(values); ++plane)
        bits += entropy_bits(plane_of(values, plane));
    return bits;
}

std::optional<std::string> compressed(std::string_view bytes) {
    thread_local const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(
        ZSTD_createCCtx(), &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, compression_level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    const std::size_t size =
        ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size) != 0) throw std::runtime_error(ZSTD_getErrorName(size));
    if (size + 2 >= bytes.size()) return std::nullopt;
    out.resize(size);
    return out;
}

// Exactly `size` bytes, or nothing.
std::optional<std::string> decompressed(std::string_view bytes, std::size_t size) {
    thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(
        ZSTD_createDCtx(), &ZSTD_freeDCtx);
    std::string out(size, '\0');
    const std::size_t found =
        ZSTD_decompressDCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(found) != 0 || found != size) return std::nullopt;
    return out;
}

void pack_plane(std::string& out, const std::string& bytes, PlanePacking packing) {
    if (bytes.find_first_not_of(bytes.front()) == std::string::npos) {
        out += static_cast<char>(Plane::constant);
        out += bytes.front();
        return;
    }
    const auto smaller =
        packing == PlanePacking::compressed ? compressed(bytes) : std::optional<std::string>{};
    out += static_cast<char>(smaller ? Plane::compressed : Plane::raw);
    if (smaller) put_varint(out, smaller->size());
    out += smaller ? *smaller : bytes;
}

void unpack_plane(PackReader& from, std::vector<std::uint64_t>& values, std::size_t plane) {
    std::optional<std::string> held;
    std::string_view bytes;
    switch (static_cast<Plane>(from.byte())) {
        case Plane::constant: {
            const std::uint64_t value = std::uint64_t{from.byte()} << (8 * plane);
            for (auto& each : values)
                each |= value;
            return;
        }
        case Plane::raw:
            bytes = from.take(values.size());
            break;
        case Plane::compressed:
            held = decompressed(from.take(from.varint()), values.size());
            if (held) bytes = *held;
            break;
        default:
            break;
    }
    if (bytes.size() != values.size()) return from.fail();
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * plane);
}

void pack_planes(std::string& out, std::span<const std::uint64_t> values, PlanePacking packing) {
    const std::size_t width = width_of(values);
    out += static_cast<char>(width);
    for (std::size_t plane = 0; plane < width; ++plane)
        pack_plane(out, plane_of(values, plane), packing);
}

std::vector<std::uint64_t> unpack_planes(PackReader& from, std::size_t count) {
    const std::size_t width = from.byte();
    if (width > sizeof(std::uint64_t)) from.fail();
    if (!from.ok()) return {};
    std::vector<std::uint64_t> values(count);
    for (std::size_t plane = 0; plane < width && from.ok() && count > 0; ++plane)
        unpack_plane(from, values, plane);
    return values;
}

// The order of differences that leaves the least to say.
void pack_differences(std::string& out, std::vector<std::uint64_t> values, PlanePacking packing) {
    std::uint8_t best_order = 0;
    double best_bits = std::numeric_limits<double>::infinity();
    std::vector<std::uint64_t> best;
    for (std::uint8_t order = 0; order <= order_max; ++order) {
        if (order > 0) take_differences(values);
        std::vector<std::uint64_t> small(values.size());
        std::ranges::transform(values, small.begin(), zigzag);
        if (const double bits = cost_bits(small); bits < best_bits) {
            best_bits = bits;
            best_order = order;
            best = std::move(small);
        }
    }
    out += static_cast<char>(best_order);
    pack_planes(out, best, packing);
}

std::vector<std::uint64_t> unpack_differences(PackReader& from, std::size_t count) {
    const std::uint8_t order = from.byte();
    if (order > order_max) from.fail();
    auto values = unpack_planes(from, count);
    if (!from.ok()) return {};
    std::ranges::transform(values, values.begin(), unzigzag);
    for (std::uint8_t i = 0; i < order; ++i)
        add_differences(values);
    return values;
}

// The value times ten to the exponent, if that brings the very same bits back.
std::optional<std::uint64_t> as_decimal(std::uint64_t bits, double power) {
    const double scaled = std::round(std::bit_cast<double>(bits) * power);
    if (!(std::abs(scaled) <= exact_integer_max)) return std::nullopt;
    if (std::bit_cast<std::uint64_t>(scaled / power) != bits) return std::nullopt;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(scaled));
}

std::optional<std::vector<std::uint64_t>> as_decimals(std::span<const std::uint64_t> bits,
                                                      double power) {
    std::vector<std::uint64_t> decimals;
    decimals.reserve(bits.size());
    for (const auto each : bits) {
        const auto decimal = as_decimal(each, power);
        if (!decimal) return std::nullopt;
        // -0.0 would come back as 0.0.
        if (*decimal == 0 && each != 0) return std::nullopt;
        decimals.push_back(*decimal);
    }
    return decimals;
}

}  // namespace

std::uint8_t PackReader::byte() {
    const auto bytes = take(1);
    return bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes.front());
}

std::uint64_t PackReader::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::uint8_t next = byte();
        value |= std::uint64_t{next & 0x7FU} << shift;
        if ((next & 0x80U) == 0) return value;
    }
    fail();
    return 0;
}

std::string_view PackReader::take(std::uint64_t size) {
    if (size > bytes_.size()) {
        fail();
        return {};
    }
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
}

void PackReader::fail() {
    ok_ = false;
    bytes_ = {};
}

void put_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80U) {
        out += static_cast<char>(value | 0x80U);
        value >>= 7U;
    }
    out += static_cast<char>(value);
}

void pack_integers(std::string& out, std::span<const std::int64_t> values, PlanePacking packing) {
    std::size_t scale = 0;
    while (std::ranges::any_of(values, [&](auto v) { return v % integer_scales[scale] != 0; }))
        ++scale;
    std::vector<std::uint64_t> scaled(values.size());
    std::ranges::transform(values, scaled.begin(), [&](auto v) {
        return static_cast<std::uint64_t>(v / integer_scales[scale]);
    });
    out += static_cast<char>(scale);
    pack_differences(out, std::move(scaled), packing);
}

std::vector<std::int64_t> unpack_integers(PackReader& from, std::size_t count) {
    const std::size_t scale = from.byte();
    if (scale >= integer_scales.size()) from.fail();
    const auto scaled = unpack_differences(from, count);
    if (!from.ok()) return {};
    const auto factor = static_cast<std::uint64_t>(integer_scales[scale]);
    std::vector<std::int64_t> values(count);
    std::ranges::transform(scaled, values.begin(),
                           [factor](auto v) { return static_cast<std::int64_t>(v * factor); });
    return values;
}

void pack_doubles(std::string& out, std::span<const std::uint64_t> bits, PlanePacking packing) {
    for (std::size_t exponent = 0; exponent < powers_of_ten.size(); ++exponent) {
        auto decimals = as_decimals(bits, powers_of_ten[exponent]);
        if (!decimals) continue;
        out += static_cast<char>(exponent);
        return pack_differences(out, *std::move(decimals), packing);
    }
    out += static_cast<char>(by_bits);
    std::vector<std::uint64_t> changes(bits.begin(), bits.end());
    for (std::size_t i = changes.size(); i-- > 1;)
        changes[i] ^= changes[i - 1];
    pack_planes(out, changes, packing);
}

std::vector<std::uint64_t> unpack_doubles(PackReader& from, std::size_t count) {
    const std::uint8_t exponent = from.byte();
    if (exponent == by_bits) {
        auto bits = unpack_planes(from, count);
        for (std::size_t i = 1; i < bits.size(); ++i)
            bits[i] ^= bits[i - 1];
        return bits;
    }
    if (exponent >= powers_of_ten.size()) from.fail();
    auto values = unpack_differences(from, count);
    for (auto& value : values) {
        value = std::bit_cast<std::uint64_t>(static_cast<double>(static_cast<std::int64_t>(value)) /
                                             powers_of_ten[exponent]);
    }
    return values;
}

void pack_flags(std::string& out, std::span<const std::uint8_t> flags, PlanePacking packing) {
    std::vector<std::uint64_t> eights((flags.size() + 7) / 8);
    for (std::size_t i = 0; i < flags.size(); ++i)
        eights[i / 8] |= std::uint64_t{flags[i] != 0} << (i % 8);
    // The last eight is filled up, so that all ones is a constant.
    if (!flags.empty() && flags.back() != 0) {
        for (std::size_t i = flags.size(); i < eights.size() * 8; ++i)
            eights.back() |= std::uint64_t{1} << (i % 8);
    }
    pack_planes(out, eights, packing);
}

std::vector<std::uint8_t> unpack_flags(PackReader& from, std::size_t count) {
    const auto eights = unpack_planes(from, (count + 7) / 8);
    if (!from.ok()) return {};
    std::vector<std::uint8_t> flags(count);
    for (std::size_t i = 0; i < count; ++i)
        flags[i] = static_cast<std::uint8_t>((eights[i / 8] >> (i % 8)) & 1U);
    return flags;
}

void pack_text(std::string& out, std::string_view text) {
    const auto smaller = compressed(text);
    put_varint(out, text.size());
    put_varint(out, smaller ? smaller->size() : 0);
    out += smaller ? std::string_view(*smaller) : text;
}

std::string unpack_text(PackReader& from, std::size_t size_max) {
    const auto size = from.varint();
    const auto packed_size = from.varint();
    if (size > size_max) from.fail();
    if (!from.ok()) return {};
    if (packed_size == 0) return std::string(from.take(size));
    auto text = decompressed(from.take(packed_size), size);
    if (!text) from.fail();
    return text.value_or("");
}

std::string checksum(std::string_view bytes) {
    std::array<unsigned char, crypto_generichash_BYTES_MIN> digest{};
    crypto_generichash(digest.data(), digest.size(),
                       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr,
                       0);
    return {reinterpret_cast<const char*>(digest.data()), checksum_bytes};
}

}  // namespace vigie::store
