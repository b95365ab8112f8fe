// An HTTP/1.1 answer, read as it comes in: pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vigie::cli {

class ReplyReader {
public:
    // False: these bytes are no HTTP answer.
    bool feed(std::string_view bytes);
    // The other end closed. False: the answer was not whole.
    bool end();
    [[nodiscard]] bool complete() const { return state_ == State::complete; }
    [[nodiscard]] unsigned status() const { return status_; }
    [[nodiscard]] const std::string& body() const { return body_; }

private:
    enum class State { head, counted, chunk_size, chunk, chunk_end, trailer, until_end, complete };
    bool step();
    bool read_head();
    bool read_status_line(std::string_view line);
    bool read_field(std::string_view line);
    bool read_chunk_size();
    bool take_line(std::string& line);
    void take_body();

    State state_{State::head};
    std::string waiting_;
    unsigned status_{};
    bool chunked_{};
    bool counted_{};
    std::size_t left_{};  // of the body, or of the chunk
    std::string body_;
    bool broken_{};
};

}  // namespace vigie::cli
