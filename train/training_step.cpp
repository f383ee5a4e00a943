#include "train/training_step.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/slices.h"
#include "train/load_model.h"
#include "train/metrics.h"

namespace mdn {

namespace {

/// Clips whose largest logit is that of their class; logits [B,C] and labels [B] on any device.
int64_t right_of(const Tensor& logits, const Tensor& labels) {
    const Tensor scores = on_device(logits, Device::cpu).to(DType::f64);
    const Tensor truth = on_device(labels, Device::cpu);
    const int64_t clips = logits.dim(0), classes = logits.dim(1);
    int64_t right = 0;
    for (int64_t b = 0; b < clips; ++b) {
        const double* row = scores.data<double>() + b * classes;
        right += std::max_element(row, row + classes) - row == truth.data<int64_t>()[b];
    }
    return right;
}

/// One clip for the rank that has none: it takes part with weight 0.
Tensor stand_in(const Tensor& x) {
    if (x.dim(0) > 0) return x;
    Shape shape = x.shape();
    shape.front() = 1;
    return Tensor::zeros(shape, x.dtype(), x.device());
}

}  // namespace

TrainingStep::TrainingStep(MicroDualNet& model, Optimizer& optimizer, bool record,
                           double label_smoothing, Recompute recompute, const StepRanks& ranks)
    : model_(model),
      optimizer_(optimizer),
      record_(record && (!ranks.over || ranks.over->devices(model.parameters().device()))),
      label_smoothing_(label_smoothing),
      recompute_(recompute),
      uploader_(backend(model.parameters().device()).make_uploader()),
      ranks_(ranks) {
    if (!ranks.over) return;
    devices_ = ranks.over->devices(model.parameters().device());
    sums_ = std::make_unique<GradientSums>(model.parameters(), *ranks.over, ranks.buckets);
}

void TrainingStep::bring(const StepInput& given) {
    const Device device = model_.parameters().device();
    StepInput input = given;
    if (ranks_.over) {
        brought_share_ = {.over = ranks_.over, .clips = input.clips_of_ranks};
        input.inputs = input.inputs.each(stand_in);
        input.labels = stand_in(input.labels);
        brought_ = input.clips_of_ranks;
    } else {
        brought_ = {input.labels.dim(0)};
    }
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
    started_share_ = brought_share_;
    if (work.recorded.run([&] { run(work); })) show_gradients(work);
    started_ = &work;
}

void TrainingStep::run(Work& work) {
    model_.parameters().zero_grad();
    if (sums_) {
        sums_->during([&] { compute(work); });
        if (!ranks_.sync_batch_norm) average_running_statistics();
    } else {
        compute(work);
    }
    const Slice slice("update");
    optimizer_.update();
}

void TrainingStep::compute(Work& work) {
    // Of the outputs, only what is reported outlives the forward pass: the backward pass frees the
    // others one by one.
    const Tensor loss = [&] {
        const Slice slice("forward");
        const Outputs outputs =
            model_.forward(work.inputs, work.labels,
                           {.training = true,
                            .dropout_seed_and_step = work.seed_and_step,
                            .label_smoothing = label_smoothing_,
                            .recompute = recompute_,
                            .ranks = {started_share_, ranks_.sync_batch_norm, ranks_.gather_mac}});
        work.loss = outputs.loss.detach();
        work.loss_ce = outputs.loss_ce.detach();
        work.loss_mac = outputs.loss_mac.detach();
        work.logits = outputs.logits.detach();
        return outputs.loss;
    }();
    const Slice slice("backward");
    // The mean over the batch is the sum over the ranks of their weighted means.
    if (sums_)
        backward(loss, Tensor::full({1}, started_share_.weight(), loss.dtype(), loss.device()));
    else
        backward(loss);
}

/// Where each rank's batch norms see its own clips alone, each has updated running statistics of
/// its own. What is saved, and what evaluation reads, is their mean.
void TrainingStep::average_running_statistics() {
    int64_t count = 0;
    /// body(a running statistic, its place in `statistics_`).
    const auto each = [&](auto&& body) {
        count = 0;
        for (const Parameter& buffer : model_.parameters().all()) {
            if (buffer.trained()) continue;
            const int64_t numbers = buffer.value.numel();
            if (statistics_.defined())
                body(buffer.value, statistics_.rows(count, numbers).view(buffer.value.shape()));
            count += numbers;
        }
    };
    if (!statistics_.defined()) {
        each([](const Tensor&, const Tensor&) {});
        statistics_ = Tensor::empty({count}, DType::f32,
                                    devices_ ? model_.parameters().device() : Device::cpu);
    }
    const double weight = started_share_.weight();
    if (weight == 0) {  // what a stand-in left there may not be finite
        kernels(statistics_).fill(0, statistics_);
    } else {
        each([](const Tensor& value, const Tensor& place) { place.copy_from(value); });
        kernels(statistics_).scale(statistics_, weight, statistics_);
    }
    if (devices_) {
        devices_->start_sum(statistics_);
        devices_->finish_sums();
    } else {
        ranks_.over->start_sum(statistics_.data<float>(), statistics_.numel())->wait();
    }
    each([](const Tensor& value, const Tensor& place) { value.copy_from(place); });
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

StepResult TrainingStep::own_result() const {
    const StepResult result{
        .loss = started_->loss.item(),
        .loss_ce = started_->loss_ce.item(),
        .loss_mac = started_->loss_mac.item(),
        .gradient_norm = 0,
        .top1 = percent(right_of(started_->logits, started_->labels), started_->labels.numel())};
    if (!std::isfinite(result.loss)) throw NonFinite("the loss is not finite");
    return result;
}

/// Every rank adds the losses in the order of the ranks, and so all have the same.
StepResult TrainingStep::result_of_ranks() const {
    const auto all = ranks_.over->gather_numbers(
        {started_->loss.item(), started_->loss_ce.item(), started_->loss_mac.item(),
         static_cast<double>(right_of(started_->logits, started_->labels))});
    const auto clips = static_cast<double>(started_share_.in_all());
    StepResult result{};
    for (size_t rank = 0; rank < all.size(); ++rank) {
        if (started_share_.clips[rank] == 0) continue;
        const std::vector<double>& own = all[rank];
        if (!std::isfinite(own[0]))
            throw NonFinite("the loss is not finite on " +
                            ranks_.over->name(static_cast<int64_t>(rank)));
        const double weight = static_cast<double>(started_share_.clips[rank]) / clips;
        result.loss += weight * own[0];
        result.loss_ce += weight * own[1];
        result.loss_mac += weight * own[2];
        result.top1 += 100 * own[3] / clips;
    }
    return result;
}

StepResult TrainingStep::finish() {
    const Slice slice("wait for the step");
    if (devices_) devices_->wait();
    StepResult result = sums_ ? result_of_ranks() : own_result();
    result.gradient_norm = optimizer_.finish();
    return result;
}

}  // namespace mdn
