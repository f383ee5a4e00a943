#include "train/training_step.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/slices.h"
#include "train/load_model.h"
#include "train/metrics.h"

namespace mdn {

namespace {

/// In percent, of logits [B,C] and labels [B] on any device.
double top1_of(const Tensor& logits, const Tensor& labels) {
    const Tensor scores = on_device(logits, Device::cpu).to(DType::f64);
    const Tensor truth = on_device(labels, Device::cpu);
    const int64_t clips = logits.dim(0), classes = logits.dim(1);
    int64_t right = 0;
    for (int64_t b = 0; b < clips; ++b) {
        const double* row = scores.data<double>() + b * classes;
        right += std::max_element(row, row + classes) - row == truth.data<int64_t>()[b];
    }
    return percent(right, clips);
}

}  // namespace

TrainingStep::TrainingStep(MicroDualNet& model, Optimizer& optimizer, bool record,
                           double label_smoothing)
    : model_(model),
      optimizer_(optimizer),
      record_(record),
      label_smoothing_(label_smoothing),
      uploader_(backend(model.parameters().device()).make_uploader()) {}

void TrainingStep::bring(const StepInput& input) {
    const Device device = model_.parameters().device();
    brought_ = input.labels.dim(0);
    const Tensor seed_and_step = Tensor::from<int64_t>({input.seed, input.step}, {2});
    if (!work_.contains(brought_)) {
        const auto place_for = [&](const Tensor& x) {
            return Tensor::empty(x.shape(), x.dtype(), device);
        };
        work_.emplace(brought_, Work{.inputs = input.inputs.each(place_for),
                                     .labels = place_for(input.labels),
                                     .seed_and_step = place_for(seed_and_step),
                                     .recorded = RecordedWork(device, record_)});
    }
    std::vector<Tensor> told = input.inputs.given();
    told.insert(told.end(),
                {input.labels, seed_and_step, Optimizer::schedule_for(input.learning_rate)});
    uploader_->start(told);
}

void TrainingStep::start() {
    const Slice slice("training step");
    Work& work = work_.at(brought_);
    std::vector<Tensor> told = work.inputs.given();
    told.insert(told.end(), {work.labels, work.seed_and_step, optimizer_.schedule()});
    uploader_->finish(told);
    if (work.recorded.run([&] { run(work); })) show_gradients(work);
    started_ = &work;
}

void TrainingStep::run(Work& work) {
    model_.parameters().zero_grad();
    const Outputs outputs = [&] {
        const Slice slice("forward");
        return model_.forward(work.inputs, work.labels,
                              {.training = true,
                               .dropout_seed_and_step = work.seed_and_step,
                               .label_smoothing = label_smoothing_});
    }();
    work.loss = outputs.loss.detach();
    work.loss_ce = outputs.loss_ce.detach();
    work.loss_mac = outputs.loss_mac.detach();
    work.logits = outputs.logits.detach();
    {
        const Slice slice("backward");
        backward(outputs.loss);
    }
    const Slice slice("update");
    optimizer_.update();
}

/// After a replay: the parameters' gradients are where the recording has left them.
void TrainingStep::show_gradients(Work& work) const {
    if (!work.gradients.empty()) {
        for (const auto& [value, gradient] : work.gradients) autograd_meta(value)->grad = gradient;
        return;
    }
    // The recording was made just now: they are there.
    for (const Parameter& parameter : model_.parameters().all())
        if (const Tensor gradient = parameter.value.grad(); gradient.defined())
            work.gradients.emplace_back(parameter.value, gradient);
}

StepResult TrainingStep::finish() {
    const Slice slice("wait for the step");
    StepResult result{.loss = started_->loss.item(),
                      .loss_ce = started_->loss_ce.item(),
                      .loss_mac = started_->loss_mac.item(),
                      .gradient_norm = 0,
                      .top1 = top1_of(started_->logits, started_->labels)};
    if (!std::isfinite(result.loss)) throw NonFinite("the loss is not finite");
    result.gradient_norm = optimizer_.finish();
    return result;
}

}  // namespace mdn
