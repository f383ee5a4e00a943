// A system that gives no more threads.
#pragma once

#include <doctest/doctest.h>
#include <pthread.h>

namespace mdn::test {

/// While it lives, no thread can be started in this process: each would need a stack that is larger
/// than the address space, and the system says that a resource is unavailable, as it does at the
/// limits of `ulimit -u` and of a container. These limits do not hold for root, who may run tests.
class NoMoreThreads {
  public:
    NoMoreThreads() {
        REQUIRE(pthread_getattr_default_np(&before_) == 0);
        pthread_attr_t impossible;
        pthread_attr_init(&impossible);
        pthread_attr_setstacksize(&impossible, size_t{1} << 47);
        REQUIRE(pthread_setattr_default_np(&impossible) == 0);
        pthread_attr_destroy(&impossible);
    }
    ~NoMoreThreads() {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }
    NoMoreThreads(const NoMoreThreads&) = delete;
    NoMoreThreads& operator=(const NoMoreThreads&) = delete;

  private:
    pthread_attr_t before_;
};

}  // namespace mdn::test
