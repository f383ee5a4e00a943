// Who is filmed: the body, clothes, seat, room and camera that all clips of a subject share.
#pragma once

#include "data/synth/geometry.h"
#include "data/synth/random.h"

namespace mdn::synth {

/// Red, green, blue, each 0..255.
struct Colour {
    float r = 0, g = 0, b = 0;
};

inline Colour operator*(float s, Colour c) { return {s * c.r, s * c.g, s * c.b}; }
inline Colour mix(Colour a, Colour b, float w) {
    return {a.r + w * (b.r - a.r), a.g + w * (b.g - a.g), a.b + w * (b.b - a.b)};
}

/// Lengths in metres; widths are half widths.
struct Build {
    double torso, shoulders, hips, upper_arm, forearm, hand, thigh, shin, girth, head;
};

struct Look {
    Colour skin, hair, shirt, stripes, trousers, shoes;
    bool long_sleeves, long_hair, striped;
};

struct Seat {
    double height, width;
    bool has_back;
    Colour colour;
};

struct Room {
    Colour wall, floor;
    double floor_line;  ///< where wall and floor meet, as a fraction of the picture's height
    double texture;     ///< strength of the wall's texture in grey levels
};

struct Subject {
    Build build;
    Look look;
    Seat seat;
    Room room;
    double distance;          ///< of the camera, in metres
    double elevation;         ///< of the camera above the floor, in metres
    double fill;              ///< share of the picture's height that the sitting figure takes
    Vec3 offset;              ///< of the figure's centre from the picture's, as shares of its side
    double speed, amplitude;  ///< factors on how fast and how far this person moves
};

/// Subject `index` of the data set made from `seed`.
Subject draw_subject(uint64_t seed, int64_t index);

/// A pinhole camera that looks along -z; pixels, y down.
struct Camera {
    double focal, distance, elevation, centre_x, centre_y;

    /// Pixels per metre at depth z.
    double scale(double z) const { return focal / (distance - z); }

    /// x and y in pixels; z is kept, for the painter's order.
    Vec3 project(Vec3 p) const {
        const double s = scale(p.z);
        return {centre_x + s * p.x, centre_y - s * (p.y - elevation), p.z};
    }
};

/// The camera that gives `subject` its place and size in a picture of `size` x `size` pixels.
Camera camera_of(const Subject& subject, int64_t size);

}  // namespace mdn::synth
