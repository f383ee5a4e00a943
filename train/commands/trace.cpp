#include "train/trace.h"
#include "train/batch_hint.h"
#include "train/commands/command.h"
#include "train/commands/trace_input_flags.h"
#include "train/load_model.h"
#include "train/output_paths.h"

namespace mdn {

namespace {

class TraceCommand final : public Command {
    enum class Mode { by_default, eval, train };

    ModelFlags model_;
    MachineFlags machine_;
    TraceInputFlags input_;
    std::string output_;
    Mode mode_ = Mode::by_default;
    bool gradients_ = false;

  public:
    void declare(CommandLine& options) override {
        model_.declare(options, "safetensors file with the model's parameters");
        options.require("--weights");
        input_.declare(options);
        options.text("--output", output_, "FILE", "safetensors file to write");
        options.require("--output");
        options.choice("--mode", mode_, Choices<Mode>{{"eval", Mode::eval}, {"train", Mode::train}},
                       "statistics that batch norm uses: the running ones (eval) or the batch's "
                       "(train); by default eval, or train with --grads");
        options.flag("--grads", gradients_,
                     "also write the gradient of the loss: grad.<parameter>");
        machine_.declare(options);
    }

    void run(const CommandLine& options, std::ostream&, std::ostream& notes) override {
        machine_.apply();
        input_.check(options);
        check_outputs(
            {{"--output", output_}},
            {{"--weights", model_.weights}, {"--config", model_.config}, {"--input", input_.input}},
            {"--dataset", input_.dataset});
        LoadedModel loaded = load_model(model_, machine_, notes);
        const TraceInput input = input_.read(options, loaded);
        const bool training = mode_ == Mode::by_default ? gradients_ : mode_ == Mode::train;
        std::vector<std::pair<std::string, Tensor>> tensors;
        BatchWork batch{.config = loaded.model->config(),
                        .machine = machine_,
                        .clips = input.inputs.clips(),
                        .offers_bf16 = false,
                        .option = ""};
        if (gradients_) batch.trained_with = OptimizerKind::sgd;  // not that it has any momentum
        with_batch_hint(batch, [&] {
            tensors = trace(*loaded.model, input, {.training = training, .gradients = gradients_});
        });
        if (input_.from_dataset()) {
            const Inputs& inputs = input.inputs;
            for (const auto& [name, tensor] : {std::pair{"frames", inputs.frames},
                                               {"boxes", inputs.boxes},
                                               {"joints", inputs.joints}})
                if (tensor.defined()) tensors.emplace_back(name, tensor);
        }
        write_safetensors(output_, tensors);
        notes << "wrote " << tensors.size() << " tensors to " << output_ << "\n";
    }
};

}  // namespace

const CommandEntry trace_command = {
    "trace", "write every intermediate tensor of the model on a given batch",
    "The input file holds:\n"
    "  frames [B,T,S,S,3] f32    normalised\n"
    "  boxes [B,T,K,4] f32       x1 y1 x2 y2 in pixels\n"
    "  joints [B,T,K,12,3] f32   instead of frames and boxes, in modality pose\n"
    "  labels [B] i64            optional\n"
    "The output file holds, as f32 and as far as the model has them:\n"
    "  features, entities, st, ts, fused, alpha, f_cnn, f_entity, logits\n"
    "  with labels:    loss, loss_ce, loss_mac\n"
    "  with --grads:   grad.<parameter>\n"
    "  with --dataset: frames, boxes, joints, as they were read for the clip\n"
    "Dropout is 0 in both modes.\n\n"
    "Example: microdualnet trace --config C.json --weights W.safetensors --input IN.safetensors\n"
    "             --output OUT.safetensors --grads\n",
    [] { return std::unique_ptr<Command>(new TraceCommand); }};

}  // namespace mdn
