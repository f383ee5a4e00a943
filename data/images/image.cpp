#include "data/images/image.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#include <stb/stb_image.h>

#include "data/file.h"
#include "data/images/decode_budget.h"
#include "data/images/jpeg_check.h"
#include "data/images/orientation.h"
#include "data/images/png_chunks.h"
#include "engine/error.h"

namespace mdn {

namespace {

std::string size_text(FrameSize size) {
    return std::to_string(size.width) + "x" + std::to_string(size.height);
}

bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xFF\xD8"); }

bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
    throw Error("cannot decode image " + path.string() + ": " + why);
}

/// The size in a PNG's header, whatever it is: stb calls a header of too large a size no header.
FrameSize claimed_png_size(std::string_view bytes) {
    if (!is_png(bytes) || bytes.size() < 24) return {};
    FrameSize size;
    for (std::size_t i = 16; i < 20; ++i) {
        size.width = 256 * size.width + static_cast<unsigned char>(bytes[i]);
        size.height = 256 * size.height + static_cast<unsigned char>(bytes[i + 4]);
    }
    return size;
}

/// The bytes that a PNG's compressed data must unpack to, from its header (which stb has checked).
double unpacked_png_bytes(std::string_view bytes, FrameSize size) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    constexpr std::size_t depth_at = 24, colour_at = 25;
    if (bytes.size() <= colour_at) return 0;
    constexpr double channels[] = {1, 0, 3, 1, 2, 0, 4};
    const double bits = byte(depth_at) * channels[std::min<std::size_t>(byte(colour_at), 6)];
    return static_cast<double>(size.height) *
           (1 + std::ceil(static_cast<double>(size.width) * bits / 8));
}

/// Whether a file can hold as many pixels as its header claims: deflate packs at most 1032 bytes
/// into one, and a JPEG spends at least a bit on 8x8 pixels.
bool is_plausible(std::string_view bytes, FrameSize size) {
    const double length = static_cast<double>(bytes.size());
    if (is_jpeg(bytes)) {
        return static_cast<double>(size.width * size.height) <= 512 * length;
    }
    return unpacked_png_bytes(bytes, size) <= 1032 * length;
}

/// What decoding takes at most: twice the compressed data while it is gathered, and of the pixels,
/// with four channels, four copies in all (a progressive JPEG's coefficients, a PNG's passes).
std::size_t decoding_bytes(std::string_view bytes, FrameSize size, bool is_16_bit) {
    constexpr std::size_t tables = std::size_t{256} << 10;
    const auto pixels = static_cast<std::size_t>(size.width * size.height);
    return tables + 3 * bytes.size() + (is_16_bit ? 32 : 16) * pixels;
}

/// The two pixels of one axis that an output pixel lies between, and the share of the second.
struct Tap {
    std::int64_t first = 0;
    std::int64_t second = 0;
    float share = 0;
};

std::vector<Tap> taps(std::int64_t input, std::int64_t output, double scale, double offset) {
    std::vector<Tap> result(static_cast<std::size_t>(output));
    const double last = static_cast<double>(input - 1);
    for (std::int64_t i = 0; i < output; ++i) {
        const double centre = (static_cast<double>(i) + 0.5 - offset) / scale - 0.5;
        const double position = std::clamp(centre, 0.0, last);
        Tap& tap = result[static_cast<std::size_t>(i)];
        tap.first = static_cast<std::int64_t>(position);
        tap.second = std::min(tap.first + 1, input - 1);
        tap.share = static_cast<float>(position - static_cast<double>(tap.first));
    }
    return result;
}

}  // namespace

FrameSize image_size(const std::filesystem::path& path) {
    if (!is_file(path)) throw Error("missing file " + path.string());
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error("cannot read " + path.string());
    char start[24] = {};
    file.read(start, sizeof start);
    const std::string_view bytes(start, static_cast<std::size_t>(file.gcount()));
    FrameSize size = claimed_png_size(bytes);
    Orientation orientation = 0;
    file.clear();
    if (is_jpeg(bytes)) {
        file.seekg(2);
        const JpegHeader header = read_jpeg_header(file);
        size = header.stored;
        orientation = header.orientation;
    } else if (size.width > 0) {
        orientation = png_orientation(file);
    }
    if (size.width < 1 || size.height < 1) fail(path, "no valid JPEG or PNG header");
    return upright_size(size, orientation);
}

