#include "data/synth/drawing.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace mdn::synth {
namespace {

/// Smooth noise in -1..1: random values on a grid of `cells` x `cells`, bilinear between them.
class ValueNoise {
  public:
    ValueNoise(int64_t cells, Random& random) : cells_(cells), values_((cells + 1) * (cells + 1)) {
        for (float& value : values_) value = static_cast<float>(random.uniform(-1, 1));
    }

    /// x and y in 0..1.
    float at(float x, float y) const {
        const float gx = x * static_cast<float>(cells_), gy = y * static_cast<float>(cells_);
        const int64_t ix = std::min(static_cast<int64_t>(gx), cells_ - 1);
        const int64_t iy = std::min(static_cast<int64_t>(gy), cells_ - 1);
        const float fx = gx - static_cast<float>(ix), fy = gy - static_cast<float>(iy);
        const float* row = values_.data() + iy * (cells_ + 1) + ix;
        const float top = row[0] + fx * (row[1] - row[0]);
        const float bottom = row[cells_ + 1] + fx * (row[cells_ + 2] - row[cells_ + 1]);
        return top + fy * (bottom - top);
    }

  private:
    int64_t cells_;
    std::vector<float> values_;
};

/// Draws one figure, seen by one camera; lengths in metres become pixels at each part's depth.
class FigurePainter {
  public:
    FigurePainter(Canvas& canvas, const Camera& camera, const Subject& subject,
                  const Figure& figure)
        : canvas_(canvas),
          camera_(camera),
          build_(subject.build),
          look_(subject.look),
          seat_(subject.seat),
          figure_(figure) {}

    void draw() {
        draw_seat();
        draw_torso();
        // Painter's order by depth. A forearm counts as nearer than it is, because where it
        // overlaps a thigh or the face it lies in front of them.
        struct Part {
            double depth;
            void (FigurePainter::*draw)(int side);
            int side;
        };
        std::array<Part, 7> parts;
        parts[0] = {figure_.head_centre.z, &FigurePainter::draw_head, 0};
        for (int side = 0; side < 2; ++side) {
            const double elbow = at(kElbow[side]).z, wrist = at(kWrist[side]).z;
            parts[1 + side] = {at(kKnee[side]).z / 2 - 0.1, &FigurePainter::draw_leg, side};
            parts[3 + side] = {(at(kShoulder[side]).z + elbow) / 2, &FigurePainter::draw_upper_arm,
                               side};
            parts[5 + side] = {(elbow + wrist) / 2 + 0.2, &FigurePainter::draw_forearm, side};
        }
        std::stable_sort(parts.begin(), parts.end(),
                         [](const Part& a, const Part& b) { return a.depth < b.depth; });
        for (const Part& part : parts) (this->*part.draw)(part.side);
    }

  private:
    Vec3 at(Joint joint) const { return figure_.joint[joint]; }

    Vec2 pixel(Vec3 p) const {
        const Vec3 projected = camera_.project(p);
        return {static_cast<float>(projected.x), static_cast<float>(projected.y)};
    }

    float pixels(double metres, Vec3 where) const {
        return static_cast<float>(metres * camera_.scale(where.z));
    }

    void limb(Vec3 a, double radius_a, Vec3 b, double radius_b, const Paint& paint) {
        canvas_.capsule(pixel(a), pixels(radius_a, a), pixel(b), pixels(radius_b, b), paint);
    }

    void draw_seat() {
        const double w = seat_.width, h = seat_.height;
        const Paint paint = {seat_.colour}, dark = {0.6f * seat_.colour};
        const Vec3 shadow = {0, 0, 0.1};
        canvas_.ellipse(pixel(shadow), {1, 0}, pixels(1.5 * w, shadow), pixels(0.07, shadow),
                        {{70, 62, 56}});
        for (double x : {-0.8 * w, 0.8 * w}) {
            limb({x, h, -0.12}, 0.018, {1.1 * x, 0, -0.15}, 0.018, dark);
            limb({x, h, 0.16}, 0.02, {1.1 * x, 0, 0.2}, 0.02, paint);
        }
        if (seat_.has_back) {
            const auto corner = [&](double x, double y) { return pixel({x, y, -0.2}); };
            const std::array<Vec2, 4> back = {corner(-w, h + 0.12), corner(w, h + 0.12),
                                              corner(0.95 * w, h + 0.4),
                                              corner(-0.95 * w, h + 0.4)};
            canvas_.polygon(back, pixels(0.03, {}), dark);
        }
        limb({-w, h - 0.02, 0.1}, 0.035, {w, h - 0.02, 0.1}, 0.035, paint);
    }

