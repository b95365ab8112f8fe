#include "cli/secret_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

namespace vigie::cli {

namespace {

[[noreturn]] void cannot(const char* act, const std::string& path) {
    throw std::runtime_error(std::string("cannot ") + act + " " + path + ": " +
                             std::strerror(errno));
}

bool write_whole(int file, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t count = ::write(file, text.data() + at, text.size() - at);
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) at += static_cast<std::size_t>(count);
    }
    return ::fsync(file) == 0;
}

}  // namespace

void write_secret_file(const std::string& path, const std::string& text) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());
    const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) cannot("create", beside);
    const bool written = write_whole(file, text);
    ::close(file);
    if (!written || std::rename(beside.c_str(), path.c_str()) != 0) cannot("write", path);
}

std::string read_file(const std::string& path) {
    if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
    std::ifstream file(path, std::ios::binary);
    if (!file) cannot("read", path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) cannot("read", path);
    return text;
}

}  // namespace vigie::cli
