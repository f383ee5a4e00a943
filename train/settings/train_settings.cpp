#include "train/settings/train_settings.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "engine/error.h"
#include "engine/nearest_name.h"
#include "train/output/format.h"
#include "train/settings/setting_visitors.h"

namespace mdn {

namespace {

using Json = nlohmann::json;

const Choices<OptimizerKind> optimizers = {{"sgd", OptimizerKind::sgd},
                                           {"adamw", OptimizerKind::adamw}};
const Choices<ScheduleKind> schedules = {{"constant", ScheduleKind::constant},
                                         {"step", ScheduleKind::step},
                                         {"cosine", ScheduleKind::cosine}};
const Choices<Order> samplers = {{"uniform", Order::shuffled}, {"balanced", Order::balanced}};
constexpr int64_t many = 1'000'000'000;

constexpr const char* seed_name = "seed";

struct DeclareAllButSeed : DeclareSetting {
    void integer(const char* name, int64_t& value, int64_t low, int64_t high, const char* help) {
        if (std::string_view(name) != seed_name)
            DeclareSetting::integer(name, value, low, high, help);
    }
};

template <class Settings, class Visitor>
void visit_settings(Settings& s, Visitor&& v) {
    v.integer("epochs", s.epochs, 1, 1'000'000, "passes over the training clips");
    v.integer("batch", s.batch, 1, 4096, "clips per step");
    v.choice("optimizer", s.optimizer, optimizers, "SGD with momentum, or AdamW");
    v.number("lr", s.lr, 0, 1e30, "learning rate after the warm-up");
    v.number("weight-decay", s.weight_decay, 0, 1e6,
             "applies to the weights of convolutions and linear layers");
    v.number("momentum", s.momentum, 0, 1, "momentum of SGD");
    v.number("clip", s.clip, 0, 1e30, "largest L2 norm of all gradients together; 0: no clipping");
    v.choice("schedule", s.schedule, schedules, "how the rate falls after the warm-up");
    v.number("warmup", s.warmup, 0, 1e6, "epochs over which the rate rises linearly");
    v.integers("milestones", s.milestones, 1, 1'000'000,
               "step schedule: epochs after which the rate is multiplied by --gamma");
    v.number("gamma", s.gamma, 0, 1, "step schedule: factor on the rate at each milestone");
    v.number("floor", s.floor, 0, 1e6, "cosine schedule: the rate at the end");
    v.number("backbone-lr", s.backbone_lr, 0, 1e6, "multiple of --lr for the backbone");
    v.number("classifier-lr", s.classifier_lr, 0, 1e6, "multiple of --lr for the classifier");
    v.number("bias-lr", s.bias_lr, 0, 1e6,
             "multiple of --lr for biases, on top of the two above; norms are not biases");
    v.number("label-smoothing", s.label_smoothing, 0, 0.99,
             "part of each training label that is spread over all classes");
    v.boolean(
        "recompute", s.recompute,
        "compute the backbone's convolutions twice instead of keeping them: less memory, more "
        "time, bit-identical results");
    v.boolean("sync-batch-norm", s.sync_batch_norm,
              "with several processes: batch statistics over the clips of all of them");
    v.boolean("mac-gather", s.mac_gather,
              "with several processes: MAC tells apart the clips of all of them");
    v.integer(
        "scale-learning-rate", s.scale_learning_rate, 0, many,
        "multiply --lr by --batch / CLIPS, where it was found good for steps of so many clips; "
        "0: never");
    v.choice("sampler", s.sampler, samplers,
             "every clip once per epoch, or every class equally often");
    v.number("min-crop-scale", s.min_crop_scale, 0, 1,
             "lower limit of MultiScaleCrop's scales 1, .875, .75 and .66");
    v.integer(seed_name, s.seed, 0, INT64_MAX,
              "seed of initialisation, order, augmentation and dropout");
    v.text("val", s.val, "split whose Top-1 decides which epoch is best; none: no validation");
    v.integer("val-every", s.val_every, 1, many, "epochs from one validation to the next");
    visit_reading_settings(s.reading, v);
}

}  // namespace

void TrainSettings::read_json(const std::string& text, const std::string& source) {
    const Json object = Json::parse(text);
    TrainSettings settings = *this;
    visit_settings(settings, ReadJsonSetting{object, source});
    const auto values = settings.to_text();
    std::vector<std::string> known;
    for (const auto& [name, value] : values) known.push_back(name);
    for (const auto& [key, value] : object.items())
        if (!values.contains(key))
            throw Error(source + ": unknown key 'training." + key + "'",
                        did_you_mean(key, known, "known keys: " + comma_separated(known)));
    *this = settings;
}

void TrainSettings::declare(CommandLine& options) {
    visit_settings(*this, DeclareSetting{options});
}

void TrainSettings::declare_without_seed(CommandLine& options) {
    visit_settings(*this, DeclareAllButSeed{{options}});
}

TrainSettings TrainSettings::over_recipe(const std::string& training, const CommandLine& options,
                                         const std::string& source) const {
    if (training.empty()) return *this;
    TrainSettings recipe;
    recipe.read_json(training, source);
    auto settings = recipe.to_text();
    for (const auto& [name, value] : to_text())
        if (options.given(DeclareSetting::flag(name.c_str()))) settings[name] = value;
    return from_text(settings, source);
}

void TrainSettings::refuse_without_effect(const CommandLine& options) const {
    const auto needs = [&](const char* flag, bool holds, const char* why, const char* hint) {
        if (options.given(flag) && !holds)
            throw Error(std::string(flag) + " has no effect: " + why, hint);
    };
    for (const char* flag : {"--milestones", "--gamma"})
        needs(flag, schedule == ScheduleKind::step, "only the step schedule reads it",
              "give --schedule step, or leave it out");
    needs("--floor", schedule == ScheduleKind::cosine, "only the cosine schedule falls to it",
          "give --schedule cosine, or leave it out");
    needs("--momentum", optimizer == OptimizerKind::sgd, "AdamW has no momentum of this kind",
          "give --optimizer sgd, or leave it out");
    needs("--val-every", validates(), "--val none asks for no validation", "leave one of them out");
}

void TrainSettings::refuse_rising_rate() const {
    if (schedule == ScheduleKind::step && milestones.empty())
        throw Error("--schedule step has no --milestones: the rate would never fall",
                    "give the epochs after which it falls, or --schedule constant");
    if (schedule == ScheduleKind::cosine && floor > base_rate())
        throw Error(
            format("the rate would rise from %g to the --floor, which is %g", base_rate(), floor),
            std::string("raise --lr") +
                (scale_learning_rate == 0
                     ? ""
                     : format(" (--scale-learning-rate multiplies it by %lld/%lld)",
                              static_cast<long long>(batch),
                              static_cast<long long>(scale_learning_rate))) +
                ", or lower --floor in a new run");
}

std::map<std::string, std::string> TrainSettings::to_text() const {
    std::map<std::string, std::string> text;
    visit_settings(*this, WriteSetting{text});
    return text;
}

TrainSettings TrainSettings::from_text(const std::map<std::string, std::string>& text,
                                       const std::string& source) {
    TrainSettings settings;
    visit_settings(settings, ReadSetting{text, source});
    return settings;
}

double TrainSettings::base_rate() const {
    if (scale_learning_rate == 0) return lr;
    return lr * static_cast<double>(batch) / static_cast<double>(scale_learning_rate);
}

double TrainSettings::rate_of(const Parameter& parameter) const {
    double rate = 1;
    if (parameter.name.starts_with("backbone.")) rate *= backbone_lr;
    if (parameter.name.starts_with("classifier.")) rate *= classifier_lr;
    if (parameter.role == Role::bias) rate *= bias_lr;
    return rate;
}

std::string TrainSettings::rates_text() const {
    std::ostringstream text;
    const auto add = [&](const char* group, double rate) {
        if (rate != 1) text << (text.tellp() > 0 ? ", " : "") << group << " x" << rate;
    };
    add("backbone", backbone_lr);
    add("classifier", classifier_lr);
    add("biases", bias_lr);
    if (bias_lr != 1 && classifier_lr != 1)
        add("biases of the classifier", bias_lr * classifier_lr);
    return text.str();
}

OptimizerOptions TrainSettings::optimizer_options() const {
    return {.kind = optimizer,
            .weight_decay = weight_decay,
            .momentum = momentum,
            .clip_norm = clip,
            .rate = [settings = *this](const Parameter& p) { return settings.rate_of(p); }};
}

Schedule TrainSettings::schedule_for(int64_t batches_per_epoch) const {
    const auto batches = static_cast<double>(batches_per_epoch);
    Schedule result{.kind = schedule,
                    .base = base_rate(),
                    .total_steps = epochs * batches_per_epoch,
                    .warmup_steps = static_cast<int64_t>(std::round(warmup * batches)),
                    .milestones = {},
                    .gamma = gamma,
                    .floor = floor};
    for (int64_t epoch : milestones) result.milestones.push_back(epoch * batches_per_epoch);
    return result;
}

}  // namespace mdn
