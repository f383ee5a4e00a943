#include "engine/optim.h"

#include <cmath>
#include <map>

namespace mdn {

namespace {

constexpr const char* steps_name = "optimizer.steps";

/// Throws Error unless the number, which `what` says, is finite and not negative.
double checked(double number, const std::string& what) {
    if (std::isfinite(number) && number >= 0) return number;
    throw Error(what + " " + std::to_string(number) + ", expected a number that is 0 or more");
}

double rate_of(const Parameter& parameter, const OptimizerOptions& options) {
    return checked(options.rate ? options.rate(parameter) : 1,
                   "the learning rate of " + parameter.name + " is multiplied by");
}

}  // namespace

Optimizer::Optimizer(const ParameterStore& parameters, const OptimizerOptions& options)
    : options_(options),
      schedule_(Tensor::zeros({2}, DType::f64, parameters.device())),
      norm_(Tensor::zeros({1}, DType::f64, parameters.device())) {
    checked(options.weight_decay, "the weight decay is");
    checked(options.momentum, "the momentum is");
    checked(options.clip_norm, "the largest norm of the gradients is");
    for (const Parameter& parameter : parameters.all()) {
        if (!parameter.trained()) continue;
        ParameterSlot slot;
        slot.value = parameter.value;
        slot.momentum = zeros_like(parameter.value);
        if (options.kind == OptimizerKind::adamw) slot.second_moment = zeros_like(parameter.value);
        slot.weight_decay = parameter.decays() ? options.weight_decay : 0;
        slot.rate = rate_of(parameter, options);
        names_.push_back(parameter.name);
        table_.slots.push_back(std::move(slot));
    }
    if (options.kind == OptimizerKind::adamw)
        table_.steps = Tensor::zeros({std::ssize(table_.slots)}, DType::i64, parameters.device());
    kernels(schedule_).update_table(table_);
}

double Optimizer::step(double learning_rate) {
    schedule_.copy_from(schedule_for(learning_rate));
    update();
    return finish();
}

Tensor Optimizer::schedule_for(double learning_rate) {
    return Tensor::from<double>({checked(learning_rate, "the learning rate is"), 1}, {2});
}

void Optimizer::update() {
    static const ModuleName module = module_name("optimizer");
    const ModuleScope in(module);
    Kernels& device = kernels(schedule_);
    for (ParameterSlot& slot : table_.slots) slot.grad = slot.value.grad();
    device.update_table(table_);
    device.global_norm(table_, norm_);
    device.clip_factor(norm_, options_.clip_norm, schedule_);
    if (options_.kind == OptimizerKind::sgd)
        device.sgd_step(table_, {.momentum = options_.momentum}, schedule_);
    else
        device.adamw_step(table_, {}, schedule_);
    // Whoever holds a gradient keeps its memory from being used again.
    for (ParameterSlot& slot : table_.slots) slot.grad = {};
}

double Optimizer::finish() {
    const double norm = norm_.item();
    if (std::isfinite(norm)) {
        ++steps_;
        return norm;
    }
    throw NonFinite("the gradient of " + first_not_finite() + " is not finite after " +
                        std::to_string(steps_) + " updates",
                    "lower the learning rate or clip the gradients");
}

void Optimizer::check_counts(const std::vector<int64_t>& counts, int64_t steps) const {
    for (size_t i = 0; i < counts.size(); ++i)
        if (counts[i] < 0 || counts[i] > steps)
            throw Error(std::string(steps_name) + " counts " + std::to_string(counts[i]) +
                        " updates of " + names_[i] + ", of " + std::to_string(steps) + " in all");
}

std::string Optimizer::first_not_finite() const {
    Kernels& device = kernels(schedule_);
    Tensor norm = empty_like(norm_);
    for (size_t i = 0; i < names_.size(); ++i) {
        const Tensor& value = table_.slots[i].value;
        if (!value.grad().defined()) continue;
        ParameterTable alone{.slots = {{.value = value, .grad = value.grad()}}};
        device.update_table(alone);
        device.global_norm(alone, norm);
        if (!std::isfinite(norm.item())) return names_[i];
    }
    return "all parameters together";
}

std::vector<std::pair<std::string, Tensor>> Optimizer::state() const {
    std::vector<std::pair<std::string, Tensor>> state;
    for (size_t i = 0; i < names_.size(); ++i) {
        state.emplace_back("optimizer.momentum." + names_[i], table_.slots[i].momentum);
        if (table_.slots[i].second_moment.defined())
            state.emplace_back("optimizer.second_moment." + names_[i],
                               table_.slots[i].second_moment);
    }
    if (table_.steps.defined()) state.emplace_back(steps_name, table_.steps);
    return state;
}

void Optimizer::load_state(const std::vector<std::pair<std::string, Tensor>>& state,
                           int64_t steps) {
    std::map<std::string, Tensor> stored(state.begin(), state.end());
    if (table_.steps.defined() && !stored.contains(steps_name))
        stored[steps_name] =
            Tensor::full(table_.steps.shape(), static_cast<double>(steps), DType::i64);
    const auto own = this->state();
    // All of it is checked before any of it is changed.
    for (const auto& [name, tensor] : own) {
        const auto found = stored.find(name);
        if (found == stored.end())
            throw Error("the optimizer's state lacks " + name,
                        "resume with the optimizer the checkpoint was written with");
        const Tensor& given = found->second;
        if (given.shape() != tensor.shape() || given.dtype() != tensor.dtype())
            throw Error(name + " is " + to_string(given.dtype()) + to_string(given.shape()) +
                        ", expected " + to_string(tensor.dtype()) + to_string(tensor.shape()));
    }
    if (stored.size() > own.size()) {
        for (const auto& entry : own) stored.erase(entry.first);
        throw Error("the optimizer has no state named " + stored.begin()->first,
                    "resume with the optimizer the checkpoint was written with");
    }
    if (table_.steps.defined()) check_counts(stored.at(steps_name).to_vector<int64_t>(), steps);
    for (const auto& [name, tensor] : own) tensor.copy_from(stored.at(name));
    steps_ = steps;
}

}  // namespace mdn
