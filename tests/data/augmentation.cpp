#include "data/augmentation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "data/images/image.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Black but for a spot around (x, y), where pixel i covers [i, i+1). Its edge is soft: a hard one
/// would move with the pixel grid when the image is made smaller.
Image spot_image(std::int64_t width, std::int64_t height, double x, double y, double radius) {
    Image image{width, height, {}};
    for (std::int64_t j = 0; j < height; ++j) {
        for (std::int64_t i = 0; i < width; ++i) {
            const double dx = (static_cast<double>(i) + 0.5 - x) / radius;
            const double dy = (static_cast<double>(j) + 0.5 - y) / radius;
            const double inside = std::max(1 - dx * dx - dy * dy, 0.0);
            image.pixels.insert(image.pixels.end(), 3,
                                static_cast<std::uint8_t>(std::lround(255 * inside * inside)));
        }
    }
    return image;
}

/// Centre of mass of what is brighter than black, pixel i covering [i, i+1).
std::pair<double, double> bright_centre(const std::vector<float>& out, std::int64_t S) {
    const double black = -rgb_mean[0] / rgb_deviation[0];
    double sum = 0, x = 0, y = 0;
    for (std::int64_t j = 0; j < S; ++j) {
        for (std::int64_t i = 0; i < S; ++i) {
            const double weight = out[(j * S + i) * 3] - black;
            sum += weight;
            x += weight * (static_cast<double>(i) + 0.5);
            y += weight * (static_cast<double>(j) + 0.5);
        }
    }
    return {x / sum, y / sum};
}

}  // namespace

