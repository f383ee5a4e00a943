// How a long command is stopped: SIGINT (Ctrl-C), SIGTERM, or SIGUSR1 (a scheduler's warning).
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace mdn {

/// Thrown by stop_point() in a command that was told to stop. What is half-written is removed on
/// the way up. No Error: nobody made a mistake.
class Stopped : public std::exception {
  public:
    /// `done` says what became of the work, for the user; it may be empty.
    explicit Stopped(int signal, std::string done = {});
    int signal() const { return signal_; }
    const char* what() const noexcept override { return text_.c_str(); }

  private:
    int signal_;
    std::string text_;
};

/// Sets what SIGINT, SIGTERM and SIGUSR1 do, for the whole process. While a Stoppable lives, the
/// first one is kept until the next stop_point(), and another one, half a second later or more,
/// ends the process at once. (The same signal may come twice at once: a terminal or `timeout` sends
/// it to the process and to its group.) Without a Stoppable the first one ends the process. The
/// exit code is 128 + the signal: 130, 143 or 138. A signal that the process was started to ignore,
/// as a shell does with SIGINT in the background, stays ignored. At once means without a file
/// half-written (remove_unfinished_files); a folder that is half-written stays under its name
/// FOLDER.partial-1, and the next writer removes it. Without `says`, the first one is kept in
/// silence: another process of the run speaks for all.
void handle_stop_signals(bool says = true);

/// The signal that asked to stop, or 0.
int stop_signal();
/// Throws Stopped if a signal asked to stop, unless a StopTogether lives.
void stop_point();

/// While it lives, stop_point() does nothing: several processes that compute together must all stop
/// at the same point, which they find out from each other's stop_signal().
class StopTogether {
  public:
    StopTogether();
    ~StopTogether();
    StopTogether(const StopTogether&) = delete;
    StopTogether& operator=(const StopTogether&) = delete;
};

/// Lives while there will be a stop_point() before long.
class Stoppable {
  public:
    Stoppable();
    ~Stoppable();
    Stoppable(const Stoppable&) = delete;
    Stoppable& operator=(const Stoppable&) = delete;
};

}  // namespace mdn
