#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "train/commands/command.h"
#include "train/output/format.h"

namespace mdn {

namespace {

using Json = nlohmann::json;

/// One line of the table: "NAME=FILE" as given, with what the file holds.
struct Row {
    std::string name;
    Json metrics;
};

Row read_row(const std::string& item) {
    const size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == item.size())
        throw Error("--runs: '" + item + "' is not of the form NAME=FILE");
    const std::string path = item.substr(equals + 1);
    std::ifstream file(path);
    if (!file)
        throw Error("--runs: cannot read " + path, "write it with `microdualnet eval --json-file`");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    Row row{item.substr(0, equals), Json::parse(text, nullptr, false)};
    for (const char* key : {"top1", "top5", "f1_macro"})
        if (!row.metrics.is_object() || !row.metrics["action"].is_object() ||
            !row.metrics["action"][key].is_number())
            throw Error("--runs: " + path + " is not an evaluation: it has no number action." + key,
                        "write it with `microdualnet eval --json-file`");
    return row;
}

std::string cell(const Json& metrics, const char* pointer) {
    const Json::json_pointer where(pointer);
    const bool known = metrics.contains(where) && metrics.at(where).is_number();
    return known ? format("%7.2f", metrics.at(where).get<double>()) : "      -";
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
        std::vector<Row> rows;
        size_t width = 5;
        for (size_t begin = 0; begin <= runs_.size();) {
            const size_t end = std::min(runs_.find(',', begin), runs_.size());
            rows.push_back(read_row(runs_.substr(begin, end - begin)));
            width = std::max(width, rows.back().name.size());
            begin = end + 1;
        }
        const auto padded = [&](const std::string& name) {
            return name + std::string(width - name.size(), ' ');
        };
        out << padded("model") << "    Top-1    Top-5  F1macro   F1mean\n";
        for (const Row& row : rows)
            out << padded(row.name) << "  " << cell(row.metrics, "/action/top1") << "  "
                << cell(row.metrics, "/action/top5") << "  "
                << cell(row.metrics, "/action/f1_macro") << "  " << cell(row.metrics, "/f1_mean")
                << "\n";
    }
};

}  // namespace

const CommandEntry compare_command = {
    "compare", "a table of several evaluations",
    "Rates are in percent. F1mean is shown where the dataset has body-level classes.\n\n"
    "Example: microdualnet compare --runs baseline=a.json,full=b.json\n",
    [] { return std::unique_ptr<Command>(new CompareCommand); }};

}  // namespace mdn