TEST_SUITE("data/augmentation") {
    TEST_CASE("the short side goes to round(256·S/224), the other to the nearest integer") {
        CHECK(resized({1080, 1296}, 224).width == 256);
        CHECK(resized({1080, 1296}, 224).height == 307);  // 307.2
        CHECK(resized({340, 256}, 224).width == 340);
        CHECK(resized({160, 96}, 112).height == 128);
        CHECK(resized({160, 96}, 112).width == 213);  // 213.33
        CHECK(resized({3, 2}, 100).height == 114);    // 114.29
        CHECK(resized({3, 2}, 100).width == 171);
        CHECK(resized({257, 256}, 112).width == 129);  // 128.5
    }

    TEST_CASE("evaluation crops the centre, rounding the offset down") {
        const Transform t = evaluation_transform({1080, 1296}, 224);
        CHECK(t.offset_x == -16);
        CHECK(t.offset_y == -41);  // (307 - 224) / 2 = 41.5
        CHECK(t.scale_x == doctest::Approx(256.0 / 1080));
        CHECK(t.scale_y == doctest::Approx(307.0 / 1296));
        CHECK_FALSE(t.mirrors());
    }

    TEST_CASE("three crops lie along the longer side, the other centred") {
        // 1080x1296 goes to 256x307: x 16; y 0, ⌊41.5⌋ and 307 - 224.
        const auto high = evaluation_transforms({1080, 1296}, 224, 3);
        REQUIRE(high.size() == 3);
        const double tops[] = {0, -41, -83};
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(high[i].offset_x == -16);
            CHECK(high[i].offset_y == tops[i]);
            CHECK(high[i].scale_x == doctest::Approx(256.0 / 1080));
            CHECK(high[i].scale_y == doctest::Approx(307.0 / 1296));
        }
        // 340x256 as it is: x 0, 58 and 116; y 16.
        const auto wide = evaluation_transforms({340, 256}, 224, 3);
        const double lefts[] = {0, -58, -116};
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(wide[i].offset_x == lefts[i]);
            CHECK(wide[i].offset_y == -16);
        }
        const auto square = evaluation_transforms({512, 512}, 112, 3);
        CHECK(square[2].offset_x == -16);
        CHECK(square[2].offset_y == -8);
        CHECK(evaluation_transforms({340, 256}, 224, 1).size() == 1);
        CHECK(contains(error_of([] { evaluation_transforms({340, 256}, 224, 2); }), {"1 or 3"}));
    }

    TEST_CASE("training crops come from TSM's sizes and places") {
        // 340x256 needs no resize at S = 224: the transform shows the crop itself.
        std::map<std::pair<std::int64_t, std::int64_t>, int> sizes;
        std::set<std::pair<std::int64_t, std::int64_t>> places_of_224;
        Random random(7);
        int mirrored = 0;
        constexpr int draws = 6000;
        for (int i = 0; i < draws; ++i) {
            const Transform t = training_transform({340, 256}, 224, random);
            const double scale_x = std::abs(t.scale_x);
            const auto width = std::lround(224 / scale_x), height = std::lround(224 / t.scale_y);
            const double left = t.mirrors() ? (224 - t.offset_x) : t.offset_x;
            mirrored += t.mirrors();
            ++sizes[{width, height}];
            const auto x = std::lround(-left / scale_x), y = std::lround(-t.offset_y / t.scale_y);
            CHECK(x >= 0);
            CHECK(y >= 0);
            CHECK(x + width <= 340);
            CHECK(y + height <= 256);
            if (width == 224 && height == 224) places_of_224.insert({x, y});
        }
        const std::int64_t sides[4] = {256, 224, 192, 168};
        CHECK(sizes.size() == 10);
        for (int i = 0; i < 4; ++i) {
            for (int j = std::max(i - 1, 0); j < std::min(i + 2, 4); ++j) {
                CAPTURE(sides[i]);
                CAPTURE(sides[j]);
                CHECK(sizes[{sides[i], sides[j]}] > draws / 10 * 0.8);
            }
        }
        // Steps of (340-224)/4 = 29 and (256-224)/4 = 8.
        const std::set<std::pair<std::int64_t, std::int64_t>> expected = {
            {0, 0},   {116, 0}, {0, 32}, {116, 32}, {58, 16}, {0, 16}, {116, 16},
            {58, 32}, {58, 0},  {29, 8}, {87, 8},   {29, 24}, {87, 24}};
        CHECK(places_of_224 == expected);
        CHECK(mirrored > draws * 0.47);
        CHECK(mirrored < draws * 0.53);
    }

    TEST_CASE("crops below the smallest scale asked for are left out") {
        Random random(8);
        for (const double smallest : {0.75, 0.8, 1.0}) {
            std::set<std::int64_t> heights;
            for (int i = 0; i < 500; ++i)
                heights.insert(std::lround(
                    224 / training_transform({340, 256}, 224, random, smallest).scale_y));
            std::set<std::int64_t> expected = {256};
            if (smallest <= 0.875) expected.insert(224);
            if (smallest <= 0.75) expected.insert(192);
            CHECK(heights == expected);
        }
    }

    TEST_CASE("pixels and joints move together, mirrored or not") {
        constexpr std::int64_t S = 112;
        Random random(3);
        int seen = 0, mirrored = 0;
        for (int i = 0; i < 60; ++i) {
            const double x = 60 + 200 * random.uniform(), y = 60 + 120 * random.uniform();
            const Image image = spot_image(320, 240, x, y, 16);
            Transform t = training_transform({320, 240}, S, random);
            if (i % 10 == 0) t = evaluation_transform({320, 240}, S);
            Pose pose;
            pose[left_wrist] = {x, y, 0.7};
            const Pose out = moved(t, pose);
            const Joint& joint = out[t.mirrors() ? right_wrist : left_wrist];
            CHECK(joint.confidence == 0.7);
            CHECK_FALSE(out[t.mirrors() ? left_wrist : right_wrist].valid());
            const bool inside =
                joint.x > 13 && joint.y > 13 && joint.x < S - 13 && joint.y < S - 13;
            if (!inside) continue;
            ++seen;
            mirrored += t.mirrors();
            std::vector<float> pixels(S * S * 3);
            resample(image, t, S, pixels.data());
            const auto [found_x, found_y] = bright_centre(pixels, S);
            CHECK(std::abs(found_x - joint.x) < 0.02);
            CHECK(std::abs(found_y - joint.y) < 0.02);
        }
        CHECK(seen > 20);
        CHECK(mirrored > 5);
    }

    TEST_CASE("a flip swaps every joint with its counterpart, and only once") {
        const Pose pose = standing_figure(100, 40, 200);
        const Transform flip{.scale_x = -1, .scale_y = 1, .offset_x = 200, .offset_y = 0};
        const Pose out = moved(flip, pose);
        // The figure is symmetric about x = 100, so its mirror image is itself.
        for (std::size_t j = 0; j < pose.size(); ++j) {
            CAPTURE(j);
            CHECK(out[j].x == doctest::Approx(pose[j].x));
            CHECK(out[j].y == doctest::Approx(pose[j].y));
        }
    }
}

}  // namespace mdn::test
