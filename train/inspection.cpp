#include "train/inspection.h"

#include <algorithm>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "train/evaluate.h"
#include "train/load_model.h"

namespace mdn {

namespace {

/// The first `views` rows, of one view, as tensors of their own.
Inputs first_row(const Inputs& inputs) {
    return inputs.each([](const Tensor& x) {
        Shape shape = x.shape();
        shape[0] = 1;
        Tensor row = Tensor::empty(shape);
        std::copy_n(x.data<float>(), row.numel(), row.data<float>());
        return row;
    });
}

std::vector<std::vector<Box>> boxes_of(const Tensor& boxes) {
    std::vector<std::vector<Box>> result(boxes.dim(1));
    const float* corner = boxes.data<float>();
    for (auto& frame : result)
        for (int64_t k = 0; k < boxes.dim(2); ++k, corner += 4)
            frame.push_back({corner[0], corner[1], corner[2], corner[3]});
    return result;
}

}  // namespace

std::vector<Image> pictures_of(const Tensor& frames) {
    std::vector<Image> pictures;
    const int64_t size = frames.dim(1);
    for (int64_t t = 0; t < frames.dim(0); ++t)
        pictures.push_back(picture_of(frames.data<float>() + t * size * size * 3, size));
    return pictures;
}

Inspection inspect(MicroDualNet& model, const ClipFiles& clip, const ClipOptions& options) {
    const Config& config = model.config();
    const Device device = model.parameters().device();
    Inspection result;
    result.view = first_view(clip, options);
    result.inputs = first_row(model_inputs(read_clip(clip, options).tensors));
    if (config.has_frames()) {
        const int64_t T = config.frames, S = config.size;
        result.pictures = pictures_of(result.inputs.frames.view({T, S, S, 3}));
        if (config.has_entities()) result.boxes = boxes_of(result.inputs.boxes);
    }

    const NoGrad no_grad;
    AttentionMaps attention;
    result.outputs =
        model.forward(on_device(result.inputs, device), Tensor(), {.attention = &attention});
    for (const auto& [name, layers] : attention)
        for (const Tensor& weights : layers)
            result.attention[name].push_back(on_device(cast(weights, DType::f32), Device::cpu));
    const ViewAverage answer =
        average_views(on_device(result.outputs.logits, Device::cpu),
                      on_device(result.outputs.alpha, Device::cpu), 0, 1, clip.name);
    result.probabilities = answer.probabilities;
    for (const auto& [st, ts] : answer.alpha) result.alpha_st.push_back(st);
    return result;
}

}  // namespace mdn
