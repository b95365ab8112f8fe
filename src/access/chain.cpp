#include "vigie/access/chain.hpp"

#include <sodium.h>

#include <array>

#include "vigie/base/text.hpp"

namespace vigie::access {

namespace {

constexpr std::size_t chain_block_rows = 2'000;

void append_number(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
}

void append_sized(std::string& out, std::string_view text) {
    append_number(out, text.size());
    out += text;
}

std::string sha256_hex(std::string_view text) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size());
    return base::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string commitment_digest(std::string_view salt, std::string_view value) {
    std::string covered;
    append_sized(covered, salt);
    append_sized(covered, value);
    return sha256_hex(covered);
}

ChainFault missing(std::int64_t number) {
    return {number, {"the entry is missing", "l'entrée manque"}};
}

// Nothing when the entry continues the chain at `last`.
std::optional<ChainFault> fault_of(const ChainHead& last, const ChainEntry& entry) {
    if (entry.number != last.number + 1) return missing(last.number + 1);
    if (chain_digest(last.digest, entry.number, entry.fields) == entry.digest) return std::nullopt;
    return ChainFault{
        entry.number,
        {"the entry or its digest was changed", "l'entrée ou son empreinte a été modifiée"}};
}

}  // namespace

std::string chain_digest(std::string_view previous, std::int64_t number,
                         const std::vector<ChainField>& fields) {
    std::string covered;
    append_sized(covered, previous);
    append_number(covered, static_cast<std::uint64_t>(number));
    append_number(covered, fields.size());
    for (const auto& field : fields) {
        covered += field ? '\1' : '\0';
        if (field) append_sized(covered, *field);
    }
    return sha256_hex(covered);
}

ChainReport verify_chain(const ChainHead& head, const ChainReader& read) {
    ChainReport report;
    ChainHead last;
    for (;;) {
        const auto block = read(last.number, chain_block_rows);
        for (const auto& entry : block) {
            report.fault = fault_of(last, entry);
            if (report.fault) return report;
            last = {entry.number, entry.digest};
            report.entries = last.number;
            report.digest = last.digest;
        }
        if (block.size() < chain_block_rows) break;
    }
    if (last.number < head.number) {
        report.fault = missing(last.number + 1);
    } else if (last.number > head.number) {
        report.fault = ChainFault{head.number + 1,
                                  {"the entry was added past the chain's end",
                                   "l'entrée a été ajoutée après la fin de la chaîne"}};
    } else if (last.digest != head.digest) {
        report.fault = ChainFault{
            last.number, {"the chain's end was changed", "la fin de la chaîne a été modifiée"}};
    }
    return report;
}

Commitment commit_to(std::string_view value) {
    std::array<char, 32> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    Commitment commitment;
    commitment.salt = base::to_hex({bytes.data(), bytes.size()});
    commitment.digest = commitment_digest(commitment.salt, value);
    return commitment;
}

bool opens(std::string_view digest, std::string_view salt, std::string_view value) {
    return commitment_digest(salt, value) == digest;
}

}  // namespace vigie::access
