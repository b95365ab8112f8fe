// Statements under way, so that those of a database that stands still can be cut off. Thread-safe.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <list>
#include <mutex>

namespace vigie::store {

class UnderWay {
    struct Entry {
        int socket{};
        std::chrono::steady_clock::time_point since;
        bool is_cut{};
    };

public:
    // While somebody waits at a socket. Held by a number of its own: the library may close the one
    // it uses, which then is anybody's.
    class Passage {
    public:
        Passage(UnderWay& all, int socket) : all_(all), own_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
            const std::lock_guard lock(all_.mutex_);
            place_ = all_.entries_.insert(
                all_.entries_.end(),
                Entry{own_ >= 0 ? own_ : socket, std::chrono::steady_clock::now(), false});
        }
        ~Passage() {
            {
                const std::lock_guard lock(all_.mutex_);
                all_.entries_.erase(place_);
            }
            if (own_ >= 0) ::close(own_);
        }
        Passage(const Passage&) = delete;
        Passage& operator=(const Passage&) = delete;
        [[nodiscard]] bool is_cut() const {
            const std::lock_guard lock(all_.mutex_);
            return place_->is_cut;
        }

    private:
        UnderWay& all_;
        int own_;  // -1: there are no more numbers
        std::list<Entry>::iterator place_;
    };

    // The waiting thread finds its connection broken. Answers how many.
    std::size_t cut(std::chrono::milliseconds older_than) {
        const auto since = std::chrono::steady_clock::now() - older_than;
        const std::lock_guard lock(mutex_);
        std::size_t count = 0;
        for (auto& entry : entries_) {
            if (entry.since > since) continue;
            entry.is_cut = true;
            ::shutdown(entry.socket, SHUT_RDWR);
            ++count;
        }
        return count;
    }

private:
    std::mutex mutex_;
    std::list<Entry> entries_;
};

}  // namespace vigie::store
