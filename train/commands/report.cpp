#include "train/report/report.h"
#include "engine/files/atomic_file.h"
#include "train/commands/command.h"
#include "train/output_paths.h"

namespace mdn {

namespace {

class ReportCommand final : public Command {
    std::vector<std::string> folders_;
    std::string out_, evaluation_;

    /// report.html of the run, or of several beside the first.
    std::string default_output() const {
        return folders_.front() + (folders_.size() == 1 ? "/report.html" : "/comparison.html");
    }

  public:
    void declare(CommandLine& options) override {
        options.positionals("RUN_DIR", folders_, "folder of a run, as train --out made it");
        options.reads_folder("RUN_DIR");
        options.text("--out", out_, "FILE",
                     "page to write; default: report.html in the run's folder, or for several "
                     "runs comparison.html in the folder of the first");
        options.text("--evaluation", evaluation_, "NAME",
                     "which evaluation of each run; default: test, else val, else the first");
    }

    void run(const CommandLine&, std::ostream& out, std::ostream&) override {
        const std::string path = out_.empty() ? default_output() : out_;
        check_page_name({"--out", out_});
        std::vector<NamedPath> inputs;
        for (const std::string& folder : folders_)
            for (const char* file : {"/log.jsonl", "/best.safetensors", "/last.safetensors"})
                inputs.push_back({"RUN_DIR", folder + file});
        check_inputs_kept({{"--out", path}}, inputs);
        write_file(path, report_of_folders(folders_, evaluation_));
        out << "report: " << path << "\n";
    }
};

}  // namespace

const CommandEntry report_command = {
    "report", "a page about one run, or several beside each other",
    "The page is one HTML file that opens from disk. It shows the curves of the training, the\n"
    "rates with their uncertainty, what the model confuses, which path each body part chose, and\n"
    "clips with the attention of the four transformers. docs/report.md describes it.\n"
    "Several runs are compared with the first. The page shows the last in detail, and any other\n"
    "on request.\n"
    "It is made of log.jsonl and of what eval --json-file kept in report_data/: neither dataset\n"
    "nor weights are read.\n\n"
    "Example: microdualnet report runs/tiny\n"
    "         microdualnet report runs/tsm runs/full --out both.html\n",
    [] { return std::unique_ptr<Command>(new ReportCommand); }};

}  // namespace mdn
