#include "vigie/store/spool.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <mutex>

#include "store/spool_segment.hpp"

namespace vigie::store {

namespace {

constexpr std::string_view segment_suffix = ".spool";

std::string segment_name(std::uint64_t number) {
    return fmt::format("{:020}{}", number, segment_suffix);
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
    if (!name.ends_with(segment_suffix)) return std::nullopt;
    name.remove_suffix(segment_suffix.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
    return number;
}

// What may be torn is the last write. The header was synced before the first record was written.
bool may_be_torn(const SegmentContents& contents, std::size_t bytes) {
    return contents.readable_header || !contents.records.empty() || bytes <= segment_header_bytes;
}

}  // namespace

struct Spool::Impl {
    // A file on disk, named by the sequence number of its first record.
    struct Kept {
        std::uint64_t records{};
        std::uint64_t bytes{};
        std::uint64_t damaged_bytes{};  // that were reported
    };

    Impl(Files& f, SpoolSettings s, SpoolCounters& c)
        : files(f), settings(std::move(s)), counters(c) {}

    Files& files;
    SpoolSettings settings;
    SpoolCounters& counters;
    std::mutex mutex;
    std::map<std::uint64_t, Kept> segments;
    std::unique_ptr<File> active;  // the last of `segments`, open for appending
    std::uint64_t next{1};

    [[nodiscard]] std::string path(std::uint64_t number) const {
        return settings.folder + "/" + segment_name(number);
    }

    // False: the disk did not take it. That must not keep the server from starting.
    bool keep_aside(std::uint64_t number, std::size_t offset, std::string_view bytes,
                    const char* what) {
        const std::string folder = settings.folder + "/aside";
        const auto name = fmt::format("{:020}-{}+{}.{}", number, offset, bytes.size(), what);
        try {
            files.make_folder(folder);
            const auto known = files.list(folder);
            if (std::ranges::find(known, name) != known.end()) {
                if (files.read(folder + "/" + name) == bytes) return true;
                files.remove(folder + "/" + name);  // a piece, from when the power or room went
            }
            const auto file = files.create(folder + "/" + name);
            file->append(bytes);
            file->sync();
            files.sync_folder(folder);
            return true;
        } catch (const FilesError& error) {
            spdlog::error("spool: {}", error.what());
            return false;
        }
    }

    // False: the disk did not take what is to be kept of it, which then stays where it is.
    bool cut(std::uint64_t number, std::string_view bytes, std::size_t end) {
        const auto torn = bytes.size() - end;
        spdlog::warn("spool: {} bytes at the end of {} are torn: a write that no one was told of",
                     torn, segment_name(number));
        counters.torn_bytes += torn;
        if (!keep_aside(number, end, bytes.substr(end), "torn")) return false;
        const auto file = files.open(path(number));
        file->truncate(end);
        file->sync();
        return true;
    }

    // Reports each damage once. False: the disk did not take what is to be kept of it.
    bool keep_damage(std::uint64_t number, Kept& kept, std::string_view bytes,
                     const std::vector<SegmentDamage>& damages) {
        std::uint64_t damaged = 0;
        bool all_kept = true;
        for (const auto& damage : damages) {
            damaged += damage.bytes;
            const auto left = bytes.substr(damage.offset, damage.bytes);
            if (!left.empty() && !keep_aside(number, damage.offset, left, "damaged"))
                all_kept = false;
        }
        if (damaged <= kept.damaged_bytes) return all_kept;
        spdlog::error("spool: {} bytes of {} are damaged; they are {} in aside/",
                      damaged - kept.damaged_bytes, segment_name(number),
                      all_kept ? "kept" : "still to be kept");
        counters.damaged_bytes += damaged - kept.damaged_bytes;
        kept.damaged_bytes = damaged;
        return all_kept;
    }

    void read(std::uint64_t number, bool is_last) {
        const auto bytes = files.read(path(number));
        auto contents = read_segment(bytes);
        next = std::max(next, number + 1);
        Kept kept{contents.records.size(), contents.end};
        bool all_kept = true;
        if (contents.end < bytes.size() && is_last && may_be_torn(contents, bytes.size())) {
            all_kept = cut(number, bytes, contents.end);
            if (!all_kept) kept.bytes = bytes.size();
        } else if (contents.end < bytes.size()) {
            contents.damage.push_back({contents.end, bytes.size() - contents.end});
            kept.bytes = bytes.size();
        }
        all_kept = keep_damage(number, kept, bytes, contents.damage) && all_kept;
        if (contents.records.empty()) {
            if (all_kept) files.remove(path(number));
            return;  // or the next open tries again
        }
        next = std::max(next, contents.records.back().sequence + 1);
        segments[number] = kept;
    }

    void count() {
        std::uint64_t records = 0;
        std::uint64_t bytes = 0;
        for (const auto& [number, kept] : segments) {
            records += kept.records;
            bytes += kept.bytes;
        }
        counters.records = records;
        counters.bytes = bytes;
        counters.segments = segments.size();
    }

    [[nodiscard]] bool room_for(std::uint64_t bytes) {
        if (counters.bytes + bytes > settings.bytes_max) return false;
        return settings.free_bytes_min == 0 ||
               files.free_bytes(settings.folder) >= settings.free_bytes_min + bytes;
    }

