#include "data/synth/pose.h"

#include <cmath>
#include <numbers>

namespace mdn::synth {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

/// Where a palm is wanted, along which direction the hand points and where the elbow goes.
struct HandGoal {
    Vec3 palm, direction, pole;
};

/// Poses the figure from the ground up: legs, torso, head, and last the arms, whose goals are
/// places on the rest of the body.
class Poser {
  public:
    Poser(const Subject& subject, const Performance& performance, double seconds)
        : subject_(subject),
          build_(subject.build),
          p_(performance),
          seconds_(seconds),
          progress_(performance.progress(seconds)),
          swing_(performance.amplitude * performance.oscillation(seconds)) {}

    Figure pose() {
        pose_torso();
        for (int side = 0; side < 2; ++side) pose_leg(side);
        pose_head();
        for (int side = 0; side < 2; ++side) pose_arm(side);
        figure_.curl = p_.curl;
        return figure_;
    }

  private:
    Vec3& at(Joint joint) { return figure_.joint[joint]; }
    bool performs(Action action) const { return p_.action == action; }

    /// An angle in degrees within a range, by the performance's extent and amplitude.
    double held_angle(double low, double high) const {
        return p_.amplitude * lerp(low, high, p_.extent) * kDegree;
    }

    void pose_torso() {
        figure_.torso = yaw(p_.torso_sway[1].at(seconds_)) * roll(p_.torso_sway[2].at(seconds_)) *
                        pitch(p_.torso_sway[0].at(seconds_));
        at(kMidHip) = {0, subject_.seat.height + 0.09 * build_.girth, 0};
        at(kNeck) = at(kMidHip) + figure_.torso * Vec3{0, build_.torso, 0.02};
        for (int side = 0; side < 2; ++side) {
            const double s = side_sign(side);
            at(kShoulder[side]) = at(kNeck) + figure_.torso * Vec3{s * build_.shoulders, -0.045, 0};
            at(kHip[side]) = at(kMidHip) + Vec3{s * build_.hips, 0, 0.02};
        }
    }

    void pose_leg(int side) {
        const double s = side_sign(side);
        double splay =
            p_.splay[side] + p_.leg_sway[side].at(seconds_) + s * p_.leg_sway[2].at(seconds_);
        Vec3 ankle = {s * (build_.hips + 0.03), 0.085, 0.88 * build_.thigh};
        ankle = ankle + Vec3{s * p_.foot[side].x, 0, p_.foot[side].z};
        if (performs(Action::shaking_legs) && p_.acts[side]) {
            splay += progress_ * 16 * kDegree * swing_;
            if (p_.lifts_heel) ankle.y += progress_ * 0.025 * (1 + swing_);
        }
        if (performs(Action::spread_legs)) {
            splay += progress_ * held_angle(22, 34);
            ankle.x += s * progress_ * 0.09 * p_.amplitude;
        }
        const Vec3 pole = {s * std::sin(splay), 0.65 * std::cos(splay), 0.76 * std::cos(splay)};
        const TwoBones leg = reach(at(kHip[side]), ankle, build_.thigh, build_.shin, pole);
        at(kKnee[side]) = leg.middle;
        at(kAnkle[side]) = leg.end;
        const Rotation foot = yaw(s * (6 * kDegree + 0.5 * splay));
        const double lift = leg.end.y - 0.085;  // on tiptoe the ankle rises and the toes stay
        at(kHeel[side]) = leg.end + foot * Vec3{0, -0.055, -0.045};
        at(kBigToe[side]) = leg.end + foot * Vec3{-s * 0.025, -0.06 - lift, 0.15};
        at(kSmallToe[side]) = leg.end + foot * Vec3{s * 0.035, -0.06 - lift, 0.12};
    }

