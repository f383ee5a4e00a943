// What a subcommand of `microdualnet` is, and the list of them.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "train/settings/command_line.h"

namespace mdn {

class Command {
  public:
    virtual ~Command() = default;
    /// Binds its options to its members.
    virtual void declare(CommandLine& options) = 0;
    /// Does the work after the options were parsed. Results go to `out`; what is said besides (how
    /// weights were loaded, say) goes to `notes`, so that `out` can be read by a program.
    virtual void run(const CommandLine& options, std::ostream& out, std::ostream& notes) = 0;
};

struct CommandEntry {
    const char* name;
    const char* summary;  // one line
    const char* details;  // the end of the help text: what is worth knowing, and an example
    std::unique_ptr<Command> (*make)();
};

// One of each in train/commands/<name>.cpp.
extern const CommandEntry synth_command, train_command, eval_command, predict_command,
    trace_command, overfit_command, summary_command, compare_command, bench_command, check_command,
    import_command, export_command, lists_command, keypoints_command, graph_command, report_command,
    explain_command, ablate_command;

/// Runs `microdualnet <arguments>`. Returns the exit code: 0, 2 for a user's mistake (printed to
/// `err` as `error: …` and, where there is one, `hint: …`), 1 for an internal fault, 128 + the
/// signal that stopped it (train/stop.h).
int run_command(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace mdn