namespace {

struct Decoded {
    std::unique_ptr<stbi_uc, void (*)(void*)> pixels;  // [height,width,channels], as stored
    FrameSize stored;
    Orientation orientation = 0;
};

/// With 1 channel a JPEG's colours are unpacked, but not converted.
Decoded decode(const std::filesystem::path& path, int wanted_channels) {
    const std::string bytes = read_file(path);
    const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
    int length = static_cast<int>(bytes.size());  // read_file's limit keeps it in range
    const auto refuse_too_large = [&](FrameSize size) {
        constexpr std::int64_t most_pixels = std::int64_t{64} << 20;
        if (size.height == 0 || size.width <= most_pixels / size.height) return;
        fail(path, size_text(size) + " is too large");
    };
    if (bytes.empty()) fail(path, "the file is empty");
    // The decoder is less strict about how a file begins.
    if (!is_jpeg(bytes) && !is_png(bytes)) fail(path, "it is neither a JPEG nor a PNG file");
    JpegCheck jpeg;
    if (is_jpeg(bytes)) jpeg = check_jpeg(bytes);
    if (!jpeg.fault.empty()) fail(path, jpeg.fault);
    if (jpeg.length > 0) length = static_cast<int>(jpeg.length);
    refuse_too_large(claimed_png_size(bytes));
    int width = 0, height = 0, channels = 0;
    if (!stbi_info_from_memory(data, length, &width, &height, &channels)) {
        fail(path, std::string("no valid JPEG or PNG header (") + stbi_failure_reason() + ")");
    }
    const FrameSize size{width, height};
    if (width < 1 || height < 1) fail(path, "its size is " + size_text(size));
    refuse_too_large(size);
    if (!is_plausible(bytes, size)) {
        fail(path, std::to_string(bytes.size()) + " bytes cannot hold the " + size_text(size) +
                       " pixels that its header claims");
    }
    const DecodeBudget budget(
        decoding_bytes(bytes, size, stbi_is_16_bit_from_memory(data, length) != 0));
    Decoded decoded{
        .pixels = {stbi_load_from_memory(data, length, &width, &height, &channels, wanted_channels),
                   stbi_image_free},
        .stored = size,
        .orientation = is_jpeg(bytes) ? jpeg.orientation : png_orientation(bytes)};
    if (!decoded.pixels && budget.exceeded())
        fail(path, "it unpacks to more than its header claims");
    if (!decoded.pixels) fail(path, stbi_failure_reason());
    return decoded;
}

}  // namespace

Image read_image(const std::filesystem::path& path) {
    const Decoded decoded = decode(path, 3);
    const auto [width, height] = decoded.stored;
    const std::uint8_t* pixels = decoded.pixels.get();
    const std::int64_t values = 3 * width * height;
    if (decoded.orientation <= 1) return {width, height, {pixels, pixels + values}};
    const FrameSize upright = upright_size(decoded.stored, decoded.orientation);
    Image image{upright.width, upright.height,
                std::vector<std::uint8_t>(static_cast<std::size_t>(values))};
    turn_upright(pixels, decoded.stored, decoded.orientation, image.pixels.data());
    return image;
}

FrameSize check_image(const std::filesystem::path& path) {
    const Decoded decoded = decode(path, 1);
    return upright_size(decoded.stored, decoded.orientation);
}

namespace {

/// The rows of an image between the pixels of its columns, each made once: neighbouring output rows
/// lie between the same two.
class StretchedRows {
  public:
    StretchedRows(const Image& image, const std::vector<Tap>& columns)
        : image_(image), columns_(columns) {}

    /// Row y: three numbers for each of the columns. Valid until the row after the next is asked
    /// for.
    const float* row(std::int64_t y) {
        for (Row& made : rows_)
            if (made.y == y) return (last_ = &made)->numbers.data();
        Row& row = last_ == &rows_[0] ? rows_[1] : rows_[0];
        last_ = &row;
        row.y = y;
        row.numbers.resize(3 * columns_.size());
        const std::uint8_t* const from = image_.pixels.data() + 3 * image_.width * y;
        float* to = row.numbers.data();
        for (const Tap& column : columns_) {
            const std::uint8_t *left = from + 3 * column.first, *right = from + 3 * column.second;
            for (int c = 0; c < 3; ++c) {
                const float a = left[c], b = right[c];
                *to++ = a + column.share * (b - a);
            }
        }
        return row.numbers.data();
    }

  private:
    struct Row {
        std::int64_t y = -1;
        std::vector<float> numbers;
    };
    const Image& image_;
    const std::vector<Tap>& columns_;
    std::array<Row, 2> rows_;
    Row* last_ = nullptr;  // of them, the one that was asked for last
};

}  // namespace

void resample(const Image& image, const Transform& transform, std::int64_t size, float* out) {
    const auto columns = taps(image.width, size, transform.scale_x, transform.offset_x);
    const auto rows = taps(image.height, size, transform.scale_y, transform.offset_y);
    std::vector<float> mean, gain;  // of every number in a row
    for (std::int64_t i = 0; i < 3 * size; ++i) {
        const auto c = static_cast<std::size_t>(i % 3);
        mean.push_back(rgb_mean[c]);
        gain.push_back(1 / rgb_deviation[c]);
    }
    StretchedRows stretched(image, columns);
    for (const Tap& row : rows) {
        const float *above = stretched.row(row.first), *below = stretched.row(row.second);
        for (std::int64_t i = 0; i < 3 * size; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const float value = above[i] + row.share * (below[i] - above[i]);
            out[i] = (value - mean[at]) * gain[at];
        }
        out += 3 * size;
    }
}

Image picture_of(const float* frame, std::int64_t size) {
    Image picture{size, size, {}};
    for (std::int64_t i = 0; i < size * size * 3; ++i) {
        const auto c = static_cast<std::size_t>(i % 3);
        const float level = frame[i] * rgb_deviation[c] + rgb_mean[c];
        picture.pixels.push_back(
            static_cast<std::uint8_t>(std::lround(std::clamp(level, 0.f, 255.f))));
    }
    return picture;
}

}  // namespace mdn
