#include "train/trace.h"
#include "train/batch_hint.h"
#include "train/commands/command.h"
#include "train/commands/trace_input_flags.h"
#include "train/journey.h"
#include "train/load_model.h"
#include "train/output/journey_report.h"

namespace mdn {

namespace {

class TraceCommand final : public Command {
    enum class Mode { by_default, eval, train };

    ModelFlags model_;
    MachineFlags machine_;
    TraceInputFlags input_;
    std::string output_;
    int64_t seed_ = 0;
    Mode mode_ = Mode::by_default;
    bool gradients_ = false;

  public:
    void declare(CommandLine& options) override {
        model_.declare_or_initial(options);
        options.integer("--seed", seed_, 0, INT64_MAX, "without --weights: seed of the parameters");
        input_.declare(options);
        options.text("--output", output_, "FILE", "safetensors file to write every tensor to");
        options.choice("--mode", mode_, Choices<Mode>{{"eval", Mode::eval}, {"train", Mode::train}},
                       "statistics that batch norm uses: the running ones (eval) or the batch's "
                       "(train); by default eval, or train with --grads");
        options.flag("--grads", gradients_,
                     "also write the gradient of the loss: grad.<parameter>");
        machine_.declare(options);
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream& notes) override {
        machine_.apply();
        input_.check(options);
        if (options.given("--seed") && !model_.weights.empty())
            throw Error("--seed has no effect: the parameters come from --weights",
                        "leave one of them out");
        if (gradients_ && output_.empty())
            throw Error("--grads writes gradients to a file, and there is none",
                        "give --output FILE");
        input_.check_kept({"--output", output_}, model_);
        const LoadedModel loaded =
            load_or_initialize_model(model_, machine_, seed_, input_.dataset, notes);
        const TraceInput input = input_.read(options, loaded);
        const bool training = mode_ == Mode::by_default ? gradients_ : mode_ == Mode::train;
        std::vector<std::pair<std::string, Tensor>> tensors;
        BatchWork batch{.config = loaded.model->config(),
                        .machine = machine_,
                        .clips = input.inputs.clips(),
                        .offers_bf16 = false,
                        .option = ""};
        if (gradients_) batch.trained_with = OptimizerKind::sgd;  // not that it has any momentum
        Journey journey(input.inputs, loaded.model->config());
        with_batch_hint(batch, [&] {
            const ObserveModules observe(journey);
            tensors = trace(*loaded.model, input, {.training = training, .gradients = gradients_});
        });
        if (input_.from_dataset() || output_.empty())
            tell(journey, tensors, input.labels, loaded.model->config(), out);
        if (output_.empty()) return;
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

  private:
    void tell(const Journey& journey, const std::vector<std::pair<std::string, Tensor>>& tensors,
              const Tensor& labels, const Config& config, std::ostream& out) const {
        out << journey_table(journey.stages());
        const auto named = [&](const std::string& wanted) {
            for (const auto& [name, tensor] : tensors)
                if (name == wanted) return tensor;
            return Tensor();
        };
        if (const Tensor alpha = named("alpha"); alpha.defined())
            out << "\n" << routing_text(alpha, config.entities);
        out << "\n"
            << answer_text(named("logits"), labels,
                           input_.from_dataset() ? read_class_names(input_.dataset).names
                                                 : std::vector<std::string>());
    }
};

}  // namespace

const CommandEntry trace_command = {
    "trace", "print a clip's way through the model, or write every tensor of it",
    "With --dataset, or without --output, it prints a line per stage of the model: the symbol and\n"
    "the section of docs/SPEC.md, the shape, mean, spread (standard deviation), least and largest\n"
    "element. Then it prints how much of each path the entities take, and the most probable\n"
    "classes. With --output, it writes all tensors to a file.\n\n"
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
    "Example: microdualnet trace --weights W.safetensors --dataset DIR --clip NAME\n"
    "         microdualnet trace --config C.json --weights W.safetensors --input IN.safetensors\n"
    "             --output OUT.safetensors --grads\n",
    [] { return std::unique_ptr<Command>(new TraceCommand); }};

}  // namespace mdn
