#include "control/kept_results.hpp"

#include <spdlog/spdlog.h>

#include "control/codec.hpp"

namespace vigie::control {

std::vector<ingest::CommandResult> KeptResults::left_over() {
    std::vector<ingest::CommandResult> all;
    spool_.each([&all](std::string_view payload) {
        auto found = decode_kept(payload);
        if (found) all.push_back(*std::move(found));
        return found.has_value();
    });
    return all;
}

bool KeptResults::keep(const ingest::CommandResult& result) {
    try {
        return spool_.append(encode_result(result));
    } catch (const store::FilesError& error) {
        spdlog::error("the result of command {} cannot be kept: {}", result.command, error.what());
        return false;
    }
}

void KeptResults::forget() {
    try {
        spool_.drop_all();
    } catch (const store::FilesError& error) {
        // Recorded again after a restart, they change nothing.
        spdlog::error("recorded results cannot be removed: {}", error.what());
    }
}

}  // namespace vigie::control
