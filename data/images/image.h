// Frames on disk to the network's input: decode once, then resize, crop, flip and normalise in one
// pass that writes nothing larger than its result.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/transform.h"

namespace mdn {

/// Decoded RGB, [height,width,3].
struct Image {
    std::int64_t width = 0;
    std::int64_t height = 0;
    std::vector<std::uint8_t> pixels;
};

/// Mean and standard deviation of RGB in 0..255 that pretrained backbones expect (ImageNet's, as in
/// TSM and MMAction2).
constexpr std::array<float, 3> rgb_mean = {123.675f, 116.28f, 103.53f};
constexpr std::array<float, 3> rgb_deviation = {58.395f, 57.12f, 57.375f};

/// Reads a JPEG or PNG file as RGB, whatever its number of channels, upright as OpenCV's imread
/// does (data/images/orientation.h). Throws Error naming the file: missing, not decodable, cut
/// short, of zero size, above 64 megapixels or more than the file can hold (both found from the
/// header, before memory is taken), or unpacking to more than its header says. At no time does
/// decoding take more than 4 times the file and its pixels as RGBA.
Image read_image(const std::filesystem::path& path);

/// The size of what read_image gives, after decoding all but colours. Throws as it does, and takes
/// a third less time for a JPEG.
FrameSize check_image(const std::filesystem::path& path);

/// The size that read_image gives a JPEG or PNG file, from its header: no pixel is read. Throws
/// Error naming the file: missing, not a valid header, of zero size.
FrameSize image_size(const std::filesystem::path& path);

/// Writes out [size,size,3] = (image under the transform - rgb_mean) / rgb_deviation. Bilinear with
/// half-pixel centres and without antialiasing (SPEC §9): the centre of each output pixel is moved
/// back into the image and interpolated between the four pixel centres around it; beyond the
/// outermost centres the border pixel goes on.
void resample(const Image& image, const Transform& transform, std::int64_t size, float* out);

/// What resample() wrote, [size,size,3], back as a picture: to the nearest level.
Image picture_of(const float* frame, std::int64_t size);

}  // namespace mdn
