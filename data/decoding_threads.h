// Threads that decode clips.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace mdn {

/// Threads that all run one function. join() waits until it has returned in each.
class DecodingThreads {
  public:
    ~DecodingThreads() { join(); }

    /// Adds `count` threads, for which the user asked by --workers `workers`. Where the system
    /// gives no more, throws Error with its reason and the number that it gave; those are left
    /// running.
    void start(std::int64_t count, std::int64_t workers, const std::function<void()>& body);
    bool empty() const { return threads_.empty(); }
    void join();

  private:
    std::vector<std::thread> threads_;
};

}  // namespace mdn
