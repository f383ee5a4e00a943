// What is performed in a clip: one micro-action, once, in one of its many ways.
#pragma once

#include <array>
#include <string_view>

#include "data/synth/subject.h"

namespace mdn::synth {

/// In the order of labels.txt.
enum class Action {
    nodding,
    bowing_head,
    head_up,
    shaking_head,
    turning_head,
    touching_legs,
    patting_legs,
    scratching_legs,
    covering_face,
    rubbing_eyes,
    shaking_legs,
    spread_legs,
    crossing_arms,
    rubbing_hands,
    waving,
    stretching_arms,
};

struct ActionName {
    std::string_view name;        ///< as MA-52 spells it
    std::string_view body_level;  ///< its body-level class in MA-52
};

inline constexpr std::array<ActionName, 16> kActions = {{
    {"nodding", "head"},
    {"bowing head", "head"},
    {"head up", "head"},
    {"shaking head", "head"},
    {"turning head", "head"},
    {"touching legs", "leg-hand"},
    {"patting legs", "leg-hand"},
    {"scratching legs", "leg-hand"},
    {"covering face", "head-hand"},
    {"rubbing eyes", "head-hand"},
    {"shaking legs", "lower limb"},
    {"spread legs", "lower limb"},
    {"crossing arms", "body-hand"},
    {"rubbing hands", "upper limb"},
    {"waving", "upper limb"},
    {"stretching arms", "upper limb"},
}};

/// Where a hand is when it has nothing to do.
enum class Rest { lap, thigh, side };

/// A slow, never quite periodic wandering around 0.
struct Sway {
    double size = 0, frequency = 0, phase = 0;
    double at(double seconds) const;
};

/// Arrays of two are indexed by side: 0 the right limb (left in the picture), 1 the left limb.
struct Performance {
    Action action;
    int64_t frames;
    std::array<bool, 2> acts;  ///< which hands or legs perform the action
    std::array<Rest, 2> rest;
    double onset;      ///< seconds; below 0 the limb is in place when the clip starts
    double transfer;   ///< seconds from rest to the action's place or angle
    double frequency;  ///< Hz, of what repeats
    double phase;
    double amplitude;                ///< factor on how far
    double heading;                  ///< -1 or 1: towards which side the head turns
    double extent;                   ///< 0..1: where in its range a held angle lies
    double curl;                     ///< of the fingers, 0 straight to 1 fist
    bool lifts_heel;                 ///< shaking legs: the heel bounces too
    std::array<Vec3, 2> place;       ///< offsets of the hands' targets
    std::array<double, 2> along;     ///< 0..1: where along the thigh
    std::array<double, 2> splay;     ///< of the knees, radians
    std::array<Vec3, 2> foot;        ///< offsets of the ankles
    Vec3 gaze;                       ///< pitch, yaw and roll of the head when idle
    std::array<Sway, 3> torso_sway;  ///< pitch, yaw, roll
    std::array<Sway, 3> head_sway;
    std::array<Sway, 3> hand_sway;  ///< x, y, z
    std::array<Sway, 3> leg_sway;   ///< right knee, left knee, both to one side

    /// 0 before the onset, 1 when the action's place is reached, smooth between (minimum jerk).
    double progress(double seconds) const;
    /// -1..1.
    double oscillation(double seconds) const;
};

/// One performance of `action`, `frames` long. What repeats does so 1.75 to 3.25 times in a clip,
/// fast enough to be told from a movement made once and slow enough to survive sampling 8 frames.
Performance draw_performance(Action action, const Subject& subject, int64_t frames, double fps,
                             Random& random);

}  // namespace mdn::synth
