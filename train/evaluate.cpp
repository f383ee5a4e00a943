#include "train/evaluate.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <optional>
#include <utility>

#include "engine/optim.h"
#include "engine/slices.h"
#include "train/forward_pass.h"
#include "train/load_model.h"

namespace mdn {

std::string without_person_text(const std::string& what, int64_t count, const Config& config) {
    return what + " without a visible person: " + std::to_string(count) +
           (config.has_frames() ? " (their boxes are the whole frame)"
                                : " (all their joints are missing)");
}

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

ViewAverage average_views(const Tensor& logits, const Tensor& alpha, int64_t first, int64_t views,
                          const std::string& clip) {
    const int64_t classes = logits.dim(1), entities = alpha.defined() ? alpha.dim(1) : 0;
    const auto count = static_cast<double>(views);
    ViewAverage mean{
        .probabilities = std::vector<double>(static_cast<size_t>(classes), 0.0),
        .alpha = std::vector<std::pair<double, double>>(static_cast<size_t>(entities))};
    for (int64_t view = first; view < first + views; ++view) {
        const float* row = logits.data<float>() + view * classes;
        if (!std::all_of(row, row + classes, [](float x) { return std::isfinite(x); }))
            throw NonFinite("the logits of clip " + clip + " are not finite",
                            "the weights are damaged, or their training diverged");
        const std::vector<double> probabilities = probabilities_of(row, classes);
        for (int64_t c = 0; c < classes; ++c) mean.probabilities[c] += probabilities[c] / count;
        for (int64_t k = 0; k < entities; ++k) {
            const float* weights = alpha.data<float>() + (view * entities + k) * 2;
            mean.alpha[k].first += weights[0] / count;
            mean.alpha[k].second += weights[1] / count;
        }
    }
    return mean;
}

void for_each_batch(MicroDualNet& model, Loader& loader, const EvaluationOptions& options,
                    const std::function<void(const Batch&, std::vector<ViewAverage>)>& use) {
    ForwardPass pass(model, options.record, options.paths_alone);
    const auto bring_next = [&] {
        const Slice slice("wait for a batch");
        std::optional<Batch> batch = loader.next();
        while (batch && batch->clips.empty()) batch = loader.next();  // another rank's
        if (batch) pass.bring(model_inputs(batch->tensors));
        return batch;
    };
    loader.start(0);
    std::optional<Batch> batch = bring_next();
    while (batch) {
        pass.start();
        std::optional<Batch> next;
        std::exception_ptr unreadable;  // is told when what came before it has been used
        try {
            next = bring_next();
        } catch (...) {
            unreadable = std::current_exception();
        }
        const Answers answers = pass.finish();
        std::vector<ViewAverage> clips;
        for (const int64_t clip : batch->clips) {
            const auto average = [&, first = std::ssize(clips) * options.views](
                                     const Tensor& logits, const Tensor& alpha) {
                return average_views(logits, alpha, first, options.views,
                                     loader.clips()[clip].files.name);
            };
            ViewAverage& mean = clips.emplace_back(average(answers.logits, answers.alpha));
            if (!answers.st_logits.defined()) continue;
            mean.st_alone = average(answers.st_logits, Tensor()).probabilities;
            mean.ts_alone = average(answers.ts_logits, Tensor()).probabilities;
        }
        use(*batch, std::move(clips));
        if (unreadable) std::rethrow_exception(unreadable);
        batch = std::move(next);
    }
}

Evaluation evaluate(MicroDualNet& model, Loader& loader, const EvaluationOptions& options,
                    const std::function<void(int64_t)>& progress) {
    Evaluation result;
    result.predictions.resize(loader.clips().size());
    int64_t done = 0;
    EvaluationOptions with_paths = options;
    with_paths.paths_alone = true;
    const auto use = [&](const Batch& batch, std::vector<ViewAverage> clips) {
        for (size_t b = 0; b < clips.size(); ++b) {
            const ListedClip& listed = loader.clips()[batch.clips[b]];
            ClipPrediction& clip = result.predictions[batch.clips[b]];
            clip.clip = listed.files.name;
            clip.label = listed.label;
            clip.probabilities = std::move(clips[b].probabilities);
            for (const auto& [st, ts] : clips[b].alpha) clip.alpha_st.push_back(st);
            if (!clips[b].st_alone.empty()) {
                clip.st_alone = top_classes(clips[b].st_alone, 1).front();
                clip.ts_alone = top_classes(clips[b].ts_alone, 1).front();
            }
            if (clip.label != unlabelled)
                clip.loss = -std::log(std::max(clip.probabilities[clip.label], 1e-300));
        }
        result.without_person += batch.without_person;
        done += std::ssize(clips);
        if (progress) progress(done);
    };
    for_each_batch(model, loader, with_paths, use);
    return result;
}

}  // namespace mdn
