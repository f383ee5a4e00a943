// The checks of lesson 6. They compare with the engine's own op.
// not to be called: mdn::roi_align
#include "docs/lessons/harness/check.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "engine/ops.h"

namespace mdn::lesson {

// What exercise.cpp defines.
Tensor part_boxes(const Tensor& joints, double margin, double size);
Tensor sampled(const Tensor& features, double x, double y, double size);
Tensor aligned(const Tensor& features, const Tensor& boxes, double size, int64_t bins);
Tensor aligned_backward(const Tensor& dy, const Tensor& boxes, double size, int64_t height,
                        int64_t width);

namespace {

std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

// ---- Task 1: clips of joints.

using Place = std::optional<std::pair<double, double>>;

/// [T,J,3]; a joint that was not seen lies where estimators put it: at the origin, or at a guess
/// far from the body.
Tensor joints_at(const std::vector<std::vector<Place>>& frames) {
    const auto count = static_cast<int64_t>(frames.size());
    Tensor joints = Tensor::empty({count, static_cast<int64_t>(frames[0].size()), 3}, DType::f64);
    double* out = joints.data<double>();
    for (const std::vector<Place>& frame : frames)
        for (const Place& place : frame) {
            const double guess = random().below(2) == 0 ? 0 : random().uniform(0, 200);
            *out++ = place ? place->first : guess;
            *out++ = place ? place->second : guess;
            *out++ = place ? random().uniform(0.1, 1) : 0;
        }
    return joints;
}

std::optional<std::vector<double>> box_in_frame(const double* joints, int64_t count, double margin,
                                                double size) {
    std::optional<std::vector<double>> box;
    for (const double* joint = joints; joint < joints + 3 * count; joint += 3) {
        if (joint[2] <= 0) continue;
        if (!box) box = {joint[0], joint[1], joint[0], joint[1]};
        for (int axis : {0, 1}) {
            (*box)[axis] = std::min((*box)[axis], joint[axis]);
            (*box)[axis + 2] = std::max((*box)[axis + 2], joint[axis]);
        }
    }
    if (!box) return {};
    for (int axis : {0, 1}) {
        (*box)[axis] = std::max((*box)[axis] - margin, 0.0);
        (*box)[axis + 2] = std::min((*box)[axis + 2] + margin, size);
        if ((*box)[axis] >= (*box)[axis + 2]) return {};
    }
    return box;
}

Tensor expected_boxes(const Tensor& joints, double margin, double size) {
    const int64_t frames = joints.dim(0), count = joints.dim(1);
    Tensor boxes = Tensor::empty({frames, 4}, DType::f64);
    for (int64_t t = 0; t < frames; ++t) {
        std::vector<double> nearest = {0, 0, size, size};
        int64_t distance = frames;
        for (int64_t other = 0; other < frames; ++other) {
            const auto box =
                box_in_frame(joints.data<double>() + other * count * 3, count, margin, size);
            if (!box || std::abs(other - t) >= distance) continue;
            distance = std::abs(other - t);
            nearest = *box;
        }
        std::copy(nearest.begin(), nearest.end(), boxes.data<double>() + t * 4);
    }
    return boxes;
}

// ---- Tasks 2 to 4: maps and boxes.

struct Map {
    int64_t height, width, channels;
    double size;  // of the image

