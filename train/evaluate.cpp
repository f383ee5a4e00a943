#include "train/evaluate.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/optim.h"
#include "train/model_options.h"

namespace mdn {

std::vector<double> probabilities_of(const float* logits, int64_t classes) {
    const double largest = *std::max_element(logits, logits + classes);
    std::vector<double> probabilities;
    double total = 0;
    for (int64_t c = 0; c < classes; ++c) {
        probabilities.push_back(std::exp(logits[c] - largest));
        total += probabilities.back();
    }
    for (double& probability : probabilities) probability /= total;
    return probabilities;
}

namespace {

/// Adds one view of a clip, which counts for 1/views.
void add_view(ClipPrediction& clip, const float* logits, int64_t classes, const float* alpha,
              int64_t entities, int64_t views) {
    if (!std::all_of(logits, logits + classes, [](float x) { return std::isfinite(x); }))
        throw NonFinite("the logits of clip " + clip.clip + " are not finite",
                        "the weights are broken, or training had diverged");
    const std::vector<double> probabilities = probabilities_of(logits, classes);
    clip.probabilities.resize(probabilities.size(), 0.0);
    for (size_t c = 0; c < probabilities.size(); ++c)
        clip.probabilities[c] += probabilities[c] / static_cast<double>(views);
    if (!alpha) return;
    clip.alpha_st.resize(static_cast<size_t>(entities), 0.0);
    for (int64_t k = 0; k < entities; ++k)
        clip.alpha_st[k] += alpha[2 * k] / static_cast<double>(views);
}

}  // namespace

Evaluation evaluate(MicroDualNet& model, Loader& loader, int64_t views,
                    const std::function<void(int64_t)>& progress) {
    const NoGrad no_grad;
    const Device device = model.parameters().device();
    Evaluation result;
    result.predictions.resize(loader.clips().size());
    int64_t done = 0;
    loader.start(0);
    while (const std::optional<Batch> batch = loader.next()) {
        const Inputs inputs{.frames = batch->frames, .boxes = batch->boxes};
        const Outputs outputs = model.forward(on_device(inputs, device), Tensor());
        const Tensor logits = on_device(outputs.logits, Device::cpu);
        const Tensor alpha = on_device(outputs.alpha, Device::cpu);
        const int64_t classes = logits.dim(1), entities = alpha.defined() ? alpha.dim(1) : 0;
        for (size_t b = 0; b < batch->clips.size(); ++b) {
            ClipPrediction& clip = result.predictions[batch->clips[b]];
            clip.clip = loader.clips()[batch->clips[b]].files.name;
            clip.label = loader.clips()[batch->clips[b]].label;
            for (int64_t view = 0; view < views; ++view) {
                const int64_t row = static_cast<int64_t>(b) * views + view;
                add_view(clip, logits.data<float>() + row * classes, classes,
                         entities > 0 ? alpha.data<float>() + row * entities * 2 : nullptr,
                         entities, views);
            }
            clip.loss = -std::log(std::max(clip.probabilities[clip.label], 1e-300));
        }
        result.without_person += batch->without_person;
        done += std::ssize(batch->clips);
        if (progress) progress(done);
    }
    return result;
}

}  // namespace mdn
