#include "store/frame_record.hpp"

#include <cstring>

namespace vigie::store {

namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t frame_bytes_min = 8 + 8 + 4 + 4 + 1 + 4;
constexpr std::size_t quarantined_bytes_min = 8 + 6 * 4;

class RecordWriter {
public:
    explicit RecordWriter(std::string& out) : out_(out) {}
    template <typename T>
    void number(T value) {
        const std::size_t at = out_.size();
        out_.resize(at + sizeof value);
        std::memcpy(out_.data() + at, &value, sizeof value);
    }
    void instant(base::Instant instant) { number(std::int64_t{base::epoch_us(instant)}); }
    void size(std::size_t size) { number(static_cast<std::uint32_t>(size)); }
    void text(std::string_view text) {
        size(text.size());
        out_.append(text);
    }

private:
    std::string& out_;
};

// Once it failed it gives nothing but zeros.
class RecordReader {
public:
    explicit RecordReader(std::string_view bytes) : rest_(bytes) {}
    template <typename T>
    T number() {
        T value{};
        const auto bytes = take(sizeof value);
        if (!failed_) std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }
    base::Instant instant() { return base::from_epoch_us(number<std::int64_t>()); }
    // How many follow; each takes at least that many bytes, so that a wrong number costs nothing.
    std::size_t size(std::size_t bytes_each) {
        const std::size_t count = number<std::uint32_t>();
        if (count > rest_.size() / bytes_each) failed_ = true;
        return failed_ ? 0 : count;
    }
    std::string text() { return std::string(take(size(1))); }
    [[nodiscard]] bool sound_and_over() const { return !failed_ && rest_.empty(); }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    std::string_view take(std::size_t bytes) {
        if (bytes > rest_.size()) failed_ = true;
        if (failed_) return {};
        const auto taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }
    std::string_view rest_;
    bool failed_{};
};

Frame read_frame(RecordReader& in) {
    Frame frame;
    frame.observed_at = in.instant();
    frame.received_at = in.instant();
    frame.asset_id = in.number<std::int32_t>();
    frame.layout = in.number<std::int32_t>();
    frame.backfill = in.number<std::uint8_t>() != 0;
    frame.vals.resize(in.size(sizeof(double)));
    for (double& value : frame.vals)
        value = in.number<double>();
    return frame;
}

Quarantined read_quarantined(RecordReader& in) {
    Quarantined row;
    row.received_at = in.instant();
    for (auto* text :
         {&row.credential, &row.channel, &row.topic, &row.reason, &row.detail, &row.payload}) {
        *text = in.text();
    }
    return row;
}

}  // namespace

std::size_t record_bytes(const Frame& frame) {
    return frame_bytes_min + frame.vals.size() * sizeof(double);
}

std::size_t record_bytes(const Quarantined& row) {
    return quarantined_bytes_min + row.credential.size() + row.channel.size() + row.topic.size() +
           row.reason.size() + row.detail.size() + row.payload.size();
}

std::string encode_frame_record(std::span<const Frame> frames,
                                std::span<const Quarantined> quarantined) {
    std::string bytes;
    RecordWriter out(bytes);
    out.number(record_version);
    out.size(frames.size());
    for (const Frame& frame : frames) {
        out.instant(frame.observed_at);
        out.instant(frame.received_at);
        out.number(frame.asset_id);
        out.number(frame.layout);
        out.number(static_cast<std::uint8_t>(frame.backfill ? 1 : 0));
        out.size(frame.vals.size());
        for (const double value : frame.vals)
            out.number(value);
    }
    out.size(quarantined.size());
    for (const Quarantined& row : quarantined) {
        out.instant(row.received_at);
        for (const auto* text :
             {&row.credential, &row.channel, &row.topic, &row.reason, &row.detail, &row.payload}) {
            out.text(*text);
        }
    }
    return bytes;
}

std::optional<FrameRecord> decode_frame_record(std::string_view bytes) {
    RecordReader in(bytes);
    if (in.number<std::uint8_t>() != record_version) return std::nullopt;
    FrameRecord record;
    const auto frames = in.size(frame_bytes_min);
    for (std::size_t i = 0; i < frames && !in.failed(); ++i)
        record.frames.push_back(read_frame(in));
    const auto rows = in.size(quarantined_bytes_min);
    for (std::size_t i = 0; i < rows && !in.failed(); ++i)
        record.quarantined.push_back(read_quarantined(in));
    if (!in.sound_and_over()) return std::nullopt;
    return record;
}

}  // namespace vigie::store
