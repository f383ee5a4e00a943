#include "data/synth/pose.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "data/synth/drawing.h"

using namespace mdn::synth;

namespace {

constexpr double kFps = 30;
constexpr int64_t kSize = 128;

struct Take {
    Subject subject;
    Performance performance;

    Figure at(int64_t frame) const {
        return pose_at(subject, performance, static_cast<double>(frame) / kFps);
    }
};

/// `count` performances of an action by as many people.
std::vector<Take> takes(Action action, int64_t count, int64_t frames = 40) {
    std::vector<Take> result;
    for (int64_t i = 0; i < count; ++i) {
        const Subject subject = draw_subject(3, i);
        Random random(5, 9, static_cast<uint64_t>(i));
        result.push_back({subject, draw_performance(action, subject, frames, kFps, random)});
    }
    return result;
}

/// What the acting hand does once it is in place: where it is on average, relative to the middle
/// of the hips, and how fast, in metres and metres a second.
struct HandUse {
    double x = 0, y = 0, speed = 0;
};

HandUse hand_use(Action action) {
    HandUse use;
    const int64_t people = 40, first = 30, last = 40;
    for (const Take& take : takes(action, people)) {
        const int side = take.performance.acts[0] ? 0 : 1;
        for (int64_t frame = first; frame < last; ++frame) {
            const Figure now = take.at(frame), next = take.at(frame + 1);
            const Vec3 hand = now.joint[kWrist[side]] - now.joint[kMidHip];
            use.x += side_sign(side) * hand.x;
            use.y += hand.y;
            use.speed += kFps * length(next.joint[kWrist[side]] - now.joint[kWrist[side]]);
        }
    }
    const double count = static_cast<double>(people * (last - first));
    return {use.x / count, use.y / count, use.speed / count};
}

double gap(const HandUse& a, const HandUse& b) { return std::hypot(a.x - b.x, a.y - b.y); }

/// Range of a coordinate of the nose relative to the neck over all frames of many clips.
struct Range {
    double low = 1e9, high = -1e9;
    void add(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    double width() const { return high - low; }
};

Range nose_range(Action action, double Vec3::*coordinate) {
    Range range;
    for (const Take& take : takes(action, 30)) {
        for (int64_t frame = 0; frame < 40; ++frame) {
            const Figure figure = take.at(frame);
            range.add((figure.joint[kNose] - figure.joint[kNeck]).*coordinate);
        }
    }
    return range;
}

/// How often the nose turns round on its way, beyond the idle sway, on average over clips.
double reversals(Action action, double Vec3::*coordinate) {
    double count = 0;
    for (const Take& take : takes(action, 30)) {
        double extreme = 0, direction = 0;
        for (int64_t frame = 0; frame < 40; ++frame) {
            const Figure figure = take.at(frame);
            const double place = (figure.joint[kNose] - figure.joint[kNeck]).*coordinate;
            if (frame == 0) extreme = place;
            const double moved = place - extreme;
            if (direction != 0 && moved * direction > 0) extreme = place;
            if (std::abs(moved) > 0.025 && moved * direction <= 0) {
                count += direction != 0;
                direction = moved > 0 ? 1 : -1;
                extreme = place;
            }
        }
    }
    return count / 30;
}

}  // namespace

TEST_SUITE("data/synth/pose") {
    TEST_CASE("every joint lies on the drawn figure and every palm is skin") {
        for (size_t action = 0; action < kActions.size(); ++action) {
            CAPTURE(kActions[action].name);
            for (Take take : takes(static_cast<Action>(action), 6)) {
                // Skin is the only red; the room is green, cloth and all else have neither.
                take.subject.look = {.skin = {200, 0, 0},
                                     .hair = {0, 0, 90},
                                     .shirt = {0, 0, 200},
                                     .stripes = {0, 0, 120},
                                     .trousers = {0, 0, 160},
                                     .shoes = {0, 0, 100},
                                     .long_sleeves = true,
                                     .long_hair = false,
                                     .striped = true};
                take.subject.seat.colour = {0, 255, 0};
                for (const int64_t frame : {0, 13, 26, 39}) {
                    Canvas canvas(kSize, 0.2f);
                    for (size_t i = 1; i < canvas.pixels().size(); i += 3) {
                        canvas.pixels()[i] = 250;
                    }
                    const Camera camera = camera_of(take.subject, kSize);
                    const Figure figure = take.at(frame);
                    draw_figure(canvas, camera, take.subject, figure);
                    const auto pixel = [&](Vec3 p) {
                        const Vec3 seen = camera.project(p);
                        const int64_t x = static_cast<int64_t>(seen.x);
                        const int64_t y = static_cast<int64_t>(seen.y);
                        const bool inside = seen.x >= 0 && seen.y >= 0 && x < kSize && y < kSize;
                        return inside ? &canvas.pixels()[(y * kSize + x) * 3] : nullptr;
                    };
                    for (int joint = 0; joint < kJoints; ++joint) {
                        CAPTURE(joint);
                        const float* seen = pixel(figure.joint[joint]);
                        if (joint == kREye && !eye_is_visible(figure, 0)) continue;
                        if (joint == kLEye && !eye_is_visible(figure, 1)) continue;
                        const bool toe = joint >= kLBigToe;  // under the shoe's edge
                        // The white of an eye is grey, an outline's pixel partly green.
                        if (seen && !toe) CHECK(seen[1] < seen[0] + seen[2]);
                    }
                    if (static_cast<Action>(action) == Action::crossing_arms) continue;
                    for (int side = 0; side < 2; ++side) {
                        const Vec3 palm = figure.joint[kWrist[side]] +
                                          kPalm * take.subject.build.hand * figure.hand[side];
                        const float* seen = pixel(palm);
                        if (seen) CHECK(seen[0] > seen[2]);
                    }
                }
            }
        }
    }

    TEST_CASE("bones keep their lengths and left stays left") {
        for (size_t action = 0; action < kActions.size(); ++action) {
            for (const Take& take : takes(static_cast<Action>(action), 4)) {
                const Build& build = take.subject.build;
                for (int64_t frame = 0; frame < 40; frame += 3) {
                    const Figure f = take.at(frame);
                    for (int side = 0; side < 2; ++side) {
                        const auto bone = [&](Joint a, Joint b) {
                            return doctest::Approx(length(f.joint[a] - f.joint[b])).epsilon(1e-6);
                        };
                        CHECK(build.upper_arm == bone(kShoulder[side], kElbow[side]));
                        CHECK(build.forearm == bone(kElbow[side], kWrist[side]));
                        CHECK(build.thigh == bone(kHip[side], kKnee[side]));
                        CHECK(build.shin == bone(kKnee[side], kAnkle[side]));
                    }
                    // The figure faces the camera: its left is the picture's right.
                    CHECK(f.joint[kLShoulder].x > f.joint[kRShoulder].x);
                    CHECK(f.joint[kLKnee].x > f.joint[kRKnee].x);
                    CHECK(f.joint[kLEye].x > f.joint[kREye].x);
                    CHECK(f.joint[kLAnkle].x > f.joint[kRAnkle].x);
                }
            }
        }
    }

    TEST_CASE("some actions differ only in how the hand moves, some only in where") {
        const HandUse touching = hand_use(Action::touching_legs);
        const HandUse patting = hand_use(Action::patting_legs);
        const HandUse scratching = hand_use(Action::scratching_legs);
        const HandUse covering = hand_use(Action::covering_face);
        const HandUse rubbing_eyes = hand_use(Action::rubbing_eyes);
        const HandUse rubbing_hands = hand_use(Action::rubbing_hands);
        // The same place, another motion.
        CHECK(gap(touching, scratching) < 0.03);
        CHECK(gap(touching, patting) < 0.09);  // a pat lifts the hand off the leg
        CHECK(gap(covering, rubbing_eyes) < 0.03);
        CHECK(patting.speed > 3 * touching.speed);
        CHECK(scratching.speed > 3 * touching.speed);
        CHECK(rubbing_eyes.speed > 3 * covering.speed);
        // The same motion, another place.
        for (const HandUse& one : {scratching, rubbing_eyes, rubbing_hands}) {
            for (const HandUse& other : {scratching, rubbing_eyes, rubbing_hands}) {
                CHECK(one.speed < 2 * other.speed);
            }
        }
        CHECK(gap(touching, covering) > 0.3);
        CHECK(gap(scratching, rubbing_eyes) > 0.3);
        CHECK(gap(scratching, rubbing_hands) > 0.12);
        CHECK(gap(rubbing_hands, rubbing_eyes) > 0.25);
        CHECK(touching.speed < 2 * covering.speed);
        CHECK(covering.speed < 2 * touching.speed);
    }

    TEST_CASE("heads pass through the same places on different ways") {
        const Range nodding = nose_range(Action::nodding, &Vec3::y);
        const Range bowing = nose_range(Action::bowing_head, &Vec3::y);
        const Range up = nose_range(Action::head_up, &Vec3::y);
        const Range overlap_down{std::max(nodding.low, bowing.low),
                                 std::min(nodding.high, bowing.high)};
        const Range overlap_up{std::max(nodding.low, up.low), std::min(nodding.high, up.high)};
        CHECK(overlap_down.width() > 0.5 * bowing.width());
        CHECK(overlap_up.width() > 0.5 * up.width());
        CHECK(nose_range(Action::nodding, &Vec3::y).width() > 0.06);
        CHECK(nose_range(Action::shaking_head, &Vec3::x).width() > 0.06);

        CHECK(reversals(Action::nodding, &Vec3::y) > 2);
        CHECK(reversals(Action::bowing_head, &Vec3::y) < 0.5);
        CHECK(reversals(Action::head_up, &Vec3::y) < 0.5);
        CHECK(reversals(Action::shaking_head, &Vec3::x) > 2);
        CHECK(reversals(Action::turning_head, &Vec3::x) < 0.5);
    }
}
