// SGD and AdamW as PyTorch defines them (SPEC §9), with gradient clipping.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/kernels.h"
#include "engine/parameters.h"

namespace mdn {

enum class OptimizerKind { sgd, adamw };

struct OptimizerOptions {
    OptimizerKind kind = OptimizerKind::adamw;
    double weight_decay = 0.05;  // on Role::weight only
    double momentum = 0.9;       // SGD only
    double clip_norm = 0;        // largest L2 norm of all gradients together; 0: no clipping
    /// What multiplies the learning rate of a parameter, asked once for each: groups of parameters
    /// with rates of their own. 0 leaves a parameter as it is; undefined, all have the same rate.
    std::function<double(const Parameter&)> rate = nullptr;
};

/// Updates every trained parameter of a store. Its state is allocated at construction.
class Optimizer {
  public:
    /// Throws Error naming the option, or the parameter's rate, that is negative or not finite.
    Optimizer(const ParameterStore& parameters, const OptimizerOptions& options);

    /// One update with the gradients now held by the parameters. A parameter without one is
    /// skipped: its value, its state and, as in PyTorch, the count of updates that AdamW corrects
    /// its moments by. Returns the gradients' L2 norm before clipping. Throws NonFinite, and
    /// changes nothing, if that norm is not finite.
    double step(double learning_rate);
    /// The parts of step(), for callers that keep the device busy. schedule_for() are the numbers
    /// of the next update, f64 [2] on the host, to be brought into schedule(), which the kernels
    /// read. It throws Error for a learning rate that is negative or not finite. update() starts
    /// them and waits for nothing, so that it can be recorded and replayed. finish() waits for the
    /// norm and returns it, or throws, as step() does.
    static Tensor schedule_for(double learning_rate);
    const Tensor& schedule() const { return schedule_; }
    void update();
    double finish();
    /// Updates made so far.
    int64_t steps() const { return steps_; }

    /// The state under the parameters' names ("optimizer.momentum.<name>", ...), and for AdamW the
    /// count of each parameter's updates ("optimizer.steps", i64, in the order of the parameters):
    /// to be saved with steps() and given back to load_state().
    std::vector<std::pair<std::string, Tensor>> state() const;
    /// Throws Error naming the first tensor that is missing, has another shape or counts other
    /// updates than 0 to `steps`. A state without counts, as it was saved once, takes `steps` for
    /// each.
    void load_state(const std::vector<std::pair<std::string, Tensor>>& state, int64_t steps);

  private:
    std::string first_not_finite() const;
    void check_counts(const std::vector<int64_t>& counts, int64_t steps) const;

    OptimizerOptions options_;
    std::vector<std::string> names_;
    ParameterTable table_;  // holds gradients during update() only
    Tensor schedule_;       // what the kernels read: see Kernels::sgd_step
    Tensor norm_;
    int64_t steps_ = 0;
};

/// A loss or gradient that is not a number or infinite: training cannot go on.
class NonFinite : public Error {
  public:
    using Error::Error;
};

}  // namespace mdn
