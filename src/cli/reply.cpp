#include "cli/reply.hpp"

#include <algorithm>
#include <charconv>

#include "vigie/base/text.hpp"

namespace vigie::cli {

namespace {

constexpr std::size_t head_bytes_max = 64 * 1024;

bool names(std::string_view field, std::string_view expected) {
    return std::ranges::equal(field, expected, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
    });
}

}  // namespace

bool ReplyReader::feed(std::string_view bytes) {
    waiting_ += bytes;
    while (!broken_ && !complete() && step()) {
    }
    return !broken_;
}

bool ReplyReader::end() {
    if (state_ == State::until_end) state_ = State::complete;
    return complete() && !broken_;
}

// False: more bytes are needed, or it is broken.
bool ReplyReader::step() {
    std::string line;
    switch (state_) {
        case State::head:
            return read_head();
        case State::counted:
        case State::chunk:
        case State::until_end:
            take_body();
            return left_ == 0 && state_ != State::until_end;
        case State::chunk_size:
            return read_chunk_size();
        case State::chunk_end:
            if (!take_line(line)) return false;
            broken_ = !line.empty();
            state_ = State::chunk_size;
            return true;
        case State::trailer:
            if (!take_line(line)) return false;
            if (line.empty()) state_ = State::complete;
            return true;
        case State::complete:
            return false;
    }
    return false;
}

bool ReplyReader::take_line(std::string& line) {
    const auto end = waiting_.find("\r\n");
    if (end == std::string::npos) return false;
    line = waiting_.substr(0, end);
    waiting_.erase(0, end + 2);
    return true;
}

bool ReplyReader::read_head() {
    const auto end = waiting_.find("\r\n\r\n");
    if (end == std::string::npos) {
        broken_ = waiting_.size() > head_bytes_max;
        return false;
    }
    const std::string head = waiting_.substr(0, end);
    waiting_.erase(0, end + 4);
    bool first = true;
    for (const std::string_view raw : base::split(head, '\n')) {
        const std::string_view line = base::trimmed(raw);
        const bool good = first ? read_status_line(line) : read_field(line);
        first = false;
        if (!good) broken_ = true;
    }
    if (status_ >= 100 && status_ < 200)
        return !broken_;  // an interim answer: the real one follows
    state_ = chunked_ ? State::chunk_size : counted_ ? State::counted : State::until_end;
    const bool empty = status_ == 204 || status_ == 304 || (counted_ && left_ == 0);
    if (empty) state_ = State::complete;
    return !broken_;
}

bool ReplyReader::read_status_line(std::string_view line) {
    if (!line.starts_with("HTTP/1.") || line.size() < 12) return false;
    const auto number = base::parse_int(line.substr(9, 3));
    status_ = static_cast<unsigned>(number.value_or(0));
    return number && *number >= 100 && *number <= 599;
}

bool ReplyReader::read_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view value = base::trimmed(line.substr(colon + 1));
    if (names(line.substr(0, colon), "transfer-encoding")) chunked_ = names(value, "chunked");
    if (!names(line.substr(0, colon), "content-length")) return true;
    const auto bytes = base::parse_int(value);
    counted_ = bytes && *bytes >= 0;
    left_ = static_cast<std::size_t>(bytes.value_or(0));
    return counted_;
}

bool ReplyReader::read_chunk_size() {
    std::string line;
    if (!take_line(line)) return false;
    const std::string_view digits = std::string_view(line).substr(0, line.find(';'));
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
    broken_ = digits.empty() || error != std::errc{} || end != digits.data() + digits.size();
    state_ = left_ == 0 ? State::trailer : State::chunk;
    return !broken_;
}

void ReplyReader::take_body() {
    const std::size_t count =
        state_ == State::until_end ? waiting_.size() : std::min(left_, waiting_.size());
    body_.append(waiting_, 0, count);
    waiting_.erase(0, count);
    if (state_ == State::until_end) return;
    left_ -= count;
    if (left_ > 0) return;
    state_ = state_ == State::chunk ? State::chunk_end : State::complete;
}

}  // namespace vigie::cli
