// How long the system lets a thread compute before others have their turn.
#pragma once

#include <chrono>
#include <optional>

namespace mdn {

/// The time slice of the calling thread, or nothing where the system does not tell it. Linux does
/// from release 6.12 on (its Documentation/scheduler/sched-eevdf.rst), for threads of the ordinary
/// scheduling policies.
std::optional<std::chrono::nanoseconds> time_slice();

/// Asks the system for time slices of this length for the calling thread; Linux takes 0.1 to 100
/// ms, and of other lengths the nearest of these. Its share of the processor stays the same, in
/// shorter turns. In exchange, it waits less for a processor after it wakes up on a busy machine.
/// Where the system knows no such request (see time_slice()) or denies it, nothing changes: only
/// time is at stake.
void request_time_slice(std::chrono::nanoseconds length);

}  // namespace mdn
