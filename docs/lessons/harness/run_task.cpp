#include "docs/lessons/harness/run_task.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "docs/lessons/harness/protocol.h"
#include "engine/error.h"

namespace mdn::lesson {

namespace {

constexpr size_t printed_bytes = 4000;  // a sanitizer's report names the line within these

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

[[noreturn]] void fail(const std::string& what) {
    throw Error("[lesson] " + what + ": " + std::strerror(errno));
}

/// Closed when it goes out of scope.
struct Descriptor {
    int number = -1;
    ~Descriptor() { close(); }
    void close() {
        if (number >= 0) ::close(number);
        number = -1;
    }
};

void limit(int resource, int64_t soft, int64_t hard) {
    const rlimit both{static_cast<rlim_t>(soft), static_cast<rlim_t>(hard)};
    setrlimit(resource, &both);
}

/// Between fork and exec: descriptors, limits, and a small environment.
[[noreturn]] void become(const char* program, const char* number, int socket, int output,
                         const char* seed, const Limits& limits, pid_t runner) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != runner) _exit(126);
    // First out of the way of the numbers that they are to have.
    const int far_socket = fcntl(socket, F_DUPFD, 10), far_output = fcntl(output, F_DUPFD, 10);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0);
    dup2(far_output, 1);
    dup2(far_output, 2);
    dup2(far_socket, channel);
    for (int other = channel + 1; other < 64; ++other) close(other);
    const int64_t seconds = static_cast<int64_t>(limits.processor_seconds);
    limit(RLIMIT_CPU, seconds, seconds + 1);
    limit(RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes);
    limit(RLIMIT_CORE, 0, 0);
#ifndef __SANITIZE_ADDRESS__  // which reserves terabytes of addresses
    limit(RLIMIT_AS, limits.memory_bytes, limits.memory_bytes);
#endif
    const std::string seed_setting = std::string("LESSON_SEED=") + seed;
    const char* const environment[] = {
        "PATH=/usr/bin:/bin",
        "OMP_NUM_THREADS=1",
        "LC_ALL=C",
        "ASAN_OPTIONS=hard_rss_limit_mb=2000",  // where RLIMIT_AS cannot be
        seed_setting.c_str(),
        nullptr};
    const char* const arguments[] = {program, number, nullptr};
    execve(program, const_cast<char**>(arguments), const_cast<char**>(environment));
    _exit(126);
}

/// The records that have arrived (protocol.h). Bytes without the token end the reading: nothing
/// after them can be trusted.
class Records {
  public:
    explicit Records(std::string token) : token_(std::move(token)) {}

    void add(const char* bytes, size_t count) {
        if (broken_ || waiting_.size() > (1 << 20)) return;
        waiting_.append(bytes, count);
        const size_t head = token_bytes + 1 + sizeof(uint32_t);
        while (waiting_.size() >= head) {
            uint32_t length;
            std::memcpy(&length, waiting_.data() + token_bytes + 1, sizeof length);
            if (waiting_.compare(0, token_bytes, token_) != 0 || length > longest_text) {
                broken_ = true;
                return;
            }
            if (waiting_.size() < head + length) return;
            const Record kind = static_cast<Record>(waiting_[token_bytes]);
            std::string text = waiting_.substr(head, length);
            waiting_.erase(0, head + length);
            if (kind == Record::input)
                input = std::move(text);
            else if (!verdict)
                verdict = {kind, std::move(text)};
        }
    }

    std::string input;
    std::optional<std::pair<Record, std::string>> verdict;

  private:
    std::string token_, waiting_;
    bool broken_ = false;
};

/// Whether a thread of the process computes, or would if a processor were free.
bool is_computing(pid_t process) {
    std::error_code ignored;
    const std::string threads = "/proc/" + std::to_string(process) + "/task";
    for (const auto& thread : std::filesystem::directory_iterator(threads, ignored)) {
        std::ifstream stream(thread.path() / "stat");
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        // "77 (any name) R ...": running or ready (R), or reading from a disk (D).
        const size_t state = text.rfind(')');
        if (state == std::string::npos || state + 2 >= text.size()) continue;
        if (text[state + 2] == 'R' || text[state + 2] == 'D') return true;
    }
    return false;
}

/// Watches the clock for one process.
class Clock {
  public:
    Clock(pid_t process, const Limits& limits) : process_(process), limits_(limits) {}

    double seconds() const { return now() - start_; }
    /// Whether it has computed for too long by the clock, or waits after the time for that. A
    /// moment of waiting is none: what computes waits for what it reads, say.
    bool is_over() {
        const double passed = seconds();
        if (passed > limits_.longest_seconds) return true;
        if (passed <= limits_.waiting_seconds) return false;
        if (is_computing(process_)) computed_at_ = passed;
        return passed - std::max(computed_at_, limits_.waiting_seconds) > 1;
    }

  private:
    pid_t process_;
    const Limits& limits_;
    double start_ = now(), computed_at_ = 0;
};

std::string seconds_text(double seconds) {
    return std::to_string(static_cast<int64_t>(seconds)) + " seconds";
}

