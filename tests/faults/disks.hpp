// File systems of the harness' own, which nobody else sees and which end with it. They need the
// right to mount; where it is not given they are not there, and what needs them is not tried.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

namespace vigie::faults {

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

struct Disks {
    std::optional<std::filesystem::path> small;  // to be filled up
    std::unique_ptr<LoopDisk> loop;              // to lose its power
};

// To be called once, before any thread is made.
[[nodiscard]] Disks make_disks();

}  // namespace vigie::faults
