// What leaves a WebSocket: whole frames, in one row, as many at once as wait.
//
// Beast writes a message at a time. A console that falls behind by ten small messages would cost
// ten system calls to catch up; so messages are put into frames here, and Beast's own frames (its
// handshake, pongs, pings and the close) join the row through the stream that Beast is given.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vigie::net {

// A text message in one unmasked frame, as a server sends it (RFC 6455, 5.2).
inline void append_text_frame(std::string& out, std::string_view text) {
    constexpr std::uint8_t last_of_text = 0x81;
    out += static_cast<char>(last_of_text);
    int length_bytes = 0;
    if (text.size() < 126) {
        out += static_cast<char>(text.size());
    } else if (text.size() <= 0xffff) {
        out += static_cast<char>(126);
        length_bytes = 2;
    } else {
        out += static_cast<char>(127);
        length_bytes = 8;
    }
    while (length_bytes-- > 0)
        out += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * length_bytes));
    out += text;
}

// What waits to be written, and what is being written.
class WebSocketOutput {
public:
    using Done = std::function<void(boost::system::error_code)>;

    void add_text(std::string_view text) {
        append_text_frame(waiting_.bytes, text);
        waiting_.text_bytes += text.size();
    }
    void add_raw(std::string_view bytes, Done done) {
        waiting_.bytes += bytes;
        waiting_.told.push_back(std::move(done));
    }
    [[nodiscard]] bool is_empty() const { return waiting_.bytes.empty(); }
    [[nodiscard]] bool is_writing() const { return writing_; }
    // Room that is held, whether used or not.
    [[nodiscard]] std::size_t held_bytes() const {
        return waiting_.bytes.capacity() + written_.bytes.capacity();
    }

    // Valid until done().
    std::string_view begin() {
        writing_ = true;
        std::swap(waiting_, written_);
        return written_.bytes;
    }
    // Tells whoever waits for it; answers how many bytes of text that was.
    std::size_t done(boost::system::error_code failure) {
        const auto text_bytes = std::exchange(written_.text_bytes, 0);
        written_.bytes.clear();
        if (written_.bytes.capacity() > kept_bytes_max) std::string().swap(written_.bytes);
        for (const auto& told : std::exchange(written_.told, {}))
            told(failure);
        writing_ = false;
        return text_bytes;
    }

private:
    // A connection that says nothing keeps no more.
    static constexpr std::size_t kept_bytes_max = 1024;
    struct Row {
        std::string bytes;
        std::size_t text_bytes{};
        std::vector<Done> told;
    };
    Row waiting_;
    Row written_;
    bool writing_{};
};

}  // namespace vigie::net
