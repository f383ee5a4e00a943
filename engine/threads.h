// Threads that share the work of a loop.
//
// A loop is cut into shares, and a share is done by whichever thread is free: the calling thread
// begins at once and takes all that no other has begun. So nobody waits for a thread that has yet
// to wake up or that the system gave to another program. What a share is depends on the loop and on
// threads() only, never on who does it, and neither do the bits of the result.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace mdn {

/// How many threads share the work: what set_threads() said, else the environment variable
/// OMP_NUM_THREADS, else as many as there are processors for this process (processors.h). Throws
/// Error if OMP_NUM_THREADS is no number of threads.
int64_t threads();

/// count ≥ 1; 0 returns to the default. Not to be called while another thread computes.
void set_threads(int64_t count);
/// What set_threads() said last; 0: the default.
int64_t threads_set();

using Share = void (*)(void* body, int64_t share);
void run_shares(int64_t shares, Share call, void* body);

/// Calls body(share) for 0 ≤ share < shares, and returns when all are done. Throws what the first
/// share that fails threw, as a loop of one thread does; the rest may then be left undone. Inside a
/// share, and while another thread's loop runs, the calling thread does all of them itself.
template <class F>
void run_shares(int64_t shares, F&& body) {
    using Body = std::remove_reference_t<F>;
    run_shares(
        shares, [](void* f, int64_t share) { (*static_cast<Body*>(f))(share); },
        const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

}  // namespace mdn
