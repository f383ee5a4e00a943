// Makes calls to the system fail, as disks and network file systems do now and then, signals come
// in the middle of them, and the clock jump.
#pragma once

namespace mdn::test {

enum class Call { write, fsync, syncfs, close, flock, open };

/// While it lives, the calls of this kind after the first `succeed` fail with the error, as often
/// as `times` says. A close() that fails has closed the file, as Linux does.
class FailingCall {
  public:
    FailingCall(Call call, int error, int succeed = 0, int times = 1);
    ~FailingCall();
    FailingCall(const FailingCall&) = delete;
    FailingCall& operator=(const FailingCall&) = delete;
    /// How many have failed so far.
    int failed() const;
};

/// While it lives, the first call of this kind that makes or has made something (an open that makes
/// a file) is followed by a signal to the thread, before it returns.
class SignalInCall {
  public:
    SignalInCall(Call call, int signal);
    ~SignalInCall();
    SignalInCall(const SignalInCall&) = delete;
    SignalInCall& operator=(const SignalInCall&) = delete;
};

/// While it lives, the time of day jumps by a year and more, back and forth, each time it is asked
/// for; clocks that nobody sets go on.
class JumpingClock {
  public:
    JumpingClock();
    ~JumpingClock();
    JumpingClock(const JumpingClock&) = delete;
    JumpingClock& operator=(const JumpingClock&) = delete;
    /// How often it was asked for.
    int asked() const;
};

}  // namespace mdn::test
