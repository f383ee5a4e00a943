#include "engine/futex.h"

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace mdn {

#ifdef __linux__

// The number's address is what the system knows sleepers by, and it reads the number itself.
static_assert(sizeof(std::atomic<int32_t>) == sizeof(int32_t));

void sleep_while(const std::atomic<int32_t>& number, int32_t seen) {
    syscall(SYS_futex, &number, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}
void wake_sleepers(std::atomic<int32_t>& number, int32_t count) {
    syscall(SYS_futex, &number, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

#else

void sleep_while(const std::atomic<int32_t>& number, int32_t seen) { number.wait(seen); }
void wake_sleepers(std::atomic<int32_t>& number, int32_t count) {
    if (count == 1)
        number.notify_one();
    else
        number.notify_all();
}

#endif

}  // namespace mdn
