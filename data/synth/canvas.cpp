#include "data/synth/canvas.h"

#include <algorithm>
#include <cmath>

namespace mdn::synth {
namespace {

/// Signed distance to the outline in pixels, and where on the round surface the point lies:
/// 0 in the middle, 1 at the outline.
struct Sample {
    float distance;
    Vec2 normal;
};

/// The light is above, in front and to one side.
constexpr float kLightFromAbove = -0.45f;
constexpr float kAmbient = 0.5f;

}  // namespace

Canvas::Canvas(int64_t size, float light_x) : size_(size), pixels_(size * size * 3) {
    const float scale = 1 / std::sqrt(light_x * light_x + kLightFromAbove * kLightFromAbove + 1.0f);
    light_ = scale * Vec2{light_x, kLightFromAbove};
    light_z_ = scale;
}

template <typename Surface>
void Canvas::paint_box(Vec2 low, Vec2 high, const Paint& paint, const Surface& surface) {
    const float last = static_cast<float>(size_ - 1);
    const auto clip = [&](float v) { return static_cast<int64_t>(std::clamp(v, -1.0f, last + 1)); };
    const int64_t x0 = std::max<int64_t>(clip(low.x - 1), 0);
    const int64_t y0 = std::max<int64_t>(clip(low.y - 1), 0);
    const int64_t x1 = std::min(clip(high.x + 1), size_ - 1);
    const int64_t y1 = std::min(clip(high.y + 1), size_ - 1);
    for (int64_t y = y0; y <= y1; ++y) {
        float* row = pixels_.data() + y * size_ * 3;
        for (int64_t x = x0; x <= x1; ++x) {
            const Vec2 point = {static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f};
            const Sample sample = surface(point);
            const float coverage = std::min(0.5f - sample.distance, 1.0f);
            if (coverage <= 0) continue;
            const float flat = std::min(dot(sample.normal, sample.normal), 1.0f);
            const float lit = dot(sample.normal, light_) + std::sqrt(1 - flat) * light_z_;
            const float shade = kAmbient + (1 - kAmbient) * 1.1f * std::max(lit, 0.0f);
            Colour colour = paint.base;
            if (paint.period > 0) {
                const float turn = dot(point - paint.origin, paint.axis) / paint.period;
                if (turn - std::floor(turn) < 0.5f) colour = paint.stripe;
            }
            float* pixel = row + x * 3;
            pixel[0] += coverage * (shade * colour.r - pixel[0]);
            pixel[1] += coverage * (shade * colour.g - pixel[1]);
            pixel[2] += coverage * (shade * colour.b - pixel[2]);
        }
    }
}

void Canvas::capsule(Vec2 a, float radius_a, Vec2 b, float radius_b, const Paint& paint) {
    const Vec2 along = b - a;
    const float inverse = 1 / std::max(dot(along, along), 1e-6f);
    const Vec2 low = {std::min(a.x - radius_a, b.x - radius_b),
                      std::min(a.y - radius_a, b.y - radius_b)};
    const Vec2 high = {std::max(a.x + radius_a, b.x + radius_b),
                       std::max(a.y + radius_a, b.y + radius_b)};
    paint_box(low, high, paint, [&](Vec2 p) {
        const float t = std::clamp(dot(p - a, along) * inverse, 0.0f, 1.0f);
        const Vec2 off = p - a - t * along;
        const float radius = radius_a + t * (radius_b - radius_a);
        const float distance = std::sqrt(dot(off, off));
        return Sample{distance - radius, (1 / std::max(radius, 0.5f)) * off};
    });
}

void Canvas::ellipse(Vec2 centre, Vec2 axis, float rx, float ry, const Paint& paint) {
    const float ex = std::sqrt(rx * rx * axis.x * axis.x + ry * ry * axis.y * axis.y);
    const float ey = std::sqrt(rx * rx * axis.y * axis.y + ry * ry * axis.x * axis.x);
    paint_box(centre - Vec2{ex, ey}, centre + Vec2{ex, ey}, paint, [&](Vec2 p) {
        const Vec2 off = p - centre;
        const float u = dot(off, axis) / rx;
        const float v = (axis.x * off.y - axis.y * off.x) / ry;
        const float k = std::sqrt(u * u + v * v);
        // First order in the distance: (k - 1) over the length of k's gradient.
        const float gradient =
            std::sqrt(u * u / (rx * rx) + v * v / (ry * ry)) / std::max(k, 1e-6f);
        const float distance = (k - 1) / std::max(gradient, 1e-6f);
        return Sample{distance, {u * axis.x - v * axis.y, u * axis.y + v * axis.x}};
    });
}

void Canvas::polygon(std::span<const Vec2> points, float radius, const Paint& paint) {
    Vec2 low = points[0], high = points[0];
    for (Vec2 p : points) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
    low = low - Vec2{radius, radius};
    high = high + Vec2{radius, radius};
    const float middle = (low.x + high.x) / 2;
    const float half_width = std::max((high.x - low.x) / 2, 1.0f);
    paint_box(low, high, paint, [&](Vec2 p) {
        float nearest = 1e30f;
        bool inside = false;
        for (size_t i = 0, j = points.size() - 1; i < points.size(); j = i++) {
            const Vec2 edge = points[j] - points[i];
            const Vec2 from = p - points[i];
            const float t =
                std::clamp(dot(from, edge) / std::max(dot(edge, edge), 1e-6f), 0.f, 1.f);
            const Vec2 off = from - t * edge;
            nearest = std::min(nearest, dot(off, off));
            if ((points[i].y > p.y) != (points[j].y > p.y) && from.x < edge.x * from.y / edge.y) {
                inside = !inside;
            }
        }
        const float distance = (inside ? -1.0f : 1.0f) * std::sqrt(nearest) - radius;
        return Sample{distance, {0.75f * (p.x - middle) / half_width, 0}};
    });
}

}  // namespace mdn::synth
