#include "train/explain/explanation.h"

#include <algorithm>
#include <set>

#include "data/augmentation.h"
#include "data/keypoints/keypoints.h"
#include "engine/autograd.h"
#include "engine/threads.h"
#include "model/mac_loss.h"
#include "train/evaluate.h"
#include "train/explain/cells_read.h"
#include "train/explain/grad_cam.h"
#include "train/load_model.h"
#include "train/metrics.h"

namespace mdn {

namespace {

/// Classes that get a map: the likeliest ones, then the true one if it is not among them.
std::vector<int64_t> mapped_classes(const std::vector<double>& probabilities, int64_t label) {
    std::vector<int64_t> classes = top_classes(probabilities, 3);
    if (label != unlabelled && std::find(classes.begin(), classes.end(), label) == classes.end())
        classes.push_back(label);
    return classes;
}

/// Whose joints place a box of their own; of regions that are fixed, all.
std::vector<std::vector<bool>> visible_entities(const Config& config, const ClipOptions& options,
                                                const ClipView& view) {
    std::vector<std::vector<bool>> visible;
    if (!config.has_entities()) return visible;
    for (const std::optional<Pose>& pose : view.joints) {
        std::vector<bool>& frame = visible.emplace_back();
        for (const Entity entity : options.entities)
            frame.push_back(
                config.regions == Regions::fixed ||
                (pose &&
                 (config.has_frames()
                      ? entity_box(entity, *pose, static_cast<double>(config.size)).has_value()
                      : bounds_of(*pose, joints_of(entity)).has_value())));
    }
    return visible;
}

std::vector<double> numbers_of(const Tensor& x) {
    const std::vector<float> values = on_device(x, Device::cpu).to_vector<float>();
    return {values.begin(), values.end()};
}

}  // namespace

Explanation explain(MicroDualNet& model, const ClipFiles& files, const ClipOptions& options,
                    int64_t label, const std::function<void(int64_t, int64_t)>& progress) {
    const Config& config = model.config();
    const Device device = model.parameters().device();
    Explanation result;
    result.clip = inspect(model, files, options);
    const std::vector<Occlusion> occlusions = occlusions_for(config, result.clip.view.frames);
    result.label = label;
    result.passes = 1;
    const Inspection& clip = result.clip;
    const Outputs& outputs = clip.outputs;
    const std::vector<int64_t> mapped = mapped_classes(clip.probabilities, label);
    const int64_t steps =
        1 + std::ssize(occlusions) + (config.has_frames() ? std::ssize(mapped) : 0);
    int64_t done = 0;
    const auto step = [&] {
        if (progress) progress(++done, steps);
    };
    step();

    const auto answer = [&](const Tensor& logits) {
        return average_views(on_device(logits, Device::cpu), Tensor(), 0, 1, files.name)
            .probabilities;
    };
    const Tensor boxes = on_device(clip.inputs.boxes, device);
    for (const Occlusion& occlusion : occlusions) {
        const NoGrad no_grad;
        const Inputs inputs = on_device(occluded(clip.inputs, occlusion, config), device);
        const bool head_alone = config.has_frames() && keeps_frames(occlusion);
        const Outputs changed = head_alone ? model.head(outputs.features, inputs.boxes, Tensor())
                                           : model.forward(inputs, Tensor());
        ++(head_alone ? result.head_passes : result.passes);
        result.occlusions.push_back({occlusion, answer(changed.logits)});
        step();
    }

    result.visible = visible_entities(config, options, clip.view);
    if (config.has_frames()) {
        result.height = outputs.features.dim(2);
        result.width = outputs.features.dim(3);
        const auto maps = grad_cam(model, outputs.features, boxes, mapped);
        for (size_t i = 0; i < mapped.size(); ++i) {
            result.class_maps.push_back({mapped[i], maps[i]});
            ++result.head_passes;
            ++result.backward_passes;
            step();
        }
        if (config.has_entities())
            result.cells = cells_read(clip.inputs.boxes, static_cast<double>(config.size),
                                      config.roi, result.height, result.width);
    }
    if (config.has_both_paths()) {
        const NoGrad no_grad;
        result.st_alone = answer(model.logits_of_path(outputs, Paths::st));
        result.ts_alone = answer(model.logits_of_path(outputs, Paths::ts));
        result.similarity = numbers_of(mac_similarity(outputs.st, outputs.ts));
        // One clip has no other of its class: any label will do.
        const Tensor labels = on_device(Tensor::zeros({1}, DType::i64), device);
        result.mac_loss = mac_loss(outputs.st, outputs.ts, labels, config.mac_temperature).item();
    }
    return result;
}

Image frame_as_seen(const ClipFiles& files, int64_t frame, const ClipOptions& options) {
    const Image image = read_image(files.frame(frame));
    const Transform crop =
        evaluation_transforms({image.width, image.height}, options.size, options.crops)[0];
    const Tensor pixels = Tensor::empty({1, options.size, options.size, 3});
    resample(image, crop, options.size, pixels.data<float>());
    return pictures_of(pixels)[0];
}

Film film_of(const ClipFiles& files, const ClipOptions& options, const std::vector<int64_t>& seen,
             int64_t most) {
    std::set<int64_t> chosen(seen.begin(), seen.end());
    const int64_t others = std::min(most - std::ssize(chosen), files.count);
    for (int64_t i = 0; i < others; ++i) chosen.insert((2 * i + 1) * files.count / (2 * others));

    ClipOptions all = options;
    all.frames = files.count;
    all.samplings = 1;
    const ClipView view = first_view(files, all);  // every frame, in order
    Film film;
    film.count = files.count;
    for (const int64_t frame : chosen) {
        film.frames.push_back(frame);
        film.joints.push_back(view.joints[frame]);
        const auto distance = [&](int64_t t) { return std::abs(seen[t] - frame); };
        int64_t nearest = 0;
        for (int64_t t = 1; t < std::ssize(seen); ++t)
            if (distance(t) < distance(nearest)) nearest = t;
        film.nearest.push_back(nearest);
    }
    if (options.input == ClipInput::frames) {
        film.pictures.resize(film.frames.size());
        run_shares(std::ssize(film.frames), [&](int64_t i) {
            film.pictures[i] = frame_as_seen(files, film.frames[i], options);
        });
    }
    return film;
}

}  // namespace mdn