    Shape shape() const { return {height, width, channels}; }
};

/// Taller and wider than high, a single cell, a single row; then random sizes.
std::vector<Map> maps() {
    std::vector<Map> all = {{4, 6, 2, 64}, {7, 3, 1, 112}, {1, 1, 3, 32}, {1, 5, 2, 40}};
    for (int i = 0; i < 3; ++i)
        all.push_back({2 + random().below(8), 2 + random().below(8), 1 + random().below(5),
                       32.0 + static_cast<double>(random().below(100))});
    return all;
}

Tensor normal(const Shape& shape) { return random().normal_tensor(shape, 1, DType::f64); }

/// [K,4]: inside the image and overlapping; the whole image; smaller than a cell; reaching outside
/// on each side; and outside altogether.
Tensor boxes_for(const Map& map) {
    const double side = map.size;
    const auto between = [&](double low, double high) {
        return random().uniform(low * side, high * side);
    };
    const double x = between(0.2, 0.8), y = between(0.2, 0.8);
    std::vector<double> all = {0, 0, side, side, x, y, x + 0.02 * side, y + 0.03 * side};
    for (int i = 0; i < 2; ++i)
        all.insert(all.end(), {between(0, 0.4), between(0, 0.4), between(0.5, 1), between(0.5, 1)});
    all.insert(all.end(), {between(-1, -0.5), between(-0.6, -0.1), between(0.2, 1), between(0, 1)});
    all.insert(all.end(),
               {between(0.3, 0.8), between(0, 0.8), between(1.2, 1.8), between(1.3, 1.9)});
    all.insert(all.end(), {between(2, 3), between(0, 0.3), between(3, 4), between(0.4, 1)});
    return Tensor::from<double>(all, {static_cast<int64_t>(all.size()) / 4, 4});
}

/// The engine's op for one image.
Tensor engine_roi_align(const Tensor& features, const Tensor& boxes, double size, int64_t bins) {
    const Tensor y =
        roi_align(reshape(features, {1, features.dim(0), features.dim(1), features.dim(2)}),
                  boxes.view({1, boxes.dim(0), 4}), size, bins);
    return reshape(y, {boxes.dim(0), bins, bins, features.dim(2)});
}

void for_all_maps(const std::function<void(const Map& map, int64_t bins)>& check) {
    for (const Map& map : maps())
        for (const int64_t bins : {int64_t{1}, int64_t{2}, 3 + random().below(5)}) check(map, bins);
}

}  // namespace

TASK(1, "part_boxes", 2) {
    const auto check = [](const std::string& what, const std::vector<std::vector<Place>>& frames,
                          double margin, double size) {
        const Tensor joints = joints_at(frames), before = joints.clone();
        input(what + ": joints = " + describe(joints) + ", margin = " + number(margin) +
              ", size = " + number(size));
        const Tensor boxes = part_boxes(joints, margin, size);
        expect_unchanged("joints", joints, before);
        expect_tensor("boxes", boxes, expected_boxes(before, margin, size));
    };
    const Place unseen;
    const auto within = [](double low, double high) {
        return Place({random().uniform(low, high), random().uniform(low, high)});
    };
    for (const double size : {112.0, 224.0}) {
        const double margin = random().uniform(3, 9), far = size + margin + 1;
        const auto inside = [&] { return within(0.3 * size, 0.7 * size); };
        check("all joints seen", {{inside(), inside(), inside()}, {inside(), inside(), inside()}},
              margin, size);
        check("one joint", {{inside()}}, margin, size);
        check("some joints not seen",
              {{unseen, inside(), unseen, inside()},
               {inside(), unseen, unseen, unseen},
               {inside(), inside(), unseen, unseen}},
              margin, size);
        check("a joint seen at x = 0", {{Place({0, 0.5 * size}), inside(), unseen}}, margin, size);
        check("joints near the image's edges",
              {{Place({1, 0.4 * size}), Place({0.3 * size, 2})},
               {Place({size - 1, 0.4 * size}), Place({0.3 * size, size - 2})}},
              margin, size);
        check("in frame 1 no area is left after clipping",
              {{inside(), inside()}, {Place({far, 0.4 * size}), Place({far + 5, 0.5 * size})}},
              margin, size);
        check("not visible in frames 1 and 2", {{inside()}, {unseen}, {unseen}, {inside()}}, margin,
              size);
        check("not visible in frame 1, which lies between two that are equally near",
              {{inside()}, {unseen}, {inside()}}, margin, size);
        check("not visible in frames 0, 1 and 4",
              {{unseen}, {unseen}, {inside()}, {inside()}, {unseen}}, margin, size);
        check("visible in no frame", {{unseen, unseen}, {unseen, unseen}}, margin, size);
        for (int i = 0; i < 4; ++i) {
            std::vector<std::vector<Place>> frames(2 + random().below(7));
            const int64_t joints = 1 + random().below(5);
            for (std::vector<Place>& frame : frames)
                for (int64_t joint = 0; joint < joints; ++joint)
                    frame.push_back(random().below(2) == 0 ? unseen
                                                           : within(-0.1 * size, 1.1 * size));
            check("at random", frames, margin, size);
        }
    }
}

TASK(2, "sampled", 2) {
    for (const Map& map : maps()) {
        const Tensor features = normal(map.shape()), before = features.clone();
        const double side = map.size;
        const double cell_x = side / static_cast<double>(map.width),
                     cell_y = side / static_cast<double>(map.height);
        // Inside; the centre of the first cell; corners; a little outside; far outside.
        std::vector<std::pair<double, double>> places = {{0.43 * side, 0.61 * side},
                                                         {0.5 * cell_x, 0.5 * cell_y},
                                                         {0, 0},
                                                         {side, 0.3 * side},
                                                         {0.7 * side, side},
                                                         {side, side},
                                                         {-0.3 * cell_x, 0.4 * side},
                                                         {0.6 * side, side + 0.4 * cell_y},
                                                         {-0.7 * cell_x, 0.4 * side},
                                                         {0.6 * side, -0.8 * cell_y},
                                                         {side + 0.8 * cell_x, 0.2 * side}};
        for (int i = 0; i < 20; ++i)
            places.emplace_back(random().uniform(-0.4, 1.4) * side,
                                random().uniform(-0.4, 1.4) * side);
        for (const auto& [x, y] : places) {
            input("features = " + describe(features) + ", x = " + number(x) + ", y = " + number(y) +
                  ", size = " + number(side));
            const Tensor sample = sampled(features, x, y, side);
            expect_unchanged("features", features, before);
            // Of a box without area, all samples lie at one place.
            const Tensor point = Tensor::from<double>({x, y, x, y}, {1, 4});
            expect_tensor("the sample", sample,
                          engine_roi_align(before, point, side, 1).view({map.channels}));
        }
    }
}

TASK(3, "aligned", 2) {
    for_all_maps([](const Map& map, int64_t bins) {
        const Tensor features = normal(map.shape()), before = features.clone(),
                     boxes = boxes_for(map);
        input("features = " + describe(features) + ", boxes = " + describe(boxes) +
              ", size = " + number(map.size) + ", bins = " + std::to_string(bins));
        const Tensor want = engine_roi_align(before, boxes, map.size, bins);
        leave_traces(want.shape(), DType::f64);
        const Tensor y = aligned(features, boxes, map.size, bins);
        expect_unchanged("features", features, before);
        expect_tensor("y", y, want);
    });
}

TASK(4, "aligned_backward", 3) {
    for_all_maps([](const Map& map, int64_t bins) {
        const Tensor boxes = boxes_for(map), dy = normal({boxes.dim(0), bins, bins, map.channels}),
                     before = dy.clone();
        input("dy = " + describe(dy) + ", boxes = " + describe(boxes) +
              ", size = " + number(map.size) + ", height = " + std::to_string(map.height) +
              ", width = " + std::to_string(map.width));
        const Tensor want = engine_gradients(
            [&](const std::vector<Tensor>& in) {
                return engine_roi_align(in[0], boxes, map.size, bins);
            },
            {normal(map.shape())}, before)[0];
        leave_traces(map.shape(), DType::f64);
        const Tensor got = aligned_backward(dy, boxes, map.size, map.height, map.width);
        expect_unchanged("dy", dy, before);
        expect_tensor("the gradient of features", got, want);
    });
}

}  // namespace mdn::lesson
