#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <new>

#include "engine/error.h"
#include "engine/nearest_name.h"
#include "engine/threads.h"
#include "train/commands/command.h"
#include "train/parallel/launch.h"
#include "train/stop.h"
#include "train/version.h"

namespace mdn {

namespace {

constexpr const char* program = "microdualnet";

const std::array commands = {
    &synth_command, &keypoints_command, &lists_command,  &check_command,   &import_command,
    &train_command, &ablate_command,    &eval_command,   &predict_command, &explain_command,
    &trace_command, &overfit_command,   &report_command, &compare_command, &export_command,
    &graph_command, &summary_command,   &bench_command};

std::string usage() {
    std::string text =
        "Micro-DualNet: micro-action recognition from video frames and body keypoints.\n"
        "Usage: microdualnet COMMAND [OPTIONS]\n\nCommands:\n";
    for (const CommandEntry* command : commands) {
        const std::string padding(10 - std::strlen(command->name), ' ');
        text.append("  ").append(command->name).append(padding);
        text.append(command->summary).append("\n");
    }
    return text.append(
        "\nmicrodualnet COMMAND --help explains a command's options, and microdualnet --version "
        "says\n"
        "how this program was built.\n"
        "Exit codes: 0 success, 2 a mistake in the options or the data, 1 an internal fault,\n"
        "130, 143 or 138 stopped by SIGINT (Ctrl-C), SIGTERM or SIGUSR1. The first signal lets "
        "train\n"
        "finish its step and save it, and other commands remove what they have half-written; a "
        "second\n"
        "one stops at once.\n");
}

const CommandEntry& command_named(const std::string& name) {
    std::vector<std::string> names = {"--help", "--version"};
    for (const CommandEntry* command : commands) {
        if (command->name == name) return *command;
        names.push_back(command->name);
    }
    if (name.starts_with("-"))
        throw Error("'" + name + "' is no command",
                    did_you_mean(name, names,
                                 "the command comes first: microdualnet train --data DIR ...; "
                                 "microdualnet --help lists the commands"));
    throw Error("unknown command '" + name + "'",
                did_you_mean(name, names, "microdualnet --help lists the commands"));
}

void run(const CommandEntry& entry, const std::vector<std::string>& arguments, std::ostream& out,
         std::ostream& err) {
    const std::unique_ptr<Command> command = entry.make();
    CommandLine options(std::string(program) + " " + entry.name, entry.summary, entry.details);
    command->declare(options);
    if (!options.parse(arguments)) {
        out << options.help();
        return;
    }
    if (const Communicator* ranks = program_ranks(); ranks && &entry != &train_command)
        throw Error(std::string(program) + " " + entry.name + " runs as one process, but " +
                        std::to_string(ranks->ranks()) + " were started: only train shares work",
                    "start it once, without mpirun or srun");
    // Of several processes, train says which one lacks it.
    if (!program_ranks()) options.check_inputs();
    command->run(options, out, err);
}

/// What a word before any command asks for, if it is no command itself.
bool answer(const std::vector<std::string>& arguments, std::ostream& out) {
    const std::string& word = arguments.front();
    if (word == "--version" || word == "version") {
        out << version_text();
        return true;
    }
    if (word != "--help" && word != "-h" && word != "help") return false;
    if (arguments.size() == 1) {
        out << usage();
        return true;
    }
    run(command_named(arguments[1]), {"--help"}, out, out);
    return true;
}

void dispatch(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    if (arguments.empty()) {
        err << usage() << "\n";
        throw Error("no command given",
                    "choose one from the list above; microdualnet synth renders "
                    "a dataset to try them on");
    }
    if (answer(arguments, out)) return;
    run(command_named(arguments.front()), {arguments.begin() + 1, arguments.end()}, out, err);
}

constexpr const char* more_memory = "close other programs, or use a machine with more memory";

void print(const Error& error, std::ostream& err) {
    err << "error: " << error.what() << "\n";
    if (!error.hint().empty()) err << "hint: " << error.hint() << "\n";
}

}  // namespace

int run_command(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    const int64_t threads_before = threads_set();
    int status = 0;
    try {
        dispatch(arguments, out, err);
    } catch (const OutOfMemory& error) {
        print(OutOfMemory(error.what(), error.hint().empty() ? more_memory : error.hint()), err);
        status = 2;
    } catch (const Stopped& stopped) {
        err << stopped.what() << "\n";
        status = 128 + stopped.signal();
    } catch (const Error& error) {
        print(error, err);
        status = 2;
    } catch (const std::bad_alloc&) {
        print(OutOfMemory("out of memory", more_memory), err);
        status = 2;
    } catch (const std::exception& error) {
        err << "internal error: " << error.what() << "\n";
        status = 1;
    }
    if (threads_set() != threads_before)
        set_threads(threads_before);  // --threads holds for one command
    out.flush();
    if (!out && status == 0) {
        err << "error: the output could not be written\n";
        status = 2;
    }
    // Too late to stop anything: the work is done, but whoever sent the signal expects this.
    if (status == 0 && stop_signal() != 0) status = 128 + stop_signal();
    return status;
}

}  // namespace mdn
