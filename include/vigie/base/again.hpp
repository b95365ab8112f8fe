// Does something after a while, and again and again, on a thread of its own, until it is destroyed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace vigie::base {

class Again {
public:
    Again(std::chrono::milliseconds first, std::chrono::milliseconds every,
          std::function<void()> act)
        : thread_([first, every, act = std::move(act)](const std::stop_token& stop) {
              std::mutex mutex;
              std::condition_variable_any wake;
              std::unique_lock lock(mutex);
              auto pause = first;
              while (!wake.wait_for(lock, stop, pause, [&stop] { return stop.stop_requested(); })) {
                  act();
                  pause = every;
              }
          }) {}

private:
    std::jthread thread_;
};

}  // namespace vigie::base
