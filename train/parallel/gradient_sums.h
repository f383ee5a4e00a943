// Adds the gradients of all ranks while the backward pass goes on.
//
// The backward pass gives the last layers' gradients first. So the parameters, in reverse, are put
// into buckets: when all gradients of a bucket are there, its sum over the ranks starts, and the
// backward pass goes on meanwhile. The first bucket is small, for it should start early. The last
// one to start is what the step waits for.
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <vector>

#include "engine/autograd.h"
#include "engine/communicator.h"
#include "engine/parameters.h"

namespace mdn {

/// Sizes of the buckets in bytes. They decide in which order a library adds, and so the last bits.
struct BucketSizes {
    int64_t first = 1 << 20, others = 8 << 20;
};

class GradientSums {
  public:
    /// Of the trained parameters of a store, which are f32. Both must outlive this. Where the
    /// parameters' devices are joined, nothing comes to the host, and during() may be recorded.
    GradientSums(const ParameterStore& parameters, Communicator& over, const BucketSizes& sizes);
    ~GradientSums();

    /// Call `compute`, a forward and a backward pass, and then replaces the gradients of all
    /// parameters by their sums over the ranks. What has no gradient on any rank keeps none; all
    /// ranks must compute the same ops.
    template <class F>
    void during(F&& compute) {
        begin();
        try {
            const Observing observing(*this);
            compute();
        } catch (const std::exception& error) {
            if (is_under_way()) over_.end_amid_sums(error);
            throw;
        }
        finish();
    }

    int64_t buckets() const { return std::ssize(buckets_); }
    /// Seconds that the host waited the last time, for what the backward pass did not hide.
    double seconds_waited() const { return seconds_waited_; }

  private:
    struct Place {
        Tensor value;  // the parameter
        int64_t bucket, offset;
    };
    struct Bucket {
        Tensor numbers;    // on the host, or on the parameters' device where that is joined
        int64_t left = 0;  // parameters whose gradients are not there yet
        int64_t parameters = 0;
        std::unique_ptr<Communicator::Sum> sum = nullptr;  // under way on the host
    };
    class Observer;
    /// While it lives, the tape tells the observer.
    class Observing {
      public:
        explicit Observing(GradientSums& sums);
        ~Observing();
        Observing(const Observing&) = delete;
        Observing& operator=(const Observing&) = delete;

      private:
        TapeObserver* before_;
    };

    void begin();
    Tensor part_of_bucket(const Place& place) const;
    void take(size_t place);
    void start_ready_buckets();
    void advance();
    bool is_under_way() const;
    void finish();

    Communicator& over_;
    DeviceRanks* devices_;  // null: the host adds
    std::vector<Place> places_;
    std::map<const AutogradMeta*, size_t> by_leaf_;  // → places_
    std::vector<Bucket> buckets_;
    size_t started_ = 0;  // buckets; they start in their order on every rank
    std::unique_ptr<Observer> observer_;
    double seconds_waited_ = 0;
};

}  // namespace mdn
