#include "train/checkpoints/checkpoint.h"
#include "train/checkpoints/checkpoint_folder.h"
#include "train/checkpoints/import_weights.h"
#include "train/commands/command.h"
#include "train/load_model.h"
#include "train/output/progress.h"
#include "train/output_paths.h"

namespace mdn {

namespace {

class ImportCommand final : public Command {
    ModelFlags model_;
    std::string checkpoint_, output_, data_, prefix_;
    int64_t classes_ = 0;
    int64_t seed_ = 0;
    bool dry_run_ = false, ignore_checksums_ = false;

  public:
    void declare(CommandLine& options) override {
        options.positional(
            "CHECKPOINT", checkpoint_,
            "safetensors or PyTorch file (.pth, .pt, .bin) to read, or a folder or index "
            "of its shards");
        options.reads("CHECKPOINT");
        options.text("--out", output_, "FILE", "safetensors file to write");
        options.require("--out", "--dry-run");
        model_.declare(options, "");
        options.require_one({"--config", "--preset"});
        options.text("--data", data_, "DIR",
                     "dataset folder that the model is for; it sets the number of classes");
        options.reads_folder("--data");
        options.integer("--classes", classes_, 0, 10000,
                        "classes of the model; 0: those of --data, else of the config or preset");
        options.text("--prefix", prefix_, "TEXT",
                     "what comes before the names to take (student.backbone.) where a checkpoint "
                     "holds several networks; . for nothing");
        options.integer("--seed", seed_, 0, INT64_MAX,
                        "seed of the initial values that the checkpoint does not replace");
        options.flag("--ignore-checksums", ignore_checksums_,
                     "take a safetensors file whose tensors are not what its checksums say, "
                     "because another program changed them on purpose");
        options.flag("--dry-run", dry_run_, "write nothing, only print what would be taken");
    }

    void run(const CommandLine&, std::ostream& out, std::ostream&) override {
        if (classes_ > 0 && !data_.empty())
            throw Error("--classes and --data cannot both be given",
                        "leave --classes out: the dataset sets the number of classes");
        Config config = model_.resolve(nullptr);
        if (classes_ > 0) config.classes = classes_;
        if (!data_.empty()) take_classes_of(data_, config);
        if (!dry_run_) check_outputs({{"--out", output_}}, inputs());
        const MicroDualNet model(config, static_cast<uint64_t>(seed_));
        const ImportReport report = [&] {
            Progress progress(out);
            return import_weights(model.parameters(), config, checkpoint_, prefix_,
                                  ignore_checksums_ ? Checksums::ignored : Checksums::compared,
                                  count_progress(progress, "reading tensor"));
        }();
        if (!dry_run_) {
            std::map<std::string, std::string> metadata = {{metadata_config, to_json(config)}};
            if (!report.class_names.empty()) metadata[metadata_classes] = report.class_names;
            write_safetensors(output_, weights_to_disk(model.parameters()), metadata);
        }
        report.print(out);
        out << (dry_run_ ? "nothing written (--dry-run)" : "wrote " + output_) << "\n";
    }

  private:
    std::vector<NamedPath> inputs() const {
        const CheckpointParts parts = checkpoint_at(checkpoint_);
        std::vector<NamedPath> inputs = {{"--config", model_.config}, {"CHECKPOINT", parts.index}};
        for (const std::string& file : parts.files) inputs.push_back({"CHECKPOINT", file});
        return inputs;
    }
};

}  // namespace

const CommandEntry import_command = {
    "import", "turn a checkpoint of another project into weights to start from",
    "Reads safetensors and PyTorch files with the tensor names of torchvision, timm,\n"
    "Hugging Face, MMAction2, MIT's TSM or this program; docs/weights.md lists the names. Writes\n"
    "a complete model: what the checkpoint has, and initial values for the rest. No code in the\n"
    "file is run.\n\n"
    "Example: microdualnet import tsm_r101.pth --preset paper-ma52 --data DIR \\\n"
    "             --out W.safetensors\n"
    "         microdualnet train --data DIR --preset paper-ma52 --init W.safetensors --out RUN\n",
    [] { return std::unique_ptr<Command>(new ImportCommand); }};

}  // namespace mdn
