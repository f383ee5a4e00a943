#include "train/stop.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include "engine/files/unfinished_files.h"

namespace mdn {

namespace {

// Only what a signal's handler may use: lock-free atomics, write, clock_gettime, _exit, and
// remove_unfinished_files.
static_assert(std::atomic<int64_t>::is_always_lock_free);
std::atomic<int> asked = 0, stoppable = 0, together = 0;
std::atomic<bool> speaks = true;
std::atomic<int64_t> asked_at = 0;  // when the first signal came, in milliseconds; 0: none has

constexpr int64_t same_signal_again = 500;  // milliseconds

/// Of a clock that nobody sets.
int64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

void on_signal(int signal) {
    int64_t first = 0;
    if (stoppable > 0 && asked_at.compare_exchange_strong(first, now())) {
        asked = signal;
        constexpr std::string_view text = "stopping ... (once more: at once)\n";
        if (speaks) {
            [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
        }
        return;
    }
    if (first != 0 && now() - first < same_signal_again) return;
    remove_unfinished_files();
    ::_exit(128 + signal);
}

}  // namespace

Stopped::Stopped(int signal, std::string done)
    : signal_(signal),
      text_(signal == SIGTERM   ? "stopped by SIGTERM"
            : signal == SIGUSR1 ? "stopped by SIGUSR1"
                                : "stopped by SIGINT") {
    if (!done.empty()) text_ += ": " + done;
}

void handle_stop_signals(bool says) {
    speaks = says;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    constexpr int signals[] = {SIGINT, SIGTERM, SIGUSR1};
    for (const int signal : signals) sigaddset(&action.sa_mask, signal);
    for (const int signal : signals) {
        struct sigaction before {};
        if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
            ::sigaction(signal, &action, nullptr);
    }
}

int stop_signal() { return asked; }

void stop_point() {
    if (const int signal = asked; signal != 0 && together == 0) throw Stopped(signal);
}

StopTogether::StopTogether() { ++together; }
StopTogether::~StopTogether() { --together; }

Stoppable::Stoppable() { ++stoppable; }
Stoppable::~Stoppable() { --stoppable; }

}  // namespace mdn
