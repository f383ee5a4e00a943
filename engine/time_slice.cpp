#include "engine/time_slice.h"

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cstdint>

namespace mdn {

using std::chrono::nanoseconds;

#ifdef __linux__

namespace {

/// What sched_getattr and sched_setattr exchange with Linux, in its first version (manual page
/// sched_setattr(2)). The C library declares it only from glibc 2.41 on.
struct SchedulingAttributes {
    uint32_t size = sizeof(SchedulingAttributes);
    uint32_t policy = 0;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 0;  // the time slice in nanoseconds; 0: the system does not tell
    uint64_t deadline = 0, period = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

/// Of the calling thread, if its policy has time slices that it may ask for.
std::optional<SchedulingAttributes> attributes() {
    SchedulingAttributes own;
    if (syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) != 0) return std::nullopt;
    if (own.policy != SCHED_OTHER && own.policy != SCHED_BATCH) return std::nullopt;
    if (own.runtime == 0) return std::nullopt;
    return own;
}

}  // namespace

std::optional<nanoseconds> time_slice() {
    const auto own = attributes();
    if (!own) return std::nullopt;
    return nanoseconds(own->runtime);
}

void request_time_slice(nanoseconds length) {
    auto own = attributes();
    if (!own) return;
    own->runtime = static_cast<uint64_t>(length.count());
    syscall(SYS_sched_setattr, 0, &*own, 0);
}

#else

std::optional<nanoseconds> time_slice() { return std::nullopt; }
void request_time_slice(nanoseconds) {}

#endif

}  // namespace mdn
