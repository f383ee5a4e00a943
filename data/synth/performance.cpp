#include "data/synth/performance.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mdn::synth {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kDegree = std::numbers::pi / 180;

/// Actions that repeat; the others move to a place or an angle once and stay there.
bool repeats(Action action) {
    switch (action) {
        case Action::nodding:
        case Action::shaking_head:
        case Action::patting_legs:
        case Action::scratching_legs:
        case Action::rubbing_eyes:
        case Action::shaking_legs:
        case Action::rubbing_hands:
        case Action::waving:
            return true;
        default:
            return false;
    }
}

bool is_on_legs(Action action) {
    return action == Action::touching_legs || action == Action::patting_legs ||
           action == Action::scratching_legs;
}

std::array<bool, 2> draw_sides(Action action, Random& random) {
    if (action == Action::crossing_arms || action == Action::rubbing_hands ||
        action == Action::spread_legs) {
        return {true, true};
    }
    const double both = action == Action::waving ? 0.1 : 0.4;
    if (random.chance(both)) return {true, true};
    const bool left = random.chance(0.5);
    return {!left, left};
}

/// Hands may rest on the thighs in any clip but those of the leg-hand actions: there, arriving at
/// the leg is what tells touching from resting.
Rest draw_rest(Action action, Random& random) {
    const int64_t choice = random.below(is_on_legs(action) ? 2 : 3);
    return choice == 0 ? Rest::lap : choice == 1 ? Rest::side : Rest::thigh;
}

std::array<Sway, 3> draw_sway(double size, Random& random) {
    std::array<Sway, 3> sway;
    for (Sway& axis : sway) {
        axis = {size * random.uniform(0.4, 1.0), random.uniform(0.2, 0.5),
                random.uniform(0, kTurn)};
    }
    return sway;
}

}  // namespace

double Sway::at(double seconds) const {
    const double angle = kTurn * frequency * seconds + phase;
    return size * (0.7 * std::sin(angle) + 0.3 * std::sin(2.3 * angle + 1));
}

double Performance::progress(double seconds) const {
    const double x = std::clamp((seconds - onset) / transfer, 0.0, 1.0);
    return x * x * x * (10 + x * (6 * x - 15));
}

double Performance::oscillation(double seconds) const {
    return std::sin(kTurn * frequency * seconds + phase);
}

Performance draw_performance(Action action, const Subject& subject, int64_t frames, double fps,
                             Random& random) {
    const double duration = static_cast<double>(frames) / fps;
    Performance p;
    p.action = action;
    p.frames = frames;
    p.acts = draw_sides(action, random);
    for (Rest& rest : p.rest) rest = draw_rest(action, random);
    p.transfer = std::min(random.uniform(0.25, 0.42) / subject.speed, 0.5 * duration);
    const bool under_way = repeats(action) && random.chance(0.5);
    p.onset = duration * random.uniform(0.02, repeats(action) ? 0.15 : 0.35);
    if (under_way) p.onset = -p.transfer;
    const double cycles = random.uniform(1.5, 2.4) * subject.speed * duration;
    p.frequency = std::clamp(cycles, 1.75, 3.25) / duration;
    p.phase = random.uniform(0, kTurn);
    p.amplitude = subject.amplitude * random.uniform(0.85, 1.15);
    p.heading = random.chance(0.5) ? 1 : -1;
    p.extent = random.uniform(0, 1);
    p.curl = random.uniform(0, 0.7);
    p.lifts_heel = random.chance(0.4);
    for (Vec3& place : p.place) {
        place = {random.uniform(-0.02, 0.02), random.uniform(-0.02, 0.02),
                 random.uniform(-0.02, 0.02)};
    }
    for (double& along : p.along) along = random.uniform(0, 1);
    const double splay = random.uniform(0, 28) * kDegree;
    for (double& side : p.splay) side = splay + random.uniform(-4, 4) * kDegree;
    if (action == Action::spread_legs) {
        for (double& side : p.splay) side *= 0.3;
    }
    for (Vec3& foot : p.foot) {
        foot = {random.uniform(-0.02, 0.03), 0, random.uniform(-0.10, 0.04)};
    }
    p.gaze = {random.normal(4 * kDegree), random.normal(5 * kDegree), random.normal(3 * kDegree)};
    p.torso_sway = draw_sway(2.5 * kDegree, random);
    p.head_sway = draw_sway(3 * kDegree, random);
    p.hand_sway = draw_sway(0.018, random);
    p.leg_sway = draw_sway(2 * kDegree, random);
    return p;
}

}  // namespace mdn::synth
