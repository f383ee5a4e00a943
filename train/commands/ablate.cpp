#include <algorithm>
#include <optional>
#include <set>

#include "data/formats/list_file.h"
#include "engine/files/atomic_file.h"
#include "engine/nearest_name.h"
#include "train/ablation/result.h"
#include "train/ablation/runs.h"
#include "train/ablation/tables.h"
#include "train/commands/command.h"
#include "train/load_model.h"
#include "train/output_paths.h"
#include "train/report/report.h"
#include "train/report/run_data.h"
#include "train/settings/split_flag.h"

namespace mdn {

namespace {

constexpr int64_t most_seeds = 1000;

/// "3": 0, 1 and 2. "4,7": these. "7,": this one.
std::vector<int64_t> seeds_of(const std::string& text) {
    const bool is_list = text.find(',') != std::string::npos;
    std::vector<std::string> items = split_at(text, ',');
    if (is_list && items.back().empty()) items.pop_back();
    std::vector<int64_t> seeds;
    for (const std::string& item : items) {
        const int64_t number = parse_integer(item, "a seed, or how many", "--seeds " + text);
        if (number < (is_list ? 0 : 1) || (!is_list && number > most_seeds))
            throw Error("--seeds " + text + ": " + item + " is out of range",
                        "how many seeds, from 1 to 1000, or a list of seeds from 0 on: 4,7");
        if (std::find(seeds.begin(), seeds.end(), number) != seeds.end())
            throw Error("--seeds " + text + " names " + item + " twice");
        seeds.push_back(number);
    }
    if (is_list) return seeds;
    const int64_t count = seeds.front();
    seeds.clear();
    for (int64_t seed = 0; seed < count; ++seed) seeds.push_back(seed);
    return seeds;
}

/// In the paper's order, whatever that of the list; all for an empty text.
std::vector<AblationRow> rows_of(const std::string& text) {
    if (text.empty()) return ablation_rows();
    std::set<std::string> wanted;
    const std::vector<std::string> known = ablation_row_names();
    for (const std::string& name : split_at(text, ',')) {
        if (std::find(known.begin(), known.end(), name) == known.end())
            throw Error("--rows: there is no row '" + name + "'",
                        did_you_mean(name, known, "the rows are " + comma_separated(known)));
        if (!wanted.insert(name).second) throw Error("--rows names " + name + " twice");
    }
    std::vector<AblationRow> rows;
    for (const AblationRow& row : ablation_rows())
        if (wanted.contains(row.name)) rows.push_back(row);
    return rows;
}

class AblateCommand final : public Command {
    ModelFlags model_;
    AblationOptions ablation_;
    std::string seeds_ = "3", rows_, row_settings_;
    Published published_ = Published::none;
    int64_t cache_mib_ = 512;

    std::string file(const char* name) const { return ablation_.out + "/" + name; }

    /// Throws Error if what is written would replace what is read.
    void check_paths(const std::vector<AblationRun>& runs) const {
        std::vector<NamedPath> outputs;
        for (const char* name : {"ablation.md", "ablation.json", "report.html"})
            outputs.push_back({"--out", file(name)});
        check_outputs(outputs, {{"--init", ablation_.init}, {"--config", model_.config}},
                      {"--data", ablation_.data});
        for (const AblationRun& run : runs)
            for (const std::string& path :
                 {last_checkpoint(run.folder), next_checkpoint(run.folder),
                  best_checkpoint(run.folder), log_file(run.folder), report_file(run.folder),
                  run.folder + "/" + ablation_.split + ".json"})
                outputs.push_back({"--out", path});
        check_inputs_kept(outputs, {{"--init", ablation_.init}, {"--config", model_.config}});
    }

    /// Throws Error for an option that has an effect on no row, and for a rate that rises in one.
    void check_settings(const CommandLine& options) const {
        std::optional<Error> refusal;
        bool is_taken = false;
        for (const AblationRow& row : ablation_.rows) {
            const TrainSettings settings =
                with_row_settings(ablation_.settings, ablation_.row_settings, row.name);
            settings.refuse_rising_rate();
            try {
                settings.refuse_without_effect(options);
                is_taken = true;
            } catch (const Error& error) {
                refusal.emplace(error);
            }
        }
        if (!is_taken && refusal) throw *refusal;
    }

    /// The rows beside each other, with the first of the seeds.
    std::string page(const std::vector<AblationRun>& runs) const {
        std::vector<RunData> shown;
        for (const AblationRun& run : runs) {
            if (run.seed != 0) continue;
            shown.push_back(read_run(run.folder, ablation_.split));
            shown.back().name = ablation_.rows[run.row].title + ", seed " +
                                std::to_string(ablation_.seeds[run.seed]);
        }
        return report_html(std::move(shown));
    }

