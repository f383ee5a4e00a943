#include "tests/train/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "tests/shell.h"

namespace mdn::test {

std::string program() {
    const auto tests = std::filesystem::read_symlink("/proc/self/exe");
    return (tests.parent_path() / "microdualnet").string();
}

std::vector<std::string> microdualnet_command(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = {program()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

// A fork without exec would inherit the state of threads it does not have.
Process::Process(std::vector<std::string> command, std::string text_file)
    : text_file_(std::move(text_file)) {
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    id_ = ::fork();
    if (id_ != 0) return;
    const int text = ::open(text_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ::dup2(text, STDOUT_FILENO);
    ::dup2(text, STDERR_FILENO);
    // Where the tests run in the background of a script, SIGINT is ignored, and would be here.
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
}

Process::~Process() {
    if (!runs()) return;
    signal(SIGKILL);
    wait();
}

bool Process::runs() {
    over_ = over_ || ::waitpid(id_, &status_, WNOHANG) == id_;
    return !over_;
}

bool Process::catches(int signal) const {
    // Until it is another program than this one, its handlers are this one's.
    const std::string process = "/proc/" + std::to_string(id_);
    std::error_code gone;
    if (std::filesystem::read_symlink(process + "/exe", gone) ==
        std::filesystem::read_symlink("/proc/self/exe"))
        return false;
    const std::string status = text_of(process + "/status");
    const size_t caught = status.find("SigCgt:");
    return caught != std::string::npos &&
           (std::stoull(status.substr(caught + 7), nullptr, 16) >> (signal - 1) & 1) != 0;
}

void Process::signal(int signal) const { ::kill(id_, signal); }

bool Process::wait_for(const std::function<bool()>& happened) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (std::chrono::steady_clock::now() < deadline) {
        if (happened()) return true;
        if (!runs()) return happened();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

Ended Process::wait() {
    if (!over_) ::waitpid(id_, &status_, 0);
    over_ = true;
    return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -1,
            WIFSIGNALED(status_) ? WTERMSIG(status_) : 0, text_of(text_file_)};
}

}  // namespace mdn::test
