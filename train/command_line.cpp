#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <new>

#include "engine/error.h"
#include "engine/threads.h"
#include "train/command.h"

namespace mdn {

namespace {

constexpr const char* program = "microdualnet";

const std::array commands = {&synth_command,   &check_command,   &import_command, &train_command,
                             &eval_command,    &predict_command, &trace_command,  &overfit_command,
                             &summary_command, &compare_command, &bench_command};

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
        "\nmicrodualnet COMMAND --help explains a command's options.\n"
        "Exit codes: 0 success, 2 a mistake in the options or the data, 1 an internal fault.\n");
}

void dispatch(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    if (arguments.empty()) throw Error("no command given", "microdualnet --help lists them");
    const std::string& name = arguments.front();
    if (name == "--help" || name == "-h" || name == "help") {
        out << usage();
        return;
    }
    const auto found = std::find_if(commands.begin(), commands.end(),
                                    [&](const CommandEntry* entry) { return entry->name == name; });
    if (found == commands.end())
        throw Error("unknown command '" + name + "'", "microdualnet --help lists them");
    const CommandEntry& entry = **found;
    const std::unique_ptr<Command> command = entry.make();
    Options options(std::string(program) + " " + entry.name, entry.summary, entry.details);
    command->declare(options);
    if (!options.parse({arguments.begin() + 1, arguments.end()})) {
        out << options.help();
        return;
    }
    command->run(options, out, err);
}

}  // namespace

int run_command(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    const int64_t threads_before = threads();
    int status = 0;
    try {
        dispatch(arguments, out, err);
    } catch (const Error& error) {
        err << "error: " << error.what() << "\n";
        if (!error.hint().empty()) err << "hint: " << error.hint() << "\n";
        status = 2;
    } catch (const std::bad_alloc&) {
        err << "error: out of memory\n";
        status = 1;
    } catch (const std::exception& error) {
        err << "internal error: " << error.what() << "\n";
        status = 1;
    }
    if (threads() != threads_before)
        set_threads(threads_before);  // --threads holds for one command
    out.flush();
    if (!out && status == 0) {
        err << "error: the output could not be written\n";
        status = 2;
    }
    return status;
}

}  // namespace mdn
