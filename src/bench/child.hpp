// Programs that a measurement starts and ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vigie::bench {

// `in` may be -1; both outputs go to `out`.
[[nodiscard]] pid_t spawn(const std::vector<std::string>& arguments, int in, int out);
// The same, and it ends with us whatever ends us: end_child() or end_kept_children().
[[nodiscard]] pid_t spawn_kept(const std::vector<std::string>& arguments, int in, int out);
void end_kept_children();
// SIGTERM, and SIGKILL once it was too slow; 0 is nobody.
void end_child(pid_t child, std::chrono::seconds limit);
[[nodiscard]] int opened(const std::filesystem::path& path, int flags);
// A TCP port of this machine that nobody listens on now.
[[nodiscard]] std::uint16_t free_port();

}  // namespace vigie::bench