    void pose_head() {
        double down = p_.gaze.x + p_.head_sway[0].at(seconds_);
        double turn = p_.gaze.y + p_.head_sway[1].at(seconds_);
        const double tilt = p_.gaze.z + p_.head_sway[2].at(seconds_);
        switch (p_.action) {
            case Action::nodding:
                down += progress_ * kDegree * (22 * swing_ + 3);
                break;
            case Action::bowing_head:
                down += progress_ * held_angle(26, 34);
                break;
            case Action::head_up:
                down -= progress_ * held_angle(20, 28);
                break;
            case Action::shaking_head:
                turn += progress_ * kDegree * 34 * swing_;
                break;
            case Action::turning_head:
                turn += progress_ * p_.heading * held_angle(28, 42);
                break;
            default:
                break;
        }
        // The neck bends by a part of the angle and the skull, on top of it, by the whole.
        figure_.head = figure_.torso * yaw(turn) * pitch(down) * roll(tilt);
        const Vec3 skull_base =
            at(kNeck) + figure_.torso * (pitch(0.45 * down) * Vec3{0, 0.10, 0.005});
        const double h = build_.head;
        figure_.head_centre = skull_base + h * (figure_.head * Vec3{0, 0.10, 0.025});
        at(kNose) = on_head({0, -0.015, 0.115});
        for (int side = 0; side < 2; ++side) {
            const double s = side_sign(side);
            at(kEye[side]) = on_head({s * 0.034, 0.022, 0.092});
            at(kEar[side]) = on_head({s * 0.082, 0.0, 0.0});
        }
    }

    /// A point given in the head's own frame, for a head of normal size.
    Vec3 on_head(Vec3 local) const {
        return figure_.head_centre + build_.head * (figure_.head * local);
    }

    void pose_arm(int side) {
        HandGoal goal = rest_goal(side);
        if (p_.acts[side] && uses_hands()) {
            const HandGoal acting = action_goal(side);
            // On its way the hand passes in front of the body, not through it.
            const Vec3 detour = {0, 0, 0.08 * std::sin(std::numbers::pi * progress_)};
            goal = {lerp(goal.palm, acting.palm, progress_) + detour,
                    lerp(goal.direction, acting.direction, progress_),
                    lerp(goal.pole, acting.pole, progress_)};
        }
        goal.palm = goal.palm + Vec3{p_.hand_sway[0].at(seconds_), p_.hand_sway[1].at(seconds_),
                                     p_.hand_sway[2].at(seconds_)};
        figure_.hand[side] = normalized(goal.direction);
        const Vec3 wrist = goal.palm - kPalm * build_.hand * figure_.hand[side];
        const TwoBones arm =
            reach(at(kShoulder[side]), wrist, build_.upper_arm, build_.forearm, goal.pole);
        at(kElbow[side]) = arm.middle;
        at(kWrist[side]) = arm.end;
    }

    bool uses_hands() const {
        return p_.action >= Action::touching_legs && !performs(Action::shaking_legs) &&
               !performs(Action::spread_legs);
    }

    /// A point on the upper side of the thigh, `share` of the way from the hip to the knee.
    Vec3 on_thigh(int side, double share) {
        return lerp(at(kHip[side]), at(kKnee[side]), share) +
               Vec3{0, 0.085 * build_.girth + 0.02, 0};
    }

    HandGoal rest_goal(int side) {
        const double s = side_sign(side);
        const Vec3 down_and_out = {0.7 * s, -0.6, -0.5};
        switch (p_.rest[side]) {
            case Rest::lap:
                return {at(kMidHip) + p_.place[side] + Vec3{s * 0.035, 0.13, 0.20},
                        {-0.7 * s, -0.2, 0.6},
                        down_and_out};
            case Rest::thigh:
                return {on_thigh(side, lerp(0.45, 0.75, p_.along[side])) + p_.place[side],
                        {-0.25 * s, -0.15, 1},
                        down_and_out};
            case Rest::side:
                break;
        }
        return {at(kHip[side]) + p_.place[side] +
                    Vec3{s * (0.10 + subject_.seat.width / 2), -0.06, 0.05},
                {0, -1, 0.2},
                {0.8 * s, 0, -0.6}};
    }

