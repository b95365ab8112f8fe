// Sending a file to be imported, with its progress.
#pragma once

#include <string>

#include "cli/session.hpp"

namespace vigie::cli {

struct ImportCall {
    std::string path;  // of the route
    std::string file;  // "-": standard input
    Query query;
    bool dry_run{};
    bool partial{};
};

int run_import(const Session& session, ImportCall call);

// What is said of a report, in sentences.
[[nodiscard]] std::string report_text(const nlohmann::json& report);

}  // namespace vigie::cli
