#include "train/output/tensorboard/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace mdn {

namespace {

using Colour = std::array<uint8_t, 3>;

Image blank(int64_t width, int64_t height, Colour colour) {
    Image image{.width = width, .height = height, .pixels = {}};
    for (int64_t i = 0; i < width * height; ++i)
        image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
    return image;
}

void put(Image& image, int64_t x, int64_t y, Colour colour) {
    if (x < 0 || y < 0 || x >= image.width || y >= image.height) return;
    std::copy(colour.begin(), colour.end(), image.pixels.begin() + 3 * (y * image.width + x));
}

/// The pixels that the sides of a box run through.
void draw_box(Image& image, int64_t left, int64_t top, int64_t right, int64_t bottom,
              Colour colour) {
    for (int64_t x = left; x <= right; ++x) {
        put(image, x, top, colour);
        put(image, x, bottom, colour);
    }
    for (int64_t y = top; y <= bottom; ++y) {
        put(image, left, y, colour);
        put(image, right, y, colour);
    }
}

/// Paul Tol's bright scheme, which the colour-blind can tell apart.
constexpr Colour entity_colours[] = {{0x44, 0x77, 0xAA}, {0xEE, 0x66, 0x77}, {0x22, 0x88, 0x33},
                                     {0xCC, 0xBB, 0x44}, {0x66, 0xCC, 0xEE}, {0xAA, 0x33, 0x77}};

}  // namespace

Image frames_with_boxes(const ClipTensors& tensors, int64_t clip) {
    const Tensor& frames = tensors.frames;
    const int64_t T = frames.dim(1), S = frames.dim(2);
    Image image = blank(T * S, S, {0, 0, 0});
    const float* value = frames.data<float>() + clip * T * S * S * 3;
    for (int64_t t = 0; t < T; ++t)
        for (int64_t y = 0; y < S; ++y)
            for (int64_t x = 0; x < S; ++x) {
                Colour colour;
                for (size_t c = 0; c < 3; ++c) {
                    const float level = *value++ * rgb_deviation[c] + rgb_mean[c];
                    colour[c] = static_cast<uint8_t>(std::clamp(level + 0.5f, 0.0f, 255.0f));
                }
                put(image, t * S + x, y, colour);
            }
    if (!tensors.boxes.defined()) return image;
    const int64_t K = tensors.boxes.dim(2);
    for (int64_t t = 0; t < T; ++t)
        for (int64_t k = 0; k < K; ++k) {
            const float* const box = tensors.boxes.data<float>() + ((clip * T + t) * K + k) * 4;
            // In its own frame: an edge at S is drawn on the last pixel.
            const auto pixel = [&](float edge) {
                return std::clamp<int64_t>(static_cast<int64_t>(std::floor(edge)), 0, S - 1);
            };
            draw_box(image, t * S + pixel(box[0]), pixel(box[1]), t * S + pixel(box[2]),
                     pixel(box[3]),
                     entity_colours[static_cast<size_t>(k) % std::size(entity_colours)]);
        }
    return image;
}

Image confusion_picture(const std::vector<std::vector<int64_t>>& confusion) {
    const int64_t classes = std::ssize(confusion);
    const int64_t cell = std::clamp<int64_t>(480 / std::max<int64_t>(classes, 1), 3, 24);
    Image image = blank(classes * cell + 1, classes * cell + 1, {0xDD, 0xDD, 0xDD});
    for (int64_t truth = 0; truth < classes; ++truth) {
        const std::vector<int64_t>& row = confusion[static_cast<size_t>(truth)];
        const int64_t clips = std::accumulate(row.begin(), row.end(), int64_t{0});
        for (int64_t given = 0; given < classes; ++given) {
            // From white to a dark blue; the part's root, so that few confusions are seen too.
            const double part = clips > 0 ? static_cast<double>(row[static_cast<size_t>(given)]) /
                                                static_cast<double>(clips)
                                          : 0;
            const double depth = std::sqrt(part);
            const auto level = [&](double darkest) {
                return static_cast<uint8_t>(std::lround(255 - (255 - darkest) * depth));
            };
            const Colour colour =
                clips > 0 ? Colour{level(8), level(48), level(107)} : Colour{0xBB, 0xBB, 0xBB};
            for (int64_t y = 1; y < cell; ++y)
                for (int64_t x = 1; x < cell; ++x)
                    put(image, given * cell + x, truth * cell + y, colour);
        }
    }
    return image;
}

}  // namespace mdn
