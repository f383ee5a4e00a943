// What a long run says while it runs: a line that rewrites itself, or plain lines now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "train/stop.h"

namespace mdn {

/// Seconds since it was made.
class Stopwatch {
  public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// "45s", "3m05s", "2h10m".
std::string duration_text(double seconds);

/// "512.0 MiB", "1.5 GiB".
std::string bytes_text(int64_t bytes);

/// True if this stream is the process's standard output or standard error, and that is a terminal.
bool is_terminal(const std::ostream& out);

/// Where a long command says how far it is, it can also be stopped (train/stop.h).
class Progress {
  public:
    explicit Progress(std::ostream& out) : out_(out), live_(is_terminal(out)) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Shows `text` in place of the last update, at most ten times a second; where the output is
    /// not a terminal, as a line every ten seconds. Throws Stopped if a signal asked to stop.
    void update(const std::string& text);
    /// A line that stays.
    void line(const std::string& text);

  private:
    void clear();

    Stoppable stoppable_;
    std::ostream& out_;
    bool live_;
    bool shown_ = false;
    Stopwatch clock_;
    double last_ = 0;
};

/// "clip 32/640  ETA 2m10s": how far a count of `what` is after so many seconds. At least one is
/// done.
std::string count_text(const std::string& what, int64_t done, int64_t total, double seconds);

/// Shows "rendering clip 32/640  ETA 2m10s" when told how many of how many are done; time counts
/// from this call. `progress` must outlive what is returned.
std::function<void(int64_t done, int64_t total)> count_progress(Progress& progress,
                                                                const std::string& what);

/// The same for `total` clips.
std::function<void(int64_t)> clip_progress(Progress& progress, int64_t total);

}  // namespace mdn
