#include "app/pulse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace vigie::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::seconds pulse_patience{30};

// A database that answers, refuses, or stands still until somebody interrupts it.
class FakeDatabase {
public:
    enum class Mood { answers, refuses_once, refuses, stands_still };

    std::vector<std::string> ask() {
        std::unique_lock lock(mutex_);
        ++asked_;
        changed_.notify_all();
        const bool in_time = changed_.wait_for(
            lock, pulse_patience, [this] { return mood_ != Mood::stands_still || interrupted_; });
        if (!in_time) ADD_FAILURE() << "nobody interrupts";
        if (mood_ == Mood::refuses_once) {
            mood_ = Mood::answers;
            throw std::runtime_error("the connection broke");
        }
        if (mood_ != Mood::answers) throw std::runtime_error("no answer");
        return {"fsync is off"};
    }
    void interrupt() {
        const std::lock_guard lock(mutex_);
        interrupted_ = true;
        changed_.notify_all();
    }
    void turn(Mood mood) {
        const std::lock_guard lock(mutex_);
        mood_ = mood;
        changed_.notify_all();
    }
    void wait_asked(int times) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, pulse_patience, [&] { return asked_ >= times; }));
    }
    int asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    Mood mood_{Mood::answers};
    bool interrupted_{};
    int asked_{};
};

class PulseTest : public testing::Test {
protected:
    template <typename Condition>
    static void wait_until(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + pulse_patience;
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), until);
            std::this_thread::yield();
        }
    }
    FakeDatabase database_;
    Pulse pulse_{[this] { return database_.ask(); }, [this] { database_.interrupt(); }};
};

TEST_F(PulseTest, SaysWhatTheDatabaseSaysAndForgetsSilenceOnceItAnswers) {
    pulse_.ask();
    EXPECT_THAT(pulse_.sentences(), ElementsAre("fsync is off"));
    EXPECT_EQ(pulse_.silent().count(), 0);
    EXPECT_FALSE(pulse_.away());
    database_.turn(FakeDatabase::Mood::refuses);
    pulse_.ask();
    EXPECT_TRUE(pulse_.away());
    wait_until([this] { return pulse_.silent() >= std::chrono::milliseconds{20}; });
    pulse_.ask();
    EXPECT_GE(pulse_.silent().count(), 20) << "counted from the first that was not answered";
    database_.turn(FakeDatabase::Mood::answers);
    pulse_.ask();
    EXPECT_FALSE(pulse_.away());
    EXPECT_EQ(pulse_.silent().count(), 0);
}

TEST_F(PulseTest, OneConnectionThatBreaksIsNoDatabaseThatIsAway) {
    pulse_.ask();
    database_.turn(FakeDatabase::Mood::refuses_once);
    pulse_.ask();
    EXPECT_FALSE(pulse_.away());
    EXPECT_EQ(database_.asked(), 3);
    EXPECT_EQ(pulse_.silent().count(), 0);
}

TEST_F(PulseTest, SaysToWhomeverAsksThatItIsSilentForSoLong) {
    using std::chrono::milliseconds;
    const auto at_all = pulse_.silent_for(milliseconds{1});
    const auto for_long = pulse_.silent_for(std::chrono::hours{1});
    pulse_.ask();
    EXPECT_FALSE(at_all());
    database_.turn(FakeDatabase::Mood::refuses);
    pulse_.ask();
    wait_until([&] { return at_all(); });
    EXPECT_FALSE(for_long());
    database_.turn(FakeDatabase::Mood::answers);
    pulse_.ask();
    EXPECT_FALSE(at_all());
}

TEST_F(PulseTest, NoticesSilenceByItselfAndStopsInTheMiddleOfIt) {
    pulse_.start();
    EXPECT_THAT(pulse_.sentences(), ElementsAre("fsync is off"));
    const int before = database_.asked();
    database_.turn(FakeDatabase::Mood::stands_still);
    database_.wait_asked(before + 1);
    wait_until([this] { return pulse_.silent() >= std::chrono::milliseconds{100}; });
    pulse_.stop();
    EXPECT_TRUE(pulse_.away());
}

}  // namespace
}  // namespace vigie::app
