#include "tests/e2e/support/disks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/e2e/support/program.hpp"

namespace vigie::e2e {

namespace fs = std::filesystem;

namespace {

constexpr const char* image_size = "1400M";
constexpr std::chrono::seconds program_limit{120};
constexpr std::chrono::seconds unmount_limit{60};

bool succeeds(std::vector<std::string> arguments) {
    try {
        return Program(std::move(arguments)).wait(program_limit) == 0;
    } catch (const std::runtime_error&) {
        return false;  // there is no such program here
    }
}

void write_line(const char* path, const std::string& line) {
    std::ofstream(path) << line << std::flush;
}

// What is mounted from now on is ours alone and ends with us. Without the right to mount, as the
// master of a user namespace.
bool enter_mount_namespace() {
    const auto uid = geteuid();
    const auto gid = getegid();
    if (uid == 0) {
        if (unshare(CLONE_NEWNS) != 0) return false;
    } else {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        write_line("/proc/self/setgroups", "deny");
        write_line("/proc/self/uid_map", fmt::format("{0} {0} 1\n", uid));
        write_line("/proc/self/gid_map", fmt::format("{0} {0} 1\n", gid));
    }
    return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

std::optional<fs::path> mounted_memory(const std::string& options) {
    std::string folder = "/tmp/vigie-disk-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) return std::nullopt;
    if (mount("none", folder.c_str(), "tmpfs", 0, options.c_str()) != 0) {
        rmdir(folder.c_str());
        return std::nullopt;
    }
    fs::permissions(folder, fs::perms(0755));
    return folder;
}

}  // namespace

LoopDisk::LoopDisk(const fs::path& folder)
    : image_(folder / "disk.img"), mounted_at_(folder / "disk") {}

LoopDisk::~LoopDisk() {
    umount2(mounted_at_.c_str(), MNT_DETACH);
}

std::unique_ptr<LoopDisk> LoopDisk::make(const fs::path& parent) {
    auto disk = std::unique_ptr<LoopDisk>(new LoopDisk(parent));
    fs::create_directory(disk->mounted_at_);
    const bool made =
        succeeds({"truncate", "-s", image_size, disk->image_}) &&
        succeeds({"mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0", disk->image_});
    if (!made || !disk->mount()) return nullptr;
    return disk;
}

// The journal is left alone for longer than a round lasts: nothing reaches the disk that nobody
// asked for.
bool LoopDisk::mount() const {
    return succeeds({"mount", "-o", "loop,commit=300", image_, mounted_at_});
}

void LoopDisk::cut_power() {
    const auto after = image_.string() + ".after";
    if (!succeeds({"cp", "--sparse=always", image_, after}))
        throw std::runtime_error("no room for the image of a disk");
    const auto end = std::chrono::steady_clock::now() + unmount_limit;
    while (umount(mounted_at_.c_str()) != 0) {
        if (std::chrono::steady_clock::now() > end)
            throw std::runtime_error("somebody still uses the disk whose power is cut");
    }
    fs::rename(after, image_);
    if (!mount()) throw std::runtime_error("the disk cannot be mounted after the power cut");
}

std::optional<fs::path> memory_disk(const std::string& size) {
    static const bool entered = enter_mount_namespace();
    if (!entered) return std::nullopt;
    return mounted_memory("size=" + size);
}

void load_ballast(const fs::path& path, std::uintmax_t rest) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error("no file " + path.string());
    const off_t size = lseek(file, 0, SEEK_END);
    const auto free = fs::space(path.parent_path()).free;
    off_t more = free > rest ? static_cast<off_t>(free - rest) : 0;
    while (more > 0 && posix_fallocate(file, size, more) != 0)
        more -= more / 100 + 1;
    close(file);
}

}  // namespace vigie::e2e