/// Why a process that gave no verdict ended.
std::string end_text(int status, std::optional<double> out_of_time, const Limits& limits) {
    if (out_of_time)
        return "your code did not end within " + seconds_text(*out_of_time) +
               (*out_of_time >= limits.longest_seconds
                    ? ", on a machine that is too busy to tell more: run it once more"
                    : ", and waits for something: a task needs no input, no lock and no sleep");
    if (WIFEXITED(status))
        return "your code ended the program with exit code " + std::to_string(WEXITSTATUS(status)) +
               " before the checks were done: a task returns its result and never calls exit()";
    const int signal = WTERMSIG(status);
    std::string text = "your code crashed with signal " + std::to_string(signal) + " (" +
                       strsignal(signal) + "): ";
    switch (signal) {
        case SIGSEGV:
        case SIGBUS:
            return text +
                   "it read or wrote outside its memory, or recursed without end; "
                   "SANITIZE=1 names the line";
        case SIGFPE:
            return text + "it divided an integer by zero";
        case SIGABRT:
            return text + "it called abort(), or the C library found its memory damaged";
        case SIGXCPU:
        case SIGKILL:
            return "your code was still computing after " + seconds_text(limits.processor_seconds) +
                   ", and was stopped: is there a loop without end?";
        case SIGXFSZ:
            return text + "it wrote a file that is larger than a task may write";
        default:
            return text + "the checks were not done";
    }
}

/// What the code started and left behind has come to this process (PR_SET_CHILD_SUBREAPER).
void end_all_descendants() {
    const std::string list =
        "/proc/self/task/" + std::to_string(static_cast<int64_t>(gettid())) + "/children";
    for (int round = 0; round < 100; ++round) {
        std::ifstream children(list);
        bool any = false;
        for (pid_t child; children >> child; any = true) kill(child, SIGKILL);
        if (!any) return;
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        usleep(1000);
    }
}

}  // namespace

TaskResult run_task(const std::filesystem::path& program, int number, const std::string& seed,
                    const Limits& limits) {
    std::string token(token_bytes, '\0');
    if (getrandom(token.data(), token_bytes, 0) != static_cast<ssize_t>(token_bytes))
        fail("no random bytes");
    int sockets[2], outputs[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) fail("no socket");
    Descriptor mine{sockets[0]}, theirs{sockets[1]};
    if (pipe2(outputs, O_CLOEXEC) != 0) fail("no pipe");
    Descriptor output{outputs[0]}, their_output{outputs[1]};
    fcntl(mine.number, F_SETFL, O_NONBLOCK);
    fcntl(output.number, F_SETFL, O_NONBLOCK);
    if (write(mine.number, token.data(), token_bytes) != static_cast<ssize_t>(token_bytes))
        fail("the socket takes no token");

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const std::string number_text = std::to_string(number), program_text = program.string();
    const pid_t runner = getpid();
    const pid_t child = fork();
    if (child < 0) fail("no process for a task");
    if (child == 0)
        become(program_text.c_str(), number_text.c_str(), theirs.number, their_output.number,
               seed.c_str(), limits, runner);
    Clock clock(child, limits);
    setpgid(child, child);
    theirs.close();
    their_output.close();

    TaskResult result;
    Records records(token);
    // False once nothing is left to read for now.
    const auto read_some = [&] {
        char bytes[4096];
        const ssize_t said = read(mine.number, bytes, sizeof bytes);
        if (said > 0) records.add(bytes, said);
        const ssize_t printed = read(output.number, bytes, sizeof bytes);
        if (printed > 0 && result.printed.size() < printed_bytes)
            result.printed.append(bytes,
                                  std::min<size_t>(printed, printed_bytes - result.printed.size()));
        return said > 0 || printed > 0;
    };
    int status = 0;
    std::optional<double> out_of_time;  // when it was stopped
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (!out_of_time && clock.is_over()) {
            out_of_time = clock.seconds();
            kill(-child, SIGKILL);
        }
        pollfd both[] = {{mine.number, POLLIN, 0}, {output.number, POLLIN, 0}};
        // A closed end would wake poll at once, again and again.
        if (!(poll(both, 2, 10) > 0 && read_some())) usleep(1000);
    }
    kill(-child, SIGKILL);
    end_all_descendants();
    // A socket holds little: what is left is read in a few rounds.
    for (int round = 0; round < 1000 && read_some(); ++round) {
    }
    result.seconds = clock.seconds();

    const std::string with = records.input.empty() ? "" : "with " + records.input + ":\n";
    if (!records.verdict || !WIFEXITED(status)) {
        const bool sanitizer = result.printed.find("Sanitizer") != std::string::npos ||
                               result.printed.find("runtime error:") != std::string::npos;
        result.message =
            with + (sanitizer && !out_of_time
                        ? "the sanitizer stopped your code: the first lines below that "
                          "name exercise.cpp say where"
                        : end_text(status, out_of_time, limits));
        return result;
    }
    const auto& [kind, text] = *records.verdict;
    switch (kind) {
        case Record::pass:
            result.outcome = Outcome::pass;
            break;
        case Record::wrong:
            result.outcome = Outcome::wrong;
            result.message = with + text;
            break;
        case Record::not_done:
            result.outcome = Outcome::not_done;
            result.message = "not done yet: exercise.cpp still calls not_done() here";
            break;
        default:
            result.message = with + "your code threw " + text;
    }
    return result;
}

}  // namespace mdn::lesson
