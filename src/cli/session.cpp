#include "cli/session.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace vigie::cli {

using nlohmann::json;

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

AdminDoor Session::door() const {
    return {socket, french_environment()};
}

std::string default_socket() {
    const std::string named = environment("VIGIE_SOCKET");
    return named.empty() ? "data/admin.sock" : named;
}

bool french_environment() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const std::string value = environment(name);
        if (!value.empty()) return value.starts_with("fr");
    }
    return false;
}

int fail(const Session& session, const std::string& sentence, int code) {
    if (session.json) {
        std::cout << json{{"detail", sentence}, {"exit_code", code}}.dump(
                         2, ' ', false, json::error_handler_t::replace)
                  << "\n";
    } else {
        std::cerr << "vigie: " << sentence << "\n";
    }
    return code;
}

int refuse(const Session& session, const json& problem) {
    if (!problem.is_object()) return fail(session, "the server refused without saying why");
    if (session.json) {
        std::cout << problem.dump(2) << "\n";
        return exit_refused;
    }
    const std::string detail = cell(problem, "detail");
    fail(session, detail.empty() ? cell(problem, "title") : detail);
    if (problem.contains("errors")) {
        for (const json& error : problem["errors"]) {
            const std::string message = cell(error, "message");
            if (message != detail)
                std::cerr << "  " << cell(error, "pointer") << ": " << message << "\n";
        }
    }
    return exit_refused;
}

int finish(const Session& session, const DoorReply& reply,
           const std::function<void(const json&)>& show) {
    if (!reply.ok()) return refuse(session, reply.body);
    if (reply.body.is_discarded()) return fail(session, "the server's answer is not JSON");
    if (session.json) {
        std::cout << reply.body.dump(2) << "\n";
    } else {
        show(reply.body);
    }
    return exit_done;
}

DoorReply all_pages(const AdminDoor& door, const std::string& path, Query query,
                    std::size_t limit) {
    constexpr std::size_t page_rows = 1'000;
    json rows = json::array();
    query.emplace_back("limit", "");
    query.emplace_back("cursor", "");
    for (std::string next;;) {
        const std::size_t wanted =
            limit == 0 ? page_rows : std::min(page_rows, limit - rows.size());
        Query asked = query;
        asked[asked.size() - 2].second = std::to_string(wanted);
        asked.back().second = next;
        if (next.empty()) asked.pop_back();
        DoorReply reply = door.get(target(path, asked));
        if (!reply.ok()) return reply;
        for (json& row : reply.body["rows"])
            rows.push_back(std::move(row));
        next = cell(reply.body, "next");
        if (next.empty() || (limit != 0 && rows.size() >= limit)) {
            reply.body.erase("next");
            reply.body["rows"] = std::move(rows);
            reply.body["more"] = !next.empty();
            return reply;
        }
    }
}

std::string cell(const json& row, const char* member) {
    const auto found = row.find(member);
    if (found == row.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace vigie::cli
