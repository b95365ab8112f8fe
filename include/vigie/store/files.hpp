// The few operations on files that a promise stands on, behind an interface so that a test can take
// the power away after any of them.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vigie::store {

// The disk refused. `code` is errno.
class FilesError : public std::runtime_error {
public:
    FilesError(const std::string& what, int errno_code);
    int code;
    [[nodiscard]] bool no_space() const;
};

// Open for writing at its end. What was appended outlives a power cut once sync() returned, and
// the file itself once its folder was synced as well. After a failed sync nothing is known of what
// was appended: such a file is not written any further.
class File {
public:
    virtual ~File() = default;
    virtual void append(std::string_view bytes) = 0;
    virtual void sync() = 0;
    virtual void truncate(std::uint64_t bytes) = 0;
};

// All throw FilesError.
class Files {
public:
    virtual ~Files() = default;
    virtual void make_folder(const std::string& folder) = 0;  // durable when it returns
    virtual std::vector<std::string> list(const std::string& folder) = 0;  // names, sorted
    virtual std::string read(const std::string& path) = 0;
    virtual std::unique_ptr<File> create(const std::string& path) = 0;  // must not be there yet
    virtual std::unique_ptr<File> open(const std::string& path) = 0;
    virtual void remove(const std::string& path) = 0;
    virtual void sync_folder(const std::string& folder) = 0;
    // What an ordinary user may still write to the file system of that folder.
    virtual std::uint64_t free_bytes(const std::string& folder) = 0;
};

// The machine's own; one for the program, thread-safe.
[[nodiscard]] Files& disk_files();

}  // namespace vigie::store
