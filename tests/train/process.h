// Runs `microdualnet` as a process of its own, to be stopped and killed.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace mdn::test {

/// `microdualnet`, built beside this test program.
std::string program();

/// How a process ended, and what it printed, both streams together.
struct Ended {
    int code;    // exit code; -1 if a signal ended it
    int signal;  // that signal, or 0
    std::string text;
};

class Process {
  public:
    /// Starts `command`, words[0] being the program; `text_file` is made to hold what it prints.
    /// SIGINT and SIGTERM do in it what they do by default.
    Process(std::vector<std::string> command, std::string text_file);
    /// Kills it if it still runs.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t id() const { return id_; }
    bool runs();
    /// Whether it has a handler of its own for this signal by now.
    bool catches(int signal) const;
    void signal(int signal) const;
    /// Waits until `happened` or the process is over, at most two minutes; returns whether it
    /// happened.
    bool wait_for(const std::function<bool()>& happened);
    Ended wait();

  private:
    std::string text_file_;
    pid_t id_;
    bool over_ = false;
    int status_ = 0;
};

/// `microdualnet <arguments>`; what it prints goes to <text_file>.
std::vector<std::string> microdualnet_command(const std::vector<std::string>& arguments);

}  // namespace mdn::test
