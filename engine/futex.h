// Threads that sleep until an atomic number changes.
//
// std::atomic::wait does the same, but libstdc++ yields the processor several times before it
// sleeps. On a busy machine each time lets other programs go first, so the thread stands in the
// queue instead of sleeping, and its turn is over when it is wanted.
#pragma once

#include <atomic>
#include <cstdint>

namespace mdn {

/// Sleeps until wake_sleepers() is called for `number`; returns at once if it is no longer `seen`.
/// May also return for no reason, so the caller looks again.
void sleep_while(const std::atomic<int32_t>& number, int32_t seen);

/// Wakes up to `count` of the threads that sleep_while() holds for `number`. Change it before.
void wake_sleepers(std::atomic<int32_t>& number, int32_t count);

}  // namespace mdn