  public:
    void declare(CommandLine& options) override {
        options.text("--data", ablation_.data, "DIR",
                     "dataset folder; docs/datasets.md describes the formats");
        options.text("--out", ablation_.out, "DIR",
                     "folder of the runs and the tables; created if it is missing");
        options.require("--data");
        options.reads_folder("--data");
        options.require("--out");
        model_.declare(options, "");
        options.require_one({"--config", "--preset"});
        options.text("--seeds", seeds_, "N|LIST",
                     "how many seeds, from 0 on; or a list with commas: 4,7 or, of one, 7,");
        options.text("--rows", rows_, "ROW,ROW",
                     "which rows; default: all, " + comma_separated(ablation_row_names()));
        options.text("--row-settings", row_settings_, "LIST",
                     "what a row has for itself, with commas: tsm:backbone-lr=1,ts:lr=0.001");
        options.text("--split", ablation_.split, "NAME",
                     "list that the trained models are compared on: train, val or test");
        options.choice("--published", published_,
                       Choices<Published>{{"ma52", Published::ma52}, {"imigue", Published::imigue}},
                       "put the paper's Top-1 on this dataset beside that of the rows");
        options.text("--init", ablation_.init, "FILE",
                     "safetensors file with the backbone that every run starts from");
        options.reads("--init");
        ablation_.settings.declare_without_seed(options);
        options.integer("--save-every", ablation_.save_every, 0, 1'000'000'000,
                        "steps between checkpoints within an epoch; 0: only at its end");
        ablation_.views.declare(options);
        options.integer("--workers", ablation_.workers, 1, 256, "threads that decode frames");
        options.integer("--cache", cache_mib_, 0, 1 << 20, "MiB of decoded frames kept in memory");
        ablation_.machine.declare(options);
        ablation_.machine.declare_precision(options);
        ablation_.machine.declare_recording(options);
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream&) override {
        ablation_.machine.apply();
        ablation_.cache_bytes = cache_mib_ << 20;
        ablation_.seeds = seeds_of(seeds_);
        ablation_.rows = rows_of(rows_);
        const std::string model = model_.config.empty() ? "preset " + model_.preset : model_.config;
        ablation_.whole = model_.resolve(nullptr);
        check_whole_model(ablation_.whole, model);
        ablation_.settings =
            ablation_.settings.over_recipe(ablation_.whole.training, options, model_.config);
        ablation_.row_settings = row_settings_of(row_settings_, ablation_.settings);
        check_settings(options);
        take_classes_of(ablation_.data, ablation_.whole);
        if (ablation_.settings.validates())
            check_split("--val", ablation_.data, ablation_.settings.val);
        check_split("--split", ablation_.data, ablation_.split);

        AblationRuns runs(ablation_, out);
        check_paths(runs.runs());
        runs.complete();

        const AblationAnswers answers = runs.answers();
        const AblationResult result = ablation_result(answers);
        AblationOrigin origin{.data = ablation_.data,
                              .split = ablation_.split,
                              .model = model,
                              .settings = ablation_.settings.to_text(),
                              .row_settings = ablation_.row_settings,
                              .published = published_};
        origin.settings.erase("seed");
        const std::string tables = ablation_markdown(answers, result, origin);
        write_file(file("ablation.md"), tables);
        write_file(file("ablation.json"), ablation_json(answers, result, origin).dump(2) + "\n");
        write_file(file("report.html"), page(runs.runs()));
        out << "\n"
            << tables << "\nablation: " << ablation_.out
            << " (ablation.md, ablation.json, report.html)\n";
    }
};

}  // namespace

const CommandEntry ablate_command = {
    "ablate", "train the rows of the paper's ablation, and compare them",
    "Trains each row with each seed, evaluates its best checkpoint on --split, and prints how the\n"
    "rows compare: Top-1 and F1 over the seeds, the difference of each row to the one above it\n"
    "with its uncertainty, and the recall of each class. docs/recipes.md explains the figures.\n"
    "--config or --preset names the whole model. A row changes these keys of it:\n"
    "  tsm          TSM            regions none\n"
    "  ts-fixed     + TS path      regions fixed, paths ts\n"
    "  ts           + SEM          paths ts\n"
    "  mean-no-mac  + dual path    fusion mean, mac_weight 0\n"
    "  mean         + MAC          fusion mean\n"
    "  full         full (router)  nothing\n"
    "The settings are those of train, and \"training\" in the config file holds for all rows.\n"
    "--row-settings gives one row other rates, or another optimizer, and the tables say so.\n"
    "Writes to --out:\n"
    "  ROW/seed-N/      an ordinary run, as train --out makes it, with its evaluation in\n"
    "                   SPLIT.json and report_data/\n"
    "  ablation.md      the printed tables\n"
    "  ablation.json    the same for programs (docs/inside.md)\n"
    "  report.html      a page with the rows beside each other, with the first seed\n"
    "  ablate.lock      while it works: keeps other ablates out\n"
    "Ctrl-C (SIGINT) or SIGTERM stops it as it stops train. The same command goes on, with\n"
    "bit-identical results: it keeps the runs that are complete, and refuses those that were\n"
    "trained with other settings. If all are complete, it only prints the tables.\n\n"
    "Example: microdualnet ablate --data DIR --preset tiny --out runs/ablation\n"
    "         microdualnet ablate --data DIR --preset tiny --out runs/ablation --rows tsm,full\n",
    [] { return std::unique_ptr<Command>(new AblateCommand); }};

}  // namespace mdn
