// A small software rasteriser: anti-aliased, shaded capsules, ellipses and rounded polygons.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/synth/subject.h"

namespace mdn::synth {

/// Pixels, y down.
struct Vec2 {
    float x = 0, y = 0;
};

inline Vec2 operator+(Vec2 a, Vec2 b) { return {a.x + b.x, a.y + b.y}; }
inline Vec2 operator-(Vec2 a, Vec2 b) { return {a.x - b.x, a.y - b.y}; }
inline Vec2 operator*(float s, Vec2 a) { return {s * a.x, s * a.y}; }
inline float dot(Vec2 a, Vec2 b) { return a.x * b.x + a.y * b.y; }

/// How a surface is coloured: evenly, or striped across `axis` every `period` pixels.
struct Paint {
    Colour base;
    Colour stripe = {};
    Vec2 origin = {}, axis = {};
    float period = 0;
};

/// Paints in order, later shapes over earlier ones. A pixel's coverage is its signed distance to
/// the outline, clamped to a pixel's width. Shapes are shaded as if they were round.
class Canvas {
  public:
    /// A picture of size x size pixels. `light_x` in -1..1 is the side the light comes from.
    Canvas(int64_t size, float light_x);

    int64_t size() const { return size_; }
    /// [size, size, 3] in 0..255.
    std::vector<float>& pixels() { return pixels_; }

    /// All points within a radius of the segment a-b that goes from `radius_a` to `radius_b`.
    void capsule(Vec2 a, float radius_a, Vec2 b, float radius_b, const Paint& paint);
    /// Half axes `rx` along the unit vector `axis` and `ry` across it.
    void ellipse(Vec2 centre, Vec2 axis, float rx, float ry, const Paint& paint);
    /// A polygon, grown by `radius` and so rounded.
    void polygon(std::span<const Vec2> points, float radius, const Paint& paint);

  private:
    template <typename Surface>
    void paint_box(Vec2 low, Vec2 high, const Paint& paint, const Surface& surface);

    int64_t size_;
    Vec2 light_;
    float light_z_;
    std::vector<float> pixels_;
};

}  // namespace mdn::synth
