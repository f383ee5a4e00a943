#include "data/file.h"
#include "engine/backend.h"
#include "train/checkpoints/checkpoint.h"
#include "train/commands/command.h"
#include "train/load_model.h"
#include "train/output_paths.h"
#include "train/parallel/launch.h"
#include "train/parallel/share_run.h"
#include "train/settings/split_flag.h"
#include "train/trainer.h"

namespace mdn {

namespace {

class TrainCommand final : public Command {
    ModelFlags model_;
    MachineFlags machine_;
    TrainRun run_;
    bool overwrite_ = false;
    int64_t cache_mib_ = 512;
    int64_t rank_timeout_ = 20;

    /// What may differ from the settings that a run was started with: rates, which may have been
    /// too high, how far it goes, where the learning rate does not depend on that, and what changes
    /// no bit.
    static bool may_change(const std::string& setting, const TrainSettings& before) {
        if (!TrainSettings::decides_result(setting)) return true;
        if (setting == "epochs") return before.schedule != ScheduleKind::cosine;
        return setting == "lr" || setting == "clip" || setting == "backbone-lr" ||
               setting == "classifier-lr" || setting == "bias-lr";
    }

    /// Takes config and settings from the run's newest checkpoint. An option given again must agree
    /// with it unless it may change: otherwise the run would not be the one it continues.
    void take_over(const CommandLine& options) {
        const SafetensorsFile stored = read_safetensors(newest_checkpoint(run_.out));
        run_.config = model_.resolve(&stored);
        const TrainSettings before = TrainSettings::from_text(stored.metadata, stored.path);
        const auto was = before.to_text();
        auto settings = was;
        for (const auto& [name, value] : run_.settings.to_text()) {
            if (!options.given(std::string("--").append(name)) || value == was.at(name)) continue;
            if (!may_change(name, before))
                throw Error("the run in " + run_.out + " was started with --" + name + " " +
                                was.at(name) + ", not " + value,
                            "leave the option out, or start another run");
            run_.changes.push_back({name, was.at(name), value});
            settings[name] = value;
        }
        run_.settings = TrainSettings::from_text(settings, stored.path);
        if (settings.at("lr") != was.at("lr")) run_.settings.refuse_rising_rate();
        if (const auto events = stored.metadata.find(metadata_events);
            events != stored.metadata.end())
            run_.events_folder = events->second;
        if (options.given("--data")) return;
        const auto data = stored.metadata.find(metadata_data);
        if (data == stored.metadata.end())
            throw Error(stored.path + " does not say which dataset it was trained on",
                        "give --data DIR");
        run_.data = data->second;
        if (!is_folder(run_.data))
            throw Error("the run in " + run_.out + " was trained on " + run_.data +
                            ", which is no folder here",
                        "--data DIR says where the dataset is now");
    }

    /// Curves of two runs must not become one.
    void take_events_folder() {
        const std::string& folder = run_.tensorboard;
        if (folder.empty()) return;
        std::error_code ignored;
        std::string own = std::filesystem::weakly_canonical(folder, ignored).string();
        if (!event_files(folder).empty()) {
            if (run_.resume && own != run_.events_folder)
                throw Error(
                    "--tensorboard " + folder + " holds the events of another run",
                    run_.events_folder.empty()
                        ? "give an empty folder"
                        : "give an empty folder, or that of this run: " + run_.events_folder);
            if (!run_.resume && !overwrite_)
                throw Error("--tensorboard " + folder + " already holds the events of a run",
                            "replace them with --overwrite, or give another folder");
        }
        run_.events_folder = std::move(own);
    }

  public:
    void declare(CommandLine& options) override {
        options.text("--data", run_.data, "DIR",
                     "dataset folder; docs/datasets.md describes the formats");
        options.text("--out", run_.out, "DIR", "folder of the run; created if it is missing");
        options.require("--data", "--resume");
        options.reads_folder("--data");
        options.require("--out");
        model_.declare(options, "");
        options.require_one({"--config", "--preset"}, "--resume");
        options.text("--init", run_.init, "FILE",
                     "safetensors file with the weights to start from");
        options.reads("--init");
        options.flag(
            "--resume", run_.resume,
            "continue the run in --out from its newest checkpoint, with bit-identical results");
        options.flag("--overwrite", overwrite_, "replace the run in --out by a new one");
        run_.settings.declare(options);
        options.integer("--save-every", run_.save_every, 0, 1'000'000'000,
                        "steps between checkpoints within an epoch; 0: only at its end");
        options.integer("--rank-timeout", rank_timeout_, 1, 86400,
                        "with several processes: seconds for which one may be silent before the "
                        "others, who wait for it, end the run");
        options.integer("--workers", run_.workers, 1, 256, "threads that decode frames");
        options.integer("--cache", cache_mib_, 0, 1 << 20, "MiB of decoded frames kept in memory");
        options.text("--tensorboard", run_.tensorboard, "DIR",
                     "also write curves, frames and confusion matrices for TensorBoard here");
        run_.profile_trace.declare(options, "steps");
        machine_.declare(options);
        machine_.declare_precision(options);
        machine_.declare_recording(options);
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream&) override {
        run_.ranks = program_ranks();
        if (run_.ranks) backend(machine_.device).choose(run_.ranks->rank_here());
        machine_.apply();
        run_.profile_trace.check(options);
        run_.profile_trace.prepare(machine_);
        run_.machine = machine_;
        run_.cache_bytes = cache_mib_ << 20;
        std::optional<RunFolder> folder;
        if (run_.ranks) {
            run_.ranks->wait_at_most(static_cast<double>(rank_timeout_));
            on_first_rank_for_all(
                *run_.ranks, [&] { prepare(options, folder, out); }, run_);
        } else {
            prepare(options, folder, out);
        }
        Trainer trainer(run_, folder ? &*folder : nullptr, out);
        trainer.run();
        out << "run: " << run_.out << " (last.safetensors"
            << (is_file(best_checkpoint(run_.out)) ? ", best.safetensors" : "")
            << ", report.html, log.jsonl)\n";
    }

