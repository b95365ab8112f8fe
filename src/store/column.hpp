// Columns of numbers, packed without loss. Pure.
//
// Numbers become small by taking differences or a decimal scale out of them, are laid down byte by
// byte (all lowest bytes first, and so on), and each such plane is kept as one byte where it is
// constant, compressed where that pays, else raw.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vigie::store {

// Reads what was written, never beyond its end: after the first mistake ok() is false and all that
// is read is 0 or empty.
class PackReader {
public:
    explicit PackReader(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return bytes_.empty(); }
    std::uint8_t byte();
    std::uint64_t varint();
    std::string_view take(std::uint64_t size);
    void fail();

private:
    std::string_view bytes_;
    bool ok_ = true;
};

void put_varint(std::string& out, std::uint64_t value);

// Whether each plane is compressed for itself: not worth it where the whole is compressed later.
enum class PlanePacking { compressed, plain };

void pack_integers(std::string& out, std::span<const std::int64_t> values,
                   PlanePacking packing = PlanePacking::compressed);
// Empty, with the reader failed, where the bytes are not `count` integers.
[[nodiscard]] std::vector<std::int64_t> unpack_integers(PackReader& from, std::size_t count);

// Doubles as their bits: every NaN, -0.0 and infinity comes back as it was.
void pack_doubles(std::string& out, std::span<const std::uint64_t> bits,
                  PlanePacking packing = PlanePacking::compressed);
[[nodiscard]] std::vector<std::uint64_t> unpack_doubles(PackReader& from, std::size_t count);

// Zeroes and ones.
void pack_flags(std::string& out, std::span<const std::uint8_t> flags,
                PlanePacking packing = PlanePacking::compressed);
[[nodiscard]] std::vector<std::uint8_t> unpack_flags(PackReader& from, std::size_t count);

// A whole text; unpacking refuses what would become longer than `size_max`.
void pack_text(std::string& out, std::string_view text);
[[nodiscard]] std::string unpack_text(PackReader& from, std::size_t size_max);

// Eight bytes that tell whether others are what they were.
[[nodiscard]] std::string checksum(std::string_view bytes);

}  // namespace vigie::store
