#include "train/trace.h"

#include <cmath>
#include <optional>

#include "data/dataset.h"
#include "data/entity_boxes.h"
#include "engine/autograd.h"
#include "engine/files/safetensors.h"
#include "engine/ops.h"
#include "model/pose_encoder.h"
#include "train/checkpoints/check_numbers.h"
#include "train/load_model.h"

namespace mdn {

namespace {

void check_tensor(const std::string& path, const char* name, const Tensor& x, DType dtype,
                  const Shape& shape, const std::string& meaning) {
    if (x.dtype() != dtype)
        throw Error(path + ": " + name + " holds " + to_string(x.dtype()) + ", not " +
                    to_string(dtype));
    check_numbers(path, name, x);
    if (x.shape() != shape)
        throw Error(path + ": " + name + " has shape " + to_string(x.shape()) + ", expected " +
                    to_string(shape) + " " + meaning);
}

void check_labels(const std::string& path, const Tensor& labels, int64_t classes) {
    for (int64_t b = 0; b < labels.numel(); ++b) {
        const int64_t label = labels.data<int64_t>()[b];
        if (label < 0 || label >= classes)
            throw Error(path + ": labels[" + std::to_string(b) + "] is " + std::to_string(label) +
                        ", outside 0.." + std::to_string(classes - 1));
    }
}

Tensor fixed_layout(const Config& config, int64_t clips) {
    const ClipOptions options = clip_options(config, Sampling::test);
    Tensor boxes = Tensor::empty({clips, config.frames, config.entity_count(), 4});
    fixed_boxes(options.entities, clips * config.frames, config.size, boxes.data<float>());
    return boxes;
}

Outputs forward(MicroDualNet& model, const TraceInput& input, bool training) {
    const Device device = model.parameters().device();
    return model.forward(on_device(input.inputs, device), on_device(input.labels, device),
                         {.training = training});
}

}  // namespace

TraceInput read_trace_input(const std::string& path, const Config& config) {
    const SafetensorsFile file = read_safetensors(path);
    TraceInput input{.inputs = {}, .labels = file.find("labels")};
    Inputs& inputs = input.inputs;
    const char* const first = config.has_frames() ? "frames" : "joints";
    const Tensor stored = file.at(first);
    const int64_t B = stored.rank() > 0 ? stored.dim(0) : 0;
    if (B < 1)
        throw Error(path + ": " + first + " has shape " + to_string(stored.shape()) +
                    ", which holds no clips");
    const int64_t T = config.frames, S = config.size, K = config.entity_count();
    if (config.has_frames()) {
        inputs.frames = stored;
        check_tensor(path, "frames", inputs.frames, DType::f32, {B, T, S, S, 3},
                     "(frames and size of the config)");
        if (config.regions == Regions::fixed) inputs.boxes = fixed_layout(config, B);
        if (config.regions == Regions::keypoints) {
            inputs.boxes = file.at("boxes");
            check_tensor(path, "boxes", inputs.boxes, DType::f32, {B, T, K, 4},
                         "(frames and entities of the config)");
        }
    } else {
        inputs.joints = stored;
        check_tensor(path, "joints", inputs.joints, DType::f32, {B, T, K, joints_per_entity, 3},
                     "(frames and entities of the config)");
    }
    if (input.labels.defined()) {
        check_tensor(path, "labels", input.labels, DType::i64, {B}, "(one per clip)");
        check_labels(path, input.labels, config.classes);
    }
    return input;
}

TraceInput read_trace_clip(const std::string& dataset, const std::string& clip,
                           const Config& config, const KeypointOptions& keypoints,
                           const DatasetOptions& dataset_options) {
    const ListedClip listed =
        find_clip(dataset, clip, config.classes, clip_needs(config), dataset_options);
    ClipOptions options = clip_options(config, Sampling::test);
    options.keypoints = keypoints;
    const Clip read = read_clip(listed.files, options);
    return {model_inputs(read.tensors), Tensor::from<int64_t>({listed.label}, {1})};
}

std::vector<std::pair<std::string, Tensor>> trace(MicroDualNet& model, const TraceInput& input,
                                                  const TraceOptions& options) {
    if (options.gradients && !input.labels.defined())
        throw Error("gradients of the loss need labels, and the input has none",
                    "add `labels` [B] i64 to the input, or leave out --grads");
    std::optional<NoGrad> no_grad;
    if (!options.gradients) no_grad.emplace();
    model.parameters().zero_grad();
    const Outputs outputs = forward(model, input, options.training);
    std::vector<std::pair<std::string, Tensor>> tensors;
    const std::pair<const char*, Tensor> named[] = {{"features", outputs.features},
                                                    {"entities", outputs.entities},
                                                    {"st", outputs.st},
                                                    {"ts", outputs.ts},
                                                    {"fused", outputs.fused},
                                                    {"alpha", outputs.alpha},
                                                    {"f_cnn", outputs.f_cnn},
                                                    {"f_entity", outputs.f_entity},
                                                    {"logits", outputs.logits},
                                                    {"loss", outputs.loss},
                                                    {"loss_ce", outputs.loss_ce},
                                                    {"loss_mac", outputs.loss_mac}};
    for (const auto& [name, tensor] : named)
        if (tensor.defined())
            tensors.emplace_back(name, on_device(cast(tensor.detach(), DType::f32), Device::cpu));
    if (!options.gradients) return tensors;

    backward(outputs.loss);
    for (const Parameter& parameter : model.parameters().all()) {
        if (!parameter.trained()) continue;
        const Tensor gradient = parameter.value.grad();
        tensors.emplace_back(
            "grad." + parameter.name,
            parameter.to_disk(gradient.defined() ? gradient : zeros_like(parameter.value)));
    }
    return tensors;
}

void overfit(MicroDualNet& model, const TraceInput& input, const OverfitOptions& options,
             const std::function<void(const OverfitStep&)>& report) {
    if (!input.labels.defined())
        throw Error("overfitting needs labels, and the input has none",
                    "add `labels` [B] i64 to the input");
    Optimizer optimizer(model.parameters(), options.optimizer);
    for (int64_t step = 0; step < options.steps; ++step) {
        model.parameters().zero_grad();
        const Outputs outputs = forward(model, input, true);
        const OverfitStep losses{step, outputs.loss.item(), outputs.loss_ce.item(),
                                 outputs.loss_mac.item()};
        if (!std::isfinite(losses.loss))
            throw NonFinite("the loss is not finite at step " + std::to_string(step),
                            "try a lower --lr");
        report(losses);
        backward(outputs.loss);
        try {
            optimizer.step(options.learning_rate);
        } catch (const NonFinite& error) {
            throw NonFinite("at step " + std::to_string(step) + ": " + error.what(), error.hint());
        }
    }
}

}  // namespace mdn