    void draw_torso() {
        const double girth = build_.girth;
        const Vec3 neck = at(kNeck), hip = at(kMidHip);
        // Rounding grows the outline by the radius on every side.
        const double radius = 0.05;
        const auto point = [&](double share, double half_width) {
            return pixel(lerp(hip, neck, share) + figure_.torso * Vec3{half_width, 0, 0});
        };
        const double waist = 0.125 * girth - radius, hips = build_.hips + 0.055 * girth - radius;
        const double chest = build_.shoulders + 0.01 - radius;
        const std::array<Vec2, 8> outline = {
            point(-0.05, hips), point(0.35, waist),  point(0.89, chest),  point(0.95, 0.05),
            point(0.95, -0.05), point(0.89, -chest), point(0.35, -waist), point(-0.05, -hips)};
        Paint shirt = {look_.shirt};
        if (look_.striped) {
            const Vec2 up = pixel(neck) - pixel(hip);
            const float size = std::sqrt(dot(up, up));
            shirt.stripe = look_.stripes;
            shirt.origin = pixel(hip);
            shirt.axis = (1 / size) * up;
            shirt.period = 0.18f * size;
        }
        canvas_.polygon(outline, pixels(radius, hip), shirt);
        limb(neck - Vec3{0, 0.02, 0}, 0.05, figure_.head_centre - Vec3{0, 0.06, 0}, 0.048,
             {0.85f * look_.skin});
    }

    void draw_leg(int side) {
        const Paint cloth = {look_.trousers}, shoe = {look_.shoes};
        const double girth = build_.girth;
        limb(at(kHeel[side]) + Vec3{0, 0.03, 0}, 0.035,
             lerp(at(kBigToe[side]), at(kSmallToe[side]), 0.5) + Vec3{0, 0.015, -0.02}, 0.042,
             shoe);
        limb(at(kKnee[side]), 0.056 * girth, at(kAnkle[side]), 0.042, cloth);
        limb(at(kHip[side]), 0.085 * girth, at(kKnee[side]), 0.064 * girth, cloth);
    }

    void draw_upper_arm(int side) {
        const double girth = build_.girth;
        limb(at(kShoulder[side]), 0.056 * girth, at(kElbow[side]), 0.042 * girth, {look_.shirt});
    }

    void draw_forearm(int side) {
        const double girth = build_.girth;
        const Vec3 elbow = at(kElbow[side]), wrist = at(kWrist[side]);
        limb(elbow, 0.04 * girth, wrist, 0.029, {look_.long_sleeves ? look_.shirt : look_.skin});
        draw_hand(side);
    }

    void draw_hand(int side) {
        const Vec3 wrist = at(kWrist[side]), along = figure_.hand[side];
        const Paint skin = {look_.skin};
        const double size = build_.hand;
        // Across the hand, as the camera sees it.
        const Vec3 flat = {-along.y, along.x, 0};
        const Vec3 across = length(flat) > 0.2 ? normalized(flat) : Vec3{1, 0, 0};
        const Vec3 knuckles = wrist + 0.5 * size * along;
        limb(wrist + 0.15 * size * along, 0.030, knuckles, 0.036, skin);
        const double reach = 0.5 * size * (1 - 0.75 * figure_.curl);
        for (int finger = 0; finger < 4; ++finger) {
            const double place = (finger - 1.5) / 1.5;  // -1..1 across the hand
            const Vec3 base = knuckles + 0.028 * place * across;
            limb(base, 0.011, base + reach * along + 0.016 * place * across, 0.009, skin);
        }
        const double thumb = side_sign(side) * (along.y >= 0 ? 1 : -1);
        limb(wrist + 0.25 * size * along, 0.013,
             wrist + 0.5 * size * along + 0.055 * thumb * across, 0.011, skin);
    }

    Vec3 on_head(double x, double y, double z) const {
        return figure_.head_centre + build_.head * (figure_.head * Vec3{x, y, z});
    }

    /// An ellipsoid fixed to the head, given by its half axes, seen as an ellipse tilted with it.
    void head_ellipsoid(Vec3 centre, Vec3 half_axes, const Paint& paint) {
        const Rotation& head = figure_.head;
        const double facing = std::hypot(head.x.x, head.x.y),
                     upright = std::hypot(head.y.x, head.y.y);
        const double rx = std::hypot(half_axes.x * facing, half_axes.z * head.x.z);
        const double ry = std::hypot(half_axes.y * upright, half_axes.z * head.y.z);
        const float size = static_cast<float>(facing);
        const Vec2 axis = size > 0.3f ? (1 / size) * Vec2{static_cast<float>(head.x.x),
                                                          static_cast<float>(-head.x.y)}
                                      : Vec2{1, 0};
        canvas_.ellipse(pixel(centre), axis, pixels(build_.head * rx, centre),
                        pixels(build_.head * ry, centre), paint);
    }

