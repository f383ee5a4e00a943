// The linker takes these functions of the test program before those of the C library.
#include "tests/failing_calls.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>

namespace mdn::test {

namespace {

std::atomic<bool> armed = false;
std::atomic<Call> which;
std::atomic<int> error_number, left_to_succeed, left_to_fail, have_failed;

bool fails(Call call) {
    if (!armed || which != call || left_to_succeed-- > 0 || left_to_fail-- <= 0) return false;
    ++have_failed;
    errno = error_number;
    return true;
}

std::atomic<int> signal_number = 0;
std::atomic<Call> signalled;

/// The result of a call that the system has done, after which a signal may come.
template <class T>
T done(Call call, T result) {
    if (signal_number != 0 && signalled == call) ::raise(signal_number.exchange(0));
    return result;
}

std::atomic<bool> clock_jumps = false;
std::atomic<int> times_asked = 0;

/// The time of day, in seconds, as it is set now.
time_t jumping(time_t seconds) {
    if (!clock_jumps) return seconds;
    constexpr time_t year = 365 * 24 * 3600;
    return ++times_asked % 2 == 0 ? seconds + year : seconds - year;
}

}  // namespace

FailingCall::FailingCall(Call call, int error, int succeed, int times) {
    which = call;
    error_number = error;
    left_to_succeed = succeed;
    left_to_fail = times;
    have_failed = 0;
    armed = true;
}

FailingCall::~FailingCall() { armed = false; }

int FailingCall::failed() const { return have_failed; }

SignalInCall::SignalInCall(Call call, int signal) {
    signalled = call;
    signal_number = signal;
}

SignalInCall::~SignalInCall() { signal_number = 0; }

JumpingClock::JumpingClock() {
    times_asked = 0;
    clock_jumps = true;
}

JumpingClock::~JumpingClock() { clock_jumps = false; }

int JumpingClock::asked() const { return times_asked; }

}  // namespace mdn::test

using mdn::test::Call;
using mdn::test::done;
using mdn::test::fails;
using mdn::test::jumping;

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
    return fails(Call::write) ? -1
                              : done(Call::write, syscall(SYS_write, descriptor, bytes, count));
}

int fsync(int descriptor) {
    return fails(Call::fsync) ? -1
                              : done(Call::fsync, static_cast<int>(syscall(SYS_fsync, descriptor)));
}

int syncfs(int descriptor) noexcept {
    return fails(Call::syncfs) ? -1 : static_cast<int>(syscall(SYS_syncfs, descriptor));
}

int close(int descriptor) {
    const int status = static_cast<int>(syscall(SYS_close, descriptor));
    return fails(Call::close) ? -1 : done(Call::close, status);
}

int flock(int descriptor, int operation) noexcept {
    return fails(Call::flock)
               ? -1
               : done(Call::flock, static_cast<int>(syscall(SYS_flock, descriptor, operation)));
}

int open(const char* name, int flags, ...) {
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if (fails(Call::open)) return -1;
    const int descriptor = static_cast<int>(syscall(SYS_openat, AT_FDCWD, name, flags, mode));
    return (flags & O_CREAT) != 0 ? done(Call::open, descriptor) : descriptor;
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const int status = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
    if (status == 0 && clock == CLOCK_REALTIME) time->tv_sec = jumping(time->tv_sec);
    return status;
}

time_t time(time_t* place) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (place != nullptr) *place = now.tv_sec;
    return now.tv_sec;
}

}  // extern "C"
