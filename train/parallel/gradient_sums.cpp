#include "train/parallel/gradient_sums.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "engine/slices.h"

namespace mdn {

/// Counts which ops read a leaf: its gradient is there when all of them have given theirs.
class GradientSums::Observer final : public TapeObserver {
  public:
    explicit Observer(GradientSums& sums) : sums_(sums) {}

    void reset() { readers_.assign(sums_.places_.size(), 0); }

    void recorded(const Node& node, const Tensor&, const std::vector<Tensor>&) override {
        sums_.over_.still_working();
        for (const auto& input : node.inputs)
            if (const auto found = sums_.by_leaf_.find(input.get()); found != sums_.by_leaf_.end())
                ++readers_[found->second];
    }
    void gradient(const Node&, const Tensor&) override {
        sums_.over_.still_working();
        sums_.advance();
    }
    void leaf(const AutogradMeta& meta) override {
        const auto found = sums_.by_leaf_.find(&meta);
        if (found == sums_.by_leaf_.end() || --readers_[found->second] > 0) return;
        sums_.take(found->second);
        sums_.start_ready_buckets();
    }

  private:
    GradientSums& sums_;
    std::vector<int64_t> readers_;
};

GradientSums::Observing::Observing(GradientSums& sums) : before_(tape_observer) {
    tape_observer = sums.observer_.get();
}
GradientSums::Observing::~Observing() { tape_observer = before_; }

GradientSums::GradientSums(const ParameterStore& parameters, Communicator& over,
                           const BucketSizes& sizes)
    : over_(over),
      devices_(over.devices(parameters.device())),
      observer_(std::make_unique<Observer>(*this)) {
    if (parameters.dtype() != DType::f32)
        throw std::logic_error("gradients of ranks are added in f32");
    const std::vector<Parameter>& all = parameters.all();
    int64_t filled = 0;  // numbers of the last bucket
    const auto close = [&] {
        buckets_.back().numbers =
            Tensor::empty({filled}, DType::f32, devices_ ? parameters.device() : Device::cpu);
        filled = 0;
    };
    for (auto parameter = all.rbegin(); parameter != all.rend(); ++parameter) {
        if (!parameter->trained()) continue;
        const int64_t limit = buckets() <= 1 ? sizes.first : sizes.others;
        const int64_t count = parameter->value.numel();
        if (buckets_.empty() || (filled + count) * size_of(DType::f32) > limit) {
            if (!buckets_.empty()) close();
            buckets_.emplace_back();
        }
        by_leaf_[autograd_meta(parameter->value).get()] = places_.size();
        places_.push_back({parameter->value, buckets() - 1, filled});
        ++buckets_.back().parameters;
        filled += count;
    }
    close();
}

GradientSums::~GradientSums() = default;

void GradientSums::begin() {
    observer_->reset();
    started_ = 0;
    for (Bucket& bucket : buckets_) {
        bucket.left = bucket.parameters;
        // A parameter without a gradient counts as zeros.
        kernels(bucket.numbers).fill(0, bucket.numbers);
    }
}

/// Where the bucket has the parameter's gradient.
Tensor GradientSums::part_of_bucket(const Place& place) const {
    return buckets_[static_cast<size_t>(place.bucket)]
        .numbers.rows(place.offset, place.value.numel())
        .view(place.value.shape());
}

void GradientSums::take(size_t index) {
    const Place& place = places_[index];
    part_of_bucket(place).copy_from(place.value.grad());
    --buckets_[static_cast<size_t>(place.bucket)].left;
}

void GradientSums::start_ready_buckets() {
    for (; started_ < buckets_.size() && buckets_[started_].left == 0; ++started_) {
        Bucket& bucket = buckets_[started_];
        if (devices_)
            devices_->start_sum(bucket.numbers);
        else
            bucket.sum = over_.start_sum(bucket.numbers.data<float>(), bucket.numbers.numel());
    }
}

void GradientSums::advance() {
    for (size_t i = 0; i < started_; ++i)
        if (buckets_[i].sum) buckets_[i].sum->advance();
}

bool GradientSums::is_under_way() const { return started_ > 0; }

void GradientSums::finish() {
    const Slice slice("wait for gradients");
    const auto begin = std::chrono::steady_clock::now();
    // What has no gradient in this pass holds its bucket back until here.
    for (Bucket& bucket : buckets_) bucket.left = 0;
    start_ready_buckets();
    if (devices_) devices_->finish_sums();
    for (Bucket& bucket : buckets_) {
        if (bucket.sum) bucket.sum->wait();
        bucket.sum = nullptr;
    }
    started_ = 0;
    for (const Place& place : places_) {
        const Tensor gradient = place.value.grad();
        if (gradient.defined()) gradient.copy_from(part_of_bucket(place));
    }
    seconds_waited_ =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace mdn
