// File systems of the test's own, which nobody else sees and which end with it. They need the
// right to mount; where it is not given they are not there, and what needs them is not tried.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace vigie::e2e {

// A disk in a file. What was written to it but not synced lies in the kernel's memory alone, as
// with any disk.
class LoopDisk {
public:
    // In a folder of its own under `parent`, mounted; null where that is refused.
    [[nodiscard]] static std::unique_ptr<LoopDisk> make(const std::filesystem::path& parent);
    ~LoopDisk();
    LoopDisk(const LoopDisk&) = delete;
    LoopDisk& operator=(const LoopDisk&) = delete;

    [[nodiscard]] const std::filesystem::path& mounted_at() const { return mounted_at_; }
    // As after a power cut: the disk holds what had reached it, and the kernel has forgotten the
    // rest. Whoever had files open must be dead, or dying. Throws std::runtime_error.
    void cut_power();

private:
    explicit LoopDisk(const std::filesystem::path& folder);
    [[nodiscard]] bool mount() const;

    std::filesystem::path image_;
    std::filesystem::path mounted_at_;
};

// An empty file system in memory of that size ("700m"); nothing where it is refused. To be called
// before any thread is made.
[[nodiscard]] std::optional<std::filesystem::path> memory_disk(const std::string& size);

// Takes all free space of its file system but `rest`, and the last pages by trial.
void load_ballast(const std::filesystem::path& path, std::uintmax_t rest);

}  // namespace vigie::e2e