    HandGoal action_goal(int side) {
        const double s = side_sign(side);
        switch (p_.action) {
            case Action::touching_legs:
            case Action::patting_legs:
            case Action::scratching_legs:
                return leg_goal(side);
            case Action::covering_face:
            case Action::rubbing_eyes:
                return face_goal(side);
            case Action::crossing_arms: {
                const double front = s == p_.heading ? 0.05 : 0.0;  // which forearm is in front
                const Vec3 across = {-s * 0.13, -0.24 + front, 0.17 + front};
                return {at(kNeck) + figure_.torso * (across + p_.place[side]),
                        {-s, 0.25, 0.1},
                        {0.8 * s, -0.7, 0.1}};
            }
            case Action::rubbing_hands: {
                // The palms slide along each other, one up while the other goes down.
                const double slide = s * 0.06 * swing_;
                const Vec3 middle = {s * 0.022, lerp(0.20, 0.32, p_.extent), 0.27};
                return {at(kMidHip) + middle + p_.place[0] + slide * Vec3{0, 0.8, 0.6},
                        {-0.3 * s, 0.6, 0.7},
                        {0.9 * s, -0.5, -0.2}};
            }
            case Action::waving: {
                const Vec3 raised = {s * 0.16, lerp(0.16, 0.30, p_.extent), 0.20};
                return {at(kShoulder[side]) + raised + p_.place[side] +
                            Vec3{0.12 * swing_, -0.02 * swing_ * swing_, 0},
                        {0.6 * swing_, 1, 0.1},
                        {0.8 * s, -0.9, 0}};
            }
            default: {
                const double up = lerp(0, 50, p_.along[0]) * kDegree;
                const double ahead = lerp(15, 55, p_.extent) * kDegree;
                const Vec3 direction = {s * std::cos(up) * std::cos(ahead), std::sin(up),
                                        std::cos(up) * std::sin(ahead)};
                const double arm = build_.upper_arm + build_.forearm + kPalm * build_.hand;
                return {at(kShoulder[side]) + arm * direction, direction, {0.2 * s, -1, -0.3}};
            }
        }
    }

    /// Touching, patting and scratching happen in the same places with the same hand.
    HandGoal leg_goal(int side) {
        const double s = side_sign(side);
        HandGoal goal = {on_thigh(side, lerp(0.6, 0.9, p_.along[side])) + p_.place[side],
                         {-0.25 * s, -0.15, 1},
                         {0.7 * s, -0.6, -0.5}};
        if (performs(Action::patting_legs)) {
            const double lift = std::max(0.0, p_.amplitude + swing_) / 2;
            goal.palm = goal.palm + Vec3{0, 0.18 * lift, 0};
            goal.direction.y += 0.5 * lift;
        } else if (performs(Action::scratching_legs)) {
            goal.palm = goal.palm + swing_ * Vec3{0.062, 0, 0.03};
            goal.direction.x += 0.25 * swing_;
        }
        return goal;
    }

    /// Covering the face and rubbing the eyes happen in the same place with the same hand.
    HandGoal face_goal(int side) {
        const double s = side_sign(side);
        const double apart = p_.acts[1 - side] ? 0.045 : 0.02;
        HandGoal goal = {
            on_head({s * apart, lerp(-0.015, 0.02, p_.along[0]), 0.13}) + 0.7 * p_.place[side],
            {-0.35 * s, 1, -0.05},
            {0.7 * s, -0.8, 0.2}};
        if (performs(Action::rubbing_eyes)) {
            goal.palm = goal.palm + swing_ * Vec3{0.058, 0.02, 0};
            goal.direction.x += 0.3 * swing_;
        }
        return goal;
    }

    const Subject& subject_;
    const Build& build_;
    const Performance& p_;
    double seconds_, progress_, swing_;
    Figure figure_;
};

}  // namespace

bool eye_is_visible(const Figure& figure, int side) {
    return normalized(figure.joint[kEye[side]] - figure.head_centre).z > 0.2;
}

Figure pose_at(const Subject& subject, const Performance& performance, double seconds) {
    return Poser(subject, performance, seconds).pose();
}

}  // namespace mdn::synth
