// The settings that decide the result of a run, besides data and config. Each is listed once, with
// its option, its range, its explanation, and its place in config files and in checkpoints.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/epoch_order.h"
#include "engine/optim.h"
#include "engine/schedule.h"
#include "model/forward_options.h"
#include "train/settings/command_line.h"
#include "train/settings/reading_settings.h"

namespace mdn {

struct TrainSettings {
    int64_t epochs = 30;
    int64_t batch = 16;  // clips
    OptimizerKind optimizer = OptimizerKind::adamw;
    double lr = 1e-3;
    double weight_decay = 0.05;
    double momentum = 0.9;
    double clip = 20;
    ScheduleKind schedule = ScheduleKind::cosine;
    double warmup = 1;                // epochs
    std::vector<int64_t> milestones;  // epochs
    double gamma = 0.1;
    double floor = 0;
    double backbone_lr = 1;  // multiples of lr: see rate_of()
    double classifier_lr = 1;
    double bias_lr = 1;
    double label_smoothing = 0;  // of the cross-entropy that is trained on
    bool recompute = false;      // the convolutions, for less memory: the result is the same
    /// Of several processes that train together: whether they share what one process has of itself.
    bool sync_batch_norm = false, mac_gather = false;
    int64_t scale_learning_rate = 0;  // the clips per step that lr is for; 0: whatever they are
    Order sampler = Order::shuffled;
    double min_crop_scale = 0.66;
    int64_t seed = 0;
    std::string val = "val";  // "none": no validation
    int64_t val_every = 1;    // epochs
    ReadingSettings reading;

    void declare(CommandLine& options);
    /// All but the seed, for a command that trains with several.
    void declare_without_seed(CommandLine& options);
    /// Under the options' names without the dashes; doubles exactly.
    std::map<std::string, std::string> to_text() const;
    /// What is missing keeps its default (a checkpoint may be older than a setting). Throws Error
    /// naming what is not a number or out of range.
    static TrainSettings from_text(const std::map<std::string, std::string>& text,
                                   const std::string& source);

    /// Takes the settings that a JSON object names (a config's `training`), under the options'
    /// names without the dashes, and leaves the others. Throws Error with `source` and the key for
    /// unknown keys, wrong types and values out of range.
    void read_json(const std::string& object, const std::string& source);

    /// These settings where the user gave the option, and those of a config's `training` elsewhere;
    /// an empty one names none. Throws as read_json does.
    TrainSettings over_recipe(const std::string& training, const CommandLine& options,
                              const std::string& source) const;

    /// Throws Error naming an option that the user gave and that has no effect beside the other
    /// settings.
    void refuse_without_effect(const CommandLine& options) const;
    /// Throws Error if the learning rate would rise after the warm-up, or never fall although the
    /// schedule is one of steps.
    void refuse_rising_rate() const;

    Recompute what_is_recomputed() const {
        return recompute ? Recompute::convolutions : Recompute::outputs;
    }
    /// Whether the setting of this name decides what a run computes, and not only how.
    static bool decides_result(const std::string& name) { return name != "recompute"; }

    bool validates() const { return val != "none"; }
    /// By how much a parameter's learning rate is multiplied: backbone_lr in the backbone,
    /// classifier_lr in the classifier, and bias_lr for the biases of convolutions and linear
    /// layers. (5, with biases at 2, is TSM's fc_lr5: 5 for the new layer's weight, 10 for its
    /// bias.)
    double rate_of(const Parameter& parameter) const;
    /// lr, or by linear scaling lr·batch/scale_learning_rate.
    double base_rate() const;
    /// "backbone x0.1, classifier x5"; empty where every parameter is trained at the same rate.
    std::string rates_text() const;
    OptimizerOptions optimizer_options() const;
    Schedule schedule_for(int64_t batches_per_epoch) const;
};

}  // namespace mdn
