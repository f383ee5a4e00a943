#include "engine/files/safetensors.h"
#include "train/batch_hint.h"
#include "train/checkpoints/checkpoint.h"
#include "train/checkpoints/trained_classes.h"
#include "train/commands/command.h"
#include "train/commands/trace_input_flags.h"
#include "train/load_model.h"
#include "train/output/format.h"
#include "train/trace.h"

namespace mdn {

namespace {

class OverfitCommand final : public Command {
    ModelFlags model_;
    MachineFlags machine_;
    TraceInputFlags input_;
    OverfitOptions overfit_;
    std::string output_;

  public:
    void declare(CommandLine& options) override {
        model_.declare(options, "safetensors file with the parameters to start from");
        options.require("--weights");
        input_.declare(options);
        options.integer("--steps", overfit_.steps, 0, 1'000'000'000, "updates to make");
        OptimizerOptions& optimizer = overfit_.optimizer;
        options.choice(
            "--optimizer", optimizer.kind,
            Choices<OptimizerKind>{{"sgd", OptimizerKind::sgd}, {"adamw", OptimizerKind::adamw}},
            "SGD with momentum, or AdamW");
        options.number("--lr", overfit_.learning_rate, 0, 1e30, "learning rate, constant");
        options.number("--weight-decay", optimizer.weight_decay, 0, 1e6,
                       "applies to the weights of convolutions and linear layers");
        options.number("--momentum", optimizer.momentum, 0, 1, "momentum of SGD; AdamW ignores it");
        options.text("--output", output_, "FILE",
                     "safetensors file to write the trained parameters to");
        machine_.declare(options);
        machine_.declare_precision(options);
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream& notes) override {
        machine_.apply();
        input_.check(options);
        input_.check_kept({"--output", output_}, model_);
        LoadedModel loaded = load_model(model_, machine_, input_.dataset, notes);
        const TraceInput input = input_.read(options, loaded);
        const auto say = [&](const OverfitStep& step) {
            out << format(R"({"step": %lld, "loss": %.11e, "loss_ce": %.11e, "loss_mac": %.11e})",
                          static_cast<long long>(step.step), step.loss, step.loss_ce, step.loss_mac)
                << "\n"
                << std::flush;
        };
        with_batch_hint({.config = loaded.model->config(),
                         .machine = machine_,
                         .clips = input.inputs.clips(),
                         .trained_with = overfit_.optimizer.kind,
                         .option = ""},
                        [&] { overfit(*loaded.model, input, overfit_, say); });
        if (output_.empty()) return;
        std::map<std::string, std::string> metadata = {
            {metadata_config, to_json(loaded.model->config())}};
        const std::vector<std::string> classes = class_names(loaded, input_.dataset);
        if (!classes.empty()) metadata[metadata_classes] = classes_text(classes);
        write_safetensors(output_, weights_to_disk(loaded.model->parameters()), metadata);
    }
};

}  // namespace

const CommandEntry overfit_command = {
    "overfit", "train on one batch only: the sanity check before a long run",
    "Takes the same inputs as trace, with labels, and trains on that one batch in train mode:\n"
    "no dropout, no augmentation, a constant learning rate, no gradient clipping. Prints one JSON\n"
    "line per step, before the update: {\"step\",\"loss\",\"loss_ce\",\"loss_mac\"}.\n"
    "The loss should fall towards 0.\n\n"
    "Example: microdualnet overfit --config C.json --weights W.safetensors --dataset DIR\n"
    "             --clip val/0001 --steps 50 --lr 5e-4\n",
    [] { return std::unique_ptr<Command>(new OverfitCommand); }};

}  // namespace mdn
