#include "vigie/store/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace vigie::store {

namespace {

[[noreturn]] void fail_on(const std::string& path, const char* act) {
    const int code = errno;
    throw FilesError(std::string(act) + " " + path + ": " + std::strerror(code), code);
}

class Descriptor {
public:
    Descriptor(std::string path, int flags)
        : path_(std::move(path)), number_(::open(path_.c_str(), flags | O_CLOEXEC, 0600)) {
        if (number_ < 0) fail_on(path_, "open");
    }
    ~Descriptor() { ::close(number_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
    int number_;
};

class DiskFile final : public File {
public:
    DiskFile(const std::string& path, int flags) : file_(path, O_WRONLY | O_APPEND | flags) {}

    void append(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto written = ::write(file_.number(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail_on(file_.path(), "write");
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    void sync() override {
        if (::fdatasync(file_.number()) != 0) fail_on(file_.path(), "sync");
    }
    void truncate(std::uint64_t bytes) override {
        if (::ftruncate(file_.number(), static_cast<off_t>(bytes)) != 0) {
            fail_on(file_.path(), "cut");
        }
    }

private:
    Descriptor file_;
};

class DiskFiles final : public Files {
public:
    void make_folder(const std::string& folder) override {
        if (std::filesystem::is_directory(folder)) return;
        auto parent = std::filesystem::path(folder).parent_path().string();
        if (parent.empty()) parent = ".";
        if (!std::filesystem::is_directory(parent)) make_folder(parent);
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail_on(folder, "make");
        sync_folder(parent);
    }

    std::vector<std::string> list(const std::string& folder) override {
        std::vector<std::string> names;
        std::error_code failed;
        for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
            names.push_back(entry.path().filename().string());
        }
        if (failed) throw FilesError("list " + folder + ": " + failed.message(), failed.value());
        std::ranges::sort(names);
        return names;
    }

    std::string read(const std::string& path) override {
        const Descriptor file(path, O_RDONLY);
        std::string bytes;
        std::string piece(std::size_t{256} * 1024, '\0');
        for (;;) {
            const auto got = ::read(file.number(), piece.data(), piece.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail_on(path, "read");
            if (got == 0) return bytes;
            bytes.append(piece, 0, static_cast<std::size_t>(got));
        }
    }

    std::unique_ptr<File> create(const std::string& path) override {
        return std::make_unique<DiskFile>(path, O_CREAT | O_EXCL);
    }
    std::unique_ptr<File> open(const std::string& path) override {
        return std::make_unique<DiskFile>(path, 0);
    }
    void remove(const std::string& path) override {
        if (::unlink(path.c_str()) != 0) fail_on(path, "remove");
    }
    void sync_folder(const std::string& folder) override {
        const Descriptor file(folder, O_RDONLY | O_DIRECTORY);
        if (::fsync(file.number()) != 0) fail_on(folder, "sync");
    }
    std::uint64_t free_bytes(const std::string& folder) override {
        struct statvfs found{};
        if (::statvfs(folder.c_str(), &found) != 0) fail_on(folder, "measure");
        return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
    }
};

}  // namespace

FilesError::FilesError(const std::string& what, int errno_code)
    : std::runtime_error(what), code(errno_code) {}

bool FilesError::no_space() const {
    return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

Files& disk_files() {
    static DiskFiles files;
    return files;
}

}  // namespace vigie::store