    void draw_head(int) {
        const Paint hair = {look_.hair}, skin = {look_.skin};
        if (look_.long_hair) {
            for (double x : {-0.07, 0.07}) {
                const Vec3 top = on_head(x, 0.03, -0.02);
                limb(top, 0.045, top + Vec3{0.3 * x, -0.2, 0}, 0.04, hair);
            }
        }
        for (double x : {-0.08, 0.08}) {
            head_ellipsoid(on_head(x, -0.005, 0), {0.018, 0.03, 0.02}, skin);
        }
        head_ellipsoid(on_head(0, 0.025, -0.012), {0.09, 0.115, 0.10}, hair);
        head_ellipsoid(on_head(0, -0.025, 0.035), {0.071, 0.098, 0.072}, skin);
        for (int side = 0; side < 2; ++side) {
            if (!eye_is_visible(figure_, side)) continue;
            const double x = 0.034 * side_sign(side);
            head_ellipsoid(on_head(x, 0.022, 0.088), {0.019, 0.012, 0.008}, {{235, 232, 228}});
            head_ellipsoid(on_head(x, 0.022, 0.092), {0.010, 0.011, 0.008}, {{30, 24, 22}});
            limb(on_head(x - 0.018, 0.045, 0.086), 0.006, on_head(x + 0.018, 0.045, 0.086), 0.006,
                 hair);
        }
        limb(on_head(0, 0.01, 0.098), 0.008, on_head(0, -0.02, 0.118), 0.014, {0.92f * look_.skin});
        limb(on_head(-0.022, -0.066, 0.092), 0.008, on_head(0.022, -0.066, 0.092), 0.008,
             {mix(0.55f * look_.skin, {150, 40, 45}, 0.6f)});
    }

    Canvas& canvas_;
    const Camera& camera_;
    const Build& build_;
    const Look& look_;
    const Seat& seat_;
    const Figure& figure_;
};

/// Normal deviates, tabulated once: a picture needs 50,000.
const std::vector<float>& noise_table() {
    static const std::vector<float> table = [] {
        std::vector<float> values(1 << 16);
        Random random(0, 0, 0);
        for (float& value : values) value = static_cast<float>(random.normal(1));
        return values;
    }();
    return table;
}

}  // namespace

void draw_room(Canvas& canvas, const Room& room, Random& random) {
    const float brightness = static_cast<float>(random.uniform(0.88, 1.1));
    const float slope_x = static_cast<float>(random.uniform(-0.12, 0.12));
    const float slope_y = static_cast<float>(random.uniform(-0.12, 0.06));
    const float strength = static_cast<float>(room.texture);
    const ValueNoise coarse(6, random), fine(40, random);
    const int64_t size = canvas.size();
    const float side = static_cast<float>(size);
    const float line = static_cast<float>(room.floor_line), board = line - 0.025f;
    const Colour skirting = 0.8f * room.wall;
    for (int64_t row = 0; row < size; ++row) {
        const float y = (static_cast<float>(row) + 0.5f) / side;
        const Colour base = y < board ? room.wall : y < line ? skirting : room.floor;
        for (int64_t column = 0; column < size; ++column) {
            const float x = (static_cast<float>(column) + 0.5f) / side;
            const float light = brightness + slope_x * (x - 0.5f) + slope_y * (y - 0.5f);
            const float texture = strength * (coarse.at(x, y) + 0.6f * fine.at(x, y));
            float* pixel = canvas.pixels().data() + (row * size + column) * 3;
            pixel[0] = light * base.r + texture;
            pixel[1] = light * base.g + texture;
            pixel[2] = light * base.b + texture;
        }
    }
}

void draw_figure(Canvas& canvas, const Camera& camera, const Subject& subject,
                 const Figure& figure) {
    FigurePainter(canvas, camera, subject, figure).draw();
}

std::vector<uint8_t> expose(Canvas& canvas, double deviation, Random& random) {
    const std::vector<float>& table = noise_table();
    const float strength = static_cast<float>(deviation);
    const std::vector<float>& pixels = canvas.pixels();
    std::vector<uint8_t> bytes(pixels.size());
    const size_t row = static_cast<size_t>(canvas.size()) * 3;
    for (size_t start = 0; start < pixels.size();) {
        // Every row reads the table from a place of its own.
        size_t place = random.bits() % table.size();
        for (const size_t end = start + row; start < end;) {
            const size_t run = std::min(end - start, table.size() - place);
            for (size_t i = 0; i < run; ++i) {
                const float value = pixels[start + i] + strength * table[place + i] + 0.5f;
                bytes[start + i] = static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f));
            }
            start += run;
            place = 0;
        }
    }
    return bytes;
}

}  // namespace mdn::synth
