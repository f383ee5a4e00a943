#include "engine/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "engine/futex.h"
#include "engine/processors.h"
#include "engine/time_slice.h"

namespace mdn {

namespace {

using Clock = std::chrono::steady_clock;

/// How long a thread that waits keeps looking before it sleeps. Loops follow each other within
/// microseconds, and waking a thread takes several; looking for long would take time from others.
constexpr auto patience = std::chrono::microseconds(100);

/// A thread that computed for so long lets others go first before it takes another share: between
/// shares nobody waits for it. docs/benchmarks.md compares other lengths.
constexpr auto turn = std::chrono::microseconds(1000);

/// A helper asks for time slices of this length. Beside other programs it sleeps while the caller
/// has no processor, and helps only as long as both have one: it must begin soon after it wakes.
constexpr auto helpers_time_slice = std::chrono::microseconds(300);

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Looks whether `done` for a moment. Returns whether it was.
template <class F>
bool look(F&& done) {
    const auto end = Clock::now() + patience;
    do {
        for (int i = 0; i < 16; ++i) {
            if (done()) return true;
            pause();
        }
    } while (Clock::now() < end);
    return false;
}

/// One loop at a time, and the threads that help its caller.
///
/// `unclaimed_` counts the shares that nobody has begun. Whoever counts it down has a share, and
/// only then reads what the loop is: it cannot end before that share is done (`unfinished_`).
class Helpers {
  public:
    explicit Helpers(int64_t count) {
        try {
            for (int64_t i = 0; i < count; ++i) threads_.emplace_back([this] { help(); });
        } catch (const std::system_error&) {
            // The system gives no more: those there are do all shares, with the same bits.
        }
    }

    ~Helpers() {
        stopping_ = true;
        ++loops_;
        wake_sleepers(loops_, INT32_MAX);
        for (std::thread& thread : threads_) thread.join();
    }

    void run(int64_t shares, Share call, void* body) {
        call_ = call;
        body_ = body;
        shares_ = static_cast<int32_t>(shares);
        failure_ = nullptr;
        failed_share_ = shares_;
        unfinished_ = shares_;
        unclaimed_ = shares_;
        ++loops_;
        // Either a helper that is about to sleep sees the new loop, or this sees the helper: each
        // writes before it looks.
        if (asleep_ > 0) wake_sleepers(loops_, shares_ - 1);
        while (take_share()) {
        }
        if (!look([&] { return unfinished_ == 0; })) {
            caller_sleeps_ = true;
            for (int32_t left; (left = unfinished_) != 0;) sleep_while(unfinished_, left);
            caller_sleeps_ = false;
        }
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    /// Does one share, if there is one that nobody has begun.
    bool take_share() {
        int32_t left = unclaimed_;
        do {
            if (left == 0) return false;
        } while (!unclaimed_.compare_exchange_weak(left, left - 1));
        // Shares are claimed in order, so the first that fails is done even if a later one already
        // has failed.
        if (const int32_t share = shares_ - left; share < failed_share_) try {
                call_(body_, share);
            } catch (...) {
                const std::lock_guard lock(failure_mutex_);
                if (share < failed_share_) {
                    failure_ = std::current_exception();
                    failed_share_ = share;
                }
            }
        // The last to finish wakes the caller; it may have gone on by then, which does no harm.
        if (--unfinished_ == 0 && caller_sleeps_) wake_sleepers(unfinished_, 1);
        return true;
    }

    void help();

    std::vector<std::thread> threads_;
    Share call_ = nullptr;
    void* body_ = nullptr;
    int32_t shares_ = 0;
    std::exception_ptr failure_;
    std::mutex failure_mutex_;
    std::atomic<int32_t> failed_share_ = 0;  // the lowest; as many as there are: none
    std::atomic<bool> caller_sleeps_ = false, stopping_ = false;
    std::atomic<int32_t> asleep_ = 0;
    // Apart from each other, since different threads write them.
    alignas(64) std::atomic<int32_t> loops_ = 0;
    alignas(64) std::atomic<int32_t> unclaimed_ = 0;
    alignas(64) std::atomic<int32_t> unfinished_ = 0;
};

thread_local bool inside_share = false;

void Helpers::help() {
    inside_share = true;
    request_time_slice(helpers_time_slice);
    while (true) {
        const int32_t seen = loops_;
        auto began = Clock::now();
        while (take_share())
            if (Clock::now() - began > turn) {
                sched_yield();
                began = Clock::now();
            }
        if (stopping_) return;
        if (look([&] { return loops_ != seen; })) continue;
        ++asleep_;
        sleep_while(loops_, seen);
        --asleep_;
    }
}

int64_t default_threads() {
    const char* asked = std::getenv("OMP_NUM_THREADS");
    return asked && *asked ? threads_asked_for(asked) : usable_processors();
}

struct Team {
    std::mutex loop;                   // held by whoever runs one with helpers
    int64_t asked = 0;                 // by set_threads(); 0: the default
    std::unique_ptr<Helpers> helpers;  // started by the first loop
};

Team& team() {
    static Team team;
    return team;
}

}  // namespace

int64_t threads() {
    if (const int64_t asked = team().asked) return asked;
    static const int64_t unasked = default_threads();
    return unasked;
}
int64_t threads_set() { return team().asked; }

void set_threads(int64_t count) {
    Team& all = team();
    const std::lock_guard lock(all.loop);
    all.helpers.reset();
    all.asked = std::max<int64_t>(count, 0);
}

void run_shares(int64_t shares, Share call, void* body) {
    Team& all = team();
    if (shares > INT32_MAX) throw std::logic_error("a loop of more than 2^31 shares");
    const bool alone = shares <= 1 || threads() <= 1 || inside_share;
    std::unique_lock lock(all.loop, std::defer_lock);
    if (alone || !lock.try_lock()) {
        for (int64_t share = 0; share < shares; ++share) call(body, share);
        return;
    }
    if (!all.helpers) all.helpers = std::make_unique<Helpers>(threads() - 1);
    struct Inside {
        Inside() { inside_share = true; }
        ~Inside() { inside_share = false; }
    } inside;
    all.helpers->run(shares, call, body);
}

}  // namespace mdn