  private:
    /// Takes the folder, and settles what the run is.
    void prepare(const CommandLine& options, std::optional<RunFolder>& folder, std::ostream& out) {
        if (run_.resume && overwrite_) throw Error("--resume and --overwrite cannot both be given");
        if (run_.resume && !run_.init.empty())
            throw Error("--resume and --init cannot both be given");
        folder.emplace(run_.out,
                       run_.resume  ? RunStart::resume
                       : overwrite_ ? RunStart::overwrite
                                    : RunStart::fresh,
                       [&](const std::string& note) { out << note << "\n"; });
        if (run_.resume) {
            take_over(options);
        } else {
            run_.config = model_.resolve(nullptr);
            run_.settings = run_.settings.over_recipe(run_.config.training, options, model_.config);
            run_.settings.refuse_without_effect(options);
            run_.settings.refuse_rising_rate();
            take_classes_of(run_.data, run_.config);
        }
        if (run_.settings.validates()) check_split("--val", run_.data, run_.settings.val);
        run_.settings.reading.refuse_unread(options, clip_needs(run_.config));
        take_events_folder();
        check_outputs({{"--profile-trace", run_.profile_trace.file}}, {}, {"--data", run_.data});
        check_inputs_kept({{"--profile-trace", run_.profile_trace.file},
                           {"--out", last_checkpoint(run_.out)},
                           {"--out", next_checkpoint(run_.out)},
                           {"--out", best_checkpoint(run_.out)},
                           {"--out", log_file(run_.out)},
                           {"--out", report_file(run_.out)}},
                          {{"--init", run_.init}, {"--config", model_.config}});
    }
};

}  // namespace

const CommandEntry train_command = {
    "train", "train a model on a dataset folder",
    "Writes to --out:\n"
    "  last.safetensors   everything that --resume needs, of the last saved state from which a\n"
    "                     step has succeeded, or of the end of the run\n"
    "  next.safetensors   the same of a newer state: it becomes last.safetensors when a step from\n"
    "                     it succeeds, and --resume starts from it if it is there\n"
    "  best.safetensors   the same, at the epoch of the best validation Top-1\n"
    "  report.html        a page about the run, with the validation at that epoch; report_data/\n"
    "                     keeps what it is made of (docs/report.md)\n"
    "  log.jsonl          one line per step and one line per epoch (docs/inside.md)\n"
    "  train.lock         while it trains: keeps other trains out\n"
    "The safetensors files also serve as weights for eval, predict and trace.\n"
    "Ctrl-C (SIGINT), SIGTERM or SIGUSR1 lets it finish the step and save it; it then exits with\n"
    "130, 143 or 138.\n"
    "A second one stops it at once.\n"
    "The number of classes is that of the dataset. A config file that names another is refused.\n"
    "A config file may hold settings under \"training\", named like the options without the\n"
    "dashes: {\"preset\": \"tiny\", \"training\": {\"epochs\": 30, \"lr\": 0.001}}. Options on\n"
    "the command line override them. --resume keeps the settings that the run was started with.\n"
    "Only --lr, --clip, --backbone-lr, --classifier-lr and --bias-lr may be given anew, for a run\n"
    "that diverged, say, --recompute, and --epochs unless the schedule is cosine. log.jsonl "
    "records\n"
    "each change.\n"
    "mpirun or srun can start it as several processes, which share each step (docs/scaling.md).\n\n"
    "Example: microdualnet train --data DIR --preset tiny --out runs/tiny --epochs 30\n"
    "         microdualnet train --out runs/tiny --resume\n"
    "         microdualnet train --out runs/tiny --resume --lr 0.0003\n",
    [] { return std::unique_ptr<Command>(new TrainCommand); }};

}  // namespace mdn