    // The new file is there for good before anything is promised in it.
    void begin_segment() {
        const auto number = next;
        auto file = files.create(path(number));
        try {
            file->append(encode_segment_header(number));
            file->sync();
            files.sync_folder(settings.folder);
        } catch (...) {
            try {
                files.remove(path(number));
            } catch (const FilesError&) {
                ++next;  // it stays, empty; the next open removes it
            }
            throw;
        }
        active = std::move(file);
        segments[number] = {0, segment_header_bytes};
    }

    // After a failure nothing is known of the file's end: it is cut back as well as may be, and
    // never written again.
    void give_up_active() {
        try {
            active->truncate(segments.rbegin()->second.bytes);
            active->sync();
        } catch (const FilesError& error) {
            spdlog::error("spool: {}", error.what());
        }
        active.reset();
        ++next;  // its last number may be in the file all the same
        if (segments.rbegin()->second.records > 0) return;
        try {
            files.remove(path(segments.rbegin()->first));
        } catch (const FilesError& error) {
            spdlog::error("spool: {}", error.what());
        }
        segments.erase(std::prev(segments.end()));
    }

    void write(std::string_view payload) {
        const auto record = encode_record(next, payload);
        if (active && segments.rbegin()->second.records > 0 &&
            segments.rbegin()->second.bytes + record.size() > settings.segment_bytes_max) {
            active.reset();
        }
        if (!active) begin_segment();
        try {
            active->append(record);
            active->sync();
        } catch (...) {
            give_up_active();
            throw;
        }
        auto& kept = segments.rbegin()->second;
        ++kept.records;
        kept.bytes += record.size();
        ++next;
        ++counters.appended;
    }
};

Spool::Spool(Files& files, SpoolSettings settings)
    : impl_(std::make_unique<Impl>(files, std::move(settings), counters_)) {}

Spool::~Spool() = default;

void Spool::open() {
    auto& s = *impl_;
    s.files.make_folder(s.settings.folder);
    std::vector<std::uint64_t> numbers;
    for (const auto& name : s.files.list(s.settings.folder)) {
        if (const auto number = segment_number(name)) numbers.push_back(*number);
    }
    for (const auto number : numbers)
        s.read(number, number == numbers.back());
    s.files.sync_folder(s.settings.folder);
    s.count();
}

bool Spool::append(std::string_view payload) {
    auto& s = *impl_;
    const std::lock_guard lock(s.mutex);
    if (payload.size() > record_payload_bytes_max ||
        !s.room_for(payload.size() + record_header_bytes + segment_header_bytes)) {
        return false;
    }
    try {
        s.write(payload);
    } catch (const FilesError& error) {
        s.count();
        if (!error.no_space()) throw;
        spdlog::error("spool: {}", error.what());
        return false;
    }
    s.count();
    return true;
}

std::optional<Spool::Segment> Spool::oldest() {
    auto& s = *impl_;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(s.mutex);
        if (s.segments.empty()) return std::nullopt;
        number = s.segments.begin()->first;
        if (s.segments.size() == 1) s.active.reset();
    }
    Segment segment{number, {}};
    const auto bytes = s.files.read(s.path(number));
    auto contents = read_segment(bytes);
    {
        const std::lock_guard lock(s.mutex);
        auto& kept = s.segments.at(number);
        // What was promised and is no sound end any more is damage, not a torn write.
        if (contents.end < kept.bytes)
            contents.damage.push_back({contents.end, kept.bytes - contents.end});
        if (!s.keep_damage(number, kept, bytes, contents.damage))
            throw FilesError("damage could not be kept aside", EIO);
    }
    for (const auto& record : contents.records)
        segment.payloads.emplace_back(record.payload);
    return segment;
}

void Spool::drop(std::uint64_t segment) {
    auto& s = *impl_;
    const std::lock_guard lock(s.mutex);
    s.files.remove(s.path(segment));
    s.files.sync_folder(s.settings.folder);
    s.segments.erase(segment);
    s.count();
}

void Spool::drop_all() {
    while (const auto segment = oldest())
        drop(segment->number);
}

void Spool::set_aside(std::uint64_t segment, std::size_t index, std::string_view payload) {
    counters_.damaged_bytes += payload.size();
    if (!impl_->keep_aside(segment, index, payload, "record")) {
        throw FilesError("a record that means nothing could not be kept aside", EIO);
    }
    spdlog::error("spool: record {} of {} means nothing; it is kept in aside/", index,
                  segment_name(segment));
}

void Spool::each(const std::function<bool(std::string_view)>& take) {
    for (const auto& [number, kept] : impl_->segments) {
        const auto bytes = impl_->files.read(impl_->path(number));
        const auto records = read_segment(bytes).records;
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (take(records[i].payload)) continue;
            try {
                set_aside(number, i, records[i].payload);
            } catch (const FilesError&) {
                spdlog::error("spool: a record of {} means nothing and is in this log alone: {}",
                              segment_name(number), records[i].payload);
            }
        }
    }
}

}  // namespace vigie::store
