#include "data/synth/subject.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace mdn::synth {
namespace {

constexpr uint64_t kSubjectDomain = 1;

Colour from_hsv(double hue, double saturation, double value) {
    const auto channel = [&](double shift) {
        const double k = std::fmod(shift + hue * 6, 6.0);
        return static_cast<float>(
            255 * (value - value * saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0)));
    };
    return {channel(5), channel(3), channel(1)};
}

Colour draw_cloth(Random& random) {
    const double hue = random.uniform(0, 1);
    const double saturation = random.uniform(0.05, 0.75);
    return from_hsv(hue, saturation, random.uniform(0.18, 0.9));
}

Colour draw_hair(Random& random) {
    constexpr std::array<Colour, 5> kTones = {
        {{28, 24, 24}, {58, 40, 30}, {96, 66, 42}, {178, 140, 88}, {150, 148, 146}}};
    return static_cast<float>(random.uniform(0.85, 1.15)) * kTones[random.below(kTones.size())];
}

Look draw_look(Random& random) {
    Look look;
    look.skin = mix({240, 196, 168}, {98, 62, 46}, static_cast<float>(random.uniform(0, 1)));
    look.hair = draw_hair(random);
    look.shirt = draw_cloth(random);
    look.stripes = draw_cloth(random);
    look.trousers = 0.75f * draw_cloth(random);
    look.shoes = from_hsv(random.uniform(0, 1), 0.15, random.uniform(0.1, 0.9));
    look.long_sleeves = random.chance(0.5);
    look.long_hair = random.chance(0.4);
    look.striped = random.chance(0.3);
    return look;
}

}  // namespace

Subject draw_subject(uint64_t seed, int64_t index) {
    Random random(seed, kSubjectDomain, static_cast<uint64_t>(index));
    Subject subject;
    // Braced initialisers are evaluated in order, unlike function arguments.
    subject.build = {.torso = random.uniform(0.46, 0.53),
                     .shoulders = random.uniform(0.165, 0.205),
                     .hips = random.uniform(0.085, 0.105),
                     .upper_arm = random.uniform(0.265, 0.300),
                     .forearm = random.uniform(0.235, 0.265),
                     .hand = random.uniform(0.165, 0.190),
                     .thigh = random.uniform(0.40, 0.45),
                     .shin = random.uniform(0.40, 0.44),
                     .girth = random.uniform(0.85, 1.2),
                     .head = random.uniform(1.0, 1.15)};
    subject.look = draw_look(random);
    subject.seat = {.height = random.uniform(0.41, 0.48),
                    .width = random.uniform(0.17, 0.24),
                    .has_back = random.chance(0.35),
                    .colour = from_hsv(random.uniform(0, 0.15), random.uniform(0.1, 0.6),
                                       random.uniform(0.25, 0.7))};
    const double hue = random.uniform(0, 1);
    const double saturation = random.uniform(0.02, 0.2);
    subject.room.wall = from_hsv(hue, saturation, random.uniform(0.6, 0.92));
    subject.room.floor =
        from_hsv(random.uniform(0.02, 0.15), random.uniform(0.05, 0.4), random.uniform(0.3, 0.65));
    subject.room.floor_line = random.uniform(0.66, 0.78);
    subject.room.texture = random.uniform(3, 10);
    subject.distance = random.uniform(2.7, 4.2);
    subject.elevation = random.uniform(0.95, 1.3);
    subject.fill = random.uniform(0.74, 0.85);
    subject.offset = {random.uniform(-0.06, 0.06), random.uniform(-0.01, 0.03), 0};
    subject.speed = random.uniform(0.85, 1.2);
    subject.amplitude = random.uniform(0.85, 1.2);
    return subject;
}

Camera camera_of(const Subject& subject, int64_t size) {
    const double side = static_cast<double>(size);
    const Build& build = subject.build;
    Camera camera{1, subject.distance, subject.elevation, 0, 0};
    // The sitting figure reaches from the crown to the toes, which are nearer to the camera.
    const double crown = subject.seat.height + build.torso + 0.42 * build.head;
    const double top = camera.project({0, crown, 0}).y;
    const double bottom = camera.project({0, 0, build.thigh + 0.12}).y;
    camera.focal = subject.fill * side / (bottom - top);
    camera.centre_x = (0.5 + subject.offset.x) * side;
    camera.centre_y = (0.5 + subject.offset.y) * side - camera.focal * (top + bottom) / 2;
    return camera;
}

}  // namespace mdn::synth
