#include "train/output/progress.h"

#include <unistd.h>

#include <iostream>

#include "train/output/format.h"

namespace mdn {

std::string duration_text(double seconds) {
    const auto whole = static_cast<long long>(seconds + 0.5);
    if (whole < 60) return format("%llds", whole);
    if (whole < 3600) return format("%lldm%02llds", whole / 60, whole % 60);
    return format("%lldh%02lldm", whole / 3600, whole / 60 % 60);
}

std::string bytes_text(int64_t bytes) {
    const double mebibytes = static_cast<double>(bytes) / (1 << 20);
    return mebibytes < 1024 ? format("%.1f MiB", mebibytes) : format("%.2f GiB", mebibytes / 1024);
}

bool is_terminal(const std::ostream& out) {
    return (&out == &std::cout && isatty(STDOUT_FILENO)) ||
           (&out == &std::cerr && isatty(STDERR_FILENO));
}

void Progress::update(const std::string& text) {
    stop_point();
    const double now = clock_.seconds();
    if (now - last_ < (live_ ? 0.1 : 10.0)) return;
    last_ = now;
    if (!live_) {
        out_ << text << std::endl;
        return;
    }
    clear();
    out_ << text << std::flush;
    shown_ = true;
}

void Progress::line(const std::string& text) {
    clear();
    out_ << text << std::endl;
}

void Progress::clear() {
    // Return to the first column and erase the line.
    if (shown_) out_ << "\r\033[K" << std::flush;
    shown_ = false;
}

std::string count_text(const std::string& what, int64_t done, int64_t total, double seconds) {
    const double left = seconds / static_cast<double>(done) * static_cast<double>(total - done);
    return what + " " + std::to_string(done) + "/" + std::to_string(total) + "  ETA " +
           duration_text(left);
}

std::function<void(int64_t, int64_t)> count_progress(Progress& progress, const std::string& what) {
    return [&progress, what, watch = Stopwatch()](int64_t done, int64_t total) {
        progress.update(count_text(what, done, total, watch.seconds()));
    };
}

std::function<void(int64_t)> clip_progress(Progress& progress, int64_t total) {
    return [tell = count_progress(progress, "clip"), total](int64_t done) { tell(done, total); };
}

}  // namespace mdn
