// Vectors, rotations and two-bone inverse kinematics of the rendered figure.
// Axes: x to the right of the picture, y up, z towards the camera. Metres and radians.
#pragma once

#include <algorithm>
#include <cmath>

namespace mdn::synth {

struct Vec3 {
    double x = 0, y = 0, z = 0;
};

inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(double s, Vec3 a) { return {s * a.x, s * a.y, s * a.z}; }
inline double dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline double length(Vec3 a) { return std::sqrt(dot(a, a)); }
inline Vec3 normalized(Vec3 a) { return (1 / std::max(length(a), 1e-9)) * a; }
inline double lerp(double a, double b, double w) { return a + w * (b - a); }
inline Vec3 lerp(Vec3 a, Vec3 b, double w) { return a + w * (b - a); }

/// A rotation, by its columns: the images of the three axes.
struct Rotation {
    Vec3 x{1, 0, 0}, y{0, 1, 0}, z{0, 0, 1};
};

inline Vec3 operator*(const Rotation& r, Vec3 v) { return v.x * r.x + v.y * r.y + v.z * r.z; }
inline Rotation operator*(const Rotation& a, const Rotation& b) {
    return {a * b.x, a * b.y, a * b.z};
}

/// Positive: someone facing the camera looks down.
inline Rotation pitch(double a) {
    return {{1, 0, 0}, {0, std::cos(a), std::sin(a)}, {0, -std::sin(a), std::cos(a)}};
}
/// Positive: someone facing the camera turns to the right of the picture.
inline Rotation yaw(double a) {
    return {{std::cos(a), 0, -std::sin(a)}, {0, 1, 0}, {std::sin(a), 0, std::cos(a)}};
}
/// Positive: the top tilts to the left of the picture.
inline Rotation roll(double a) {
    return {{std::cos(a), std::sin(a), 0}, {-std::sin(a), std::cos(a), 0}, {0, 0, 1}};
}

struct TwoBones {
    Vec3 middle, end;
};

/// Elbow and wrist (or knee and ankle) of a limb of lengths `upper` and `lower` that starts at
/// `root` and reaches for `target`, as far as it can. The middle joint bends towards `pole`.
inline TwoBones reach(Vec3 root, Vec3 target, double upper, double lower, Vec3 pole) {
    const Vec3 direction = normalized(target - root);
    const double distance =
        std::clamp(length(target - root), std::abs(upper - lower) + 0.01, 0.995 * (upper + lower));
    const double along = (upper * upper + distance * distance - lower * lower) / (2 * distance);
    const double across = std::sqrt(std::max(upper * upper - along * along, 0.0));
    const Vec3 bend = normalized(pole - dot(pole, direction) * direction);
    return {root + along * direction + across * bend, root + distance * direction};
}

}  // namespace mdn::synth
