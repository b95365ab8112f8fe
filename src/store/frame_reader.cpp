#include "vigie/store/frame_reader.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "store/binary_field.hpp"
#include "store/pg.hpp"

namespace vigie::store {

namespace {

std::vector<Frame> frames_of(const PGresult* rows) {
    std::vector<Frame> frames(static_cast<std::size_t>(PQntuples(rows)));
    int row = 0;
    for (auto& frame : frames) {
        const auto instant = [rows, row](int column) {
            return base::from_epoch_us(big_endian_at<std::int64_t>(PQgetvalue(rows, row, column)) +
                                       database_epoch_us);
        };
        frame.asset_id = big_endian_at<std::int32_t>(PQgetvalue(rows, row, 0));
        frame.layout = big_endian_at<std::int32_t>(PQgetvalue(rows, row, 1));
        frame.observed_at = instant(2);
        frame.received_at = instant(3);
        frame.vals = values_at(PQgetvalue(rows, row, 4));
        ++row;
    }
    return frames;
}

// What the connections' threads and their caller share.
class FrameAnswers {
public:
    FrameAnswers(std::size_t connections, std::span<const FrameQuestion> questions)
        : waiting_max_(connections), at_work_(connections), questions_(questions) {}

    // The next question, or null: there is none, or nobody wants an answer any more.
    const FrameQuestion* next_question() {
        const std::lock_guard lock(mutex_);
        return over_ || asked_ == questions_.size() ? nullptr : &questions_[asked_++];
    }
    void answer(std::vector<Frame> frames) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return over_ || waiting_.size() < waiting_max_; });
        waiting_.push_back(std::move(frames));
        changed_.notify_all();
    }
    void done(std::exception_ptr failure) {
        const std::lock_guard lock(mutex_);
        --at_work_;
        if (failure) {
            failure_ = failure;
            over_ = true;
        }
        changed_.notify_all();
    }
    void give_up() {
        const std::lock_guard lock(mutex_);
        over_ = true;
        changed_.notify_all();
    }
    // Nothing: that was all. Throws what a connection threw.
    std::optional<std::vector<Frame>> take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return failure_ || at_work_ == 0 || !waiting_.empty(); });
        if (failure_) std::rethrow_exception(failure_);
        if (waiting_.empty()) return std::nullopt;
        auto frames = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
        return frames;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t waiting_max_;
    std::size_t at_work_;
    std::span<const FrameQuestion> questions_;
    std::size_t asked_{};
    std::deque<std::vector<Frame>> waiting_;
    std::exception_ptr failure_;
    bool over_{};
};

void answer_questions(const std::string& url, const Query& query, FrameAnswers& answers) {
    std::exception_ptr failure;
    try {
        PgConnection pg(url);
        while (const auto* question = answers.next_question()) {
            auto frames = frames_of(pg.binary_rows(query.sql, *question).get());
            if (!frames.empty()) answers.answer(std::move(frames));
        }
    } catch (...) {
        failure = std::current_exception();
    }
    answers.done(failure);
}

}  // namespace

void read_frames(const std::string& url, std::size_t connections, const Query& query,
                 std::span<const FrameQuestion> questions,
                 const std::function<void(std::vector<Frame>)>& take) {
    connections =
        std::clamp<std::size_t>(connections, 1, std::max<std::size_t>(1, questions.size()));
    FrameAnswers answers(connections, questions);
    std::vector<std::jthread> threads;
    // Before the threads are joined, whatever ends this.
    const struct GivesUp {
        FrameAnswers& answers;
        ~GivesUp() { answers.give_up(); }
    } gives_up{answers};
    for (std::size_t i = 0; i < connections; ++i)
        threads.emplace_back([&] { answer_questions(url, query, answers); });
    while (auto frames = answers.take())
        take(*std::move(frames));
}

}  // namespace vigie::store
