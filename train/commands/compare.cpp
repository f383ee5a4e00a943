#include <fstream>
#include <iterator>

#include "engine/error.h"
#include "train/commands/command.h"
#include "train/report/comparison.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

/// One line of the table: "NAME=FILE" as given, with what the file holds.
std::pair<std::string, Json> read_row(const std::string& item) {
    const size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == item.size())
        throw Error("--runs: '" + item + "' is not of the form NAME=FILE");
    const std::string path = item.substr(equals + 1);
    std::ifstream file(path);
    if (!file)
        throw Error("--runs: cannot read " + path, "write it with `microdualnet eval --json-file`");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    Json metrics = Json::parse(text, nullptr, false);
    check_rates(metrics, "--runs: " + path);
    return {item.substr(0, equals), std::move(metrics)};
}

class CompareCommand final : public Command {
    std::string runs_;

  public:
    void declare(CommandLine& options) override {
        options.text("--runs", runs_, "NAME=FILE,...",
                     "evaluations written by eval --json-file, in the order of the table's rows");
        options.require("--runs");
    }

    void run(const CommandLine&, std::ostream& out, std::ostream&) override {
        std::vector<std::pair<std::string, Json>> rows;
        for (size_t begin = 0; begin <= runs_.size();) {
            const size_t end = std::min(runs_.find(',', begin), runs_.size());
            rows.push_back(read_row(runs_.substr(begin, end - begin)));
            begin = end + 1;
        }
        out << comparison_table(rows);
    }
};

}  // namespace

const CommandEntry compare_command = {
    "compare", "a table of several evaluations",
    "Rates are in percent. F1mean is shown where the dataset has body-level classes.\n"
    "`microdualnet report` puts whole runs beside each other on a page.\n\n"
    "Example: microdualnet compare --runs baseline=a.json,full=b.json\n",
    [] { return std::unique_ptr<Command>(new CompareCommand); }};

}  // namespace mdn
