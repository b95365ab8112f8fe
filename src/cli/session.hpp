// One call of vigie: what was asked for globally, and how it ends.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/admin_door.hpp"

namespace vigie::cli {

// Exit codes, the same for every command.
inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;      // refused or failed: the reason is on standard error
inline constexpr int exit_usage = 2;        // the command line is wrong
inline constexpr int exit_unreachable = 3;  // the server does not answer

struct Session {
    std::string socket;
    bool json{};
    std::function<int()> run;  // set by the command that was chosen

    [[nodiscard]] AdminDoor door() const;
};

// data/admin.sock, or what VIGIE_SOCKET says.
[[nodiscard]] std::string default_socket();
// Whether LC_ALL, LC_MESSAGES or LANG ask for French: the server's sentences then are.
[[nodiscard]] bool french_environment();

// Prints the answer as JSON with --json, else by `show`; a refusal goes as refuse() says.
int finish(const Session& session, const DoorReply& reply,
           const std::function<void(const nlohmann::json&)>& show);
// What went wrong: a sentence on standard error; with --json an object with `detail` on standard
// output, and nothing on standard error. Answers the exit code.
int fail(const Session& session, const std::string& sentence, int code = exit_refused);
// The same for the server's problem document, as it is with --json.
int refuse(const Session& session, const nlohmann::json& problem);

// Every page of a list until `limit` rows are there (0: all). `reply` is the last one asked for;
// its body then has the "rows" of all, "more": whether there are others, and what it said beside.
[[nodiscard]] DoorReply all_pages(const AdminDoor& door, const std::string& path, Query query,
                                  std::size_t limit);

// A member as text: "" when it is absent, numbers and truths as they are written.
[[nodiscard]] std::string cell(const nlohmann::json& row, const char* member);

}  // namespace vigie::cli
