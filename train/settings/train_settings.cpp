#include "train/settings/train_settings.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/error.h"
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

template <class Settings, class Visitor>
void visit_settings(Settings& s, Visitor&& v) {
    v.integer("epochs", s.epochs, 1, 1'000'000, "passes over the training clips");
    v.integer("batch", s.batch, 1, 4096, "clips per step");
    v.choice("optimizer", s.optimizer, optimizers, "SGD with momentum, or AdamW");
    v.number("lr", s.lr, 0, 1e30, "learning rate after the warm-up");
    v.number("weight-decay", s.weight_decay, 0, 1e6,
             "of the weights of convolutions and linear layers");
    v.number("momentum", s.momentum, 0, 1, "of SGD; AdamW ignores it");
    v.number("clip", s.clip, 0, 1e30, "largest L2 norm of all gradients together; 0: no clipping");
    v.choice("schedule", s.schedule, schedules, "how the rate falls after the warm-up");
    v.number("warmup", s.warmup, 0, 1e6, "epochs over which the rate rises linearly");
    v.integers("milestones", s.milestones, 1, 1'000'000,
               "of the step schedule: epochs after which the rate is multiplied by --gamma");
    v.number("gamma", s.gamma, 0, 1, "of the step schedule");
    v.number("floor", s.floor, 0, 1e6, "of the cosine schedule: the last rate");
    v.number("backbone-lr", s.backbone_lr, 0, 1e6, "multiple of --lr for the backbone");
    v.number("classifier-lr", s.classifier_lr, 0, 1e6, "multiple of --lr for the classifier");
    v.number("bias-lr", s.bias_lr, 0, 1e6,
             "multiple of --lr for biases, on top of the two above; norms are not biases");
    v.number("label-smoothing", s.label_smoothing, 0, 0.99,
             "part of each training label that is spread over all classes");
    v.choice("sampler", s.sampler, samplers,
             "every clip once an epoch, or every class equally often");
    v.number("min-crop-scale", s.min_crop_scale, 0, 1,
             "of MultiScaleCrop's scales 1, .875, .75 and .66 those below this are not used");
    v.integer("seed", s.seed, 0, INT64_MAX, "of initialisation, order, augmentation and dropout");
    v.text("val", s.val, "split that `best` is chosen by; none: no validation");
    v.integer("val-every", s.val_every, 1, many, "epochs from one validation to the next");
    visit_keypoint_settings(s.keypoints, v);
}

/// Overwrites what a JSON object holds and leaves the rest.
struct ReadJson {
    const Json& object;
    const std::string& source;

    const Json* find(const char* name) const {
        const auto found = object.find(name);
        return found == object.end() ? nullptr : &*found;
    }
    [[noreturn]] void fail(const std::string& name, const std::string& message) const {
        throw Error(source + ": training." + name + " must be " + message);
    }
    int64_t integer_of(const Json& json, const std::string& name, int64_t low, int64_t high) const {
        if (!json.is_number_integer())
            fail(name, std::string("an integer, not ") +
                           (json.is_number() ? json.dump() : json.type_name()));
        // Beyond int64 are only unsigned numbers, all of them too large.
        const bool huge =
            json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
        if (huge || json.get<int64_t>() < low || json.get<int64_t>() > high)
            fail(name, "from " + std::to_string(low) + " to " + std::to_string(high) + ", not " +
                           json.dump());
        return json.get<int64_t>();
    }

    void integer(const char* name, int64_t& value, int64_t low, int64_t high, const char*) const {
        if (const Json* json = find(name)) value = integer_of(*json, name, low, high);
    }
    void number(const char* name, double& value, double low, double high, const char*) const {
        const Json* json = find(name);
        if (!json) return;
        if (!json->is_number()) fail(name, std::string("a number, not ") + json->type_name());
        value = json->get<double>();
        if (value >= low && value <= high) return;
        std::ostringstream text;
        text << "from " << low << " to " << high << ", not " << json->dump();
        fail(name, text.str());
    }
    void integers(const char* name, std::vector<int64_t>& values, int64_t low, int64_t high,
                  const char*) const {
        const Json* json = find(name);
        if (!json) return;
        if (!json->is_array())
            fail(name, std::string("a list of integers, not ") + json->type_name());
        values.clear();
        for (const Json& item : *json) {
            std::string place = name;
            place.append("[").append(std::to_string(values.size())).append("]");
            values.push_back(integer_of(item, place, low, high));
        }
    }
    void text(const char* name, std::string& value, const char*, const char* = "") const {
        const Json* json = find(name);
        if (!json) return;
        if (!json->is_string()) fail(name, std::string("a name, not ") + json->type_name());
        value = json->get<std::string>();
    }
    template <class T>
    void choice(const char* name, T& value, const Choices<T>& choices, const char*) const {
        const Json* json = find(name);
        if (!json) return;
        std::string names;
        for (const auto& [choice, meaning] : choices) {
            if (*json == choice) {
                value = meaning;
                return;
            }
            names.append(names.empty() ? "" : ", ").append(choice);
        }
        fail(name, "one of " + names + ", not " + json->dump());
    }
};

}  // namespace

void TrainSettings::read_json(const std::string& text, const std::string& source) {
    const Json object = Json::parse(text);
    TrainSettings settings = *this;
    visit_settings(settings, ReadJson{object, source});
    const auto values = settings.to_text();
    std::string known;
    for (const auto& [name, value] : values) known.append(known.empty() ? "" : ", ").append(name);
    for (const auto& [key, value] : object.items())
        if (!values.contains(key))
            throw Error(source + ": unknown key 'training." + key + "'", "known keys: " + known);
    *this = settings;
}

void TrainSettings::declare(CommandLine& options) { visit_settings(*this, DeclareSetting{options}); }

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
                    .base = lr,
                    .total_steps = epochs * batches_per_epoch,
                    .warmup_steps = static_cast<int64_t>(std::round(warmup * batches)),
                    .milestones = {},
                    .gamma = gamma,
                    .floor = floor};
    for (int64_t epoch : milestones) result.milestones.push_back(epoch * batches_per_epoch);
    return result;
}

}  // namespace mdn
