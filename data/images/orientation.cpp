#include "data/images/orientation.h"

#include <optional>

namespace mdn {

namespace {

/// Numbers in the data's own byte order; nothing behind its end.
class Numbers {
  public:
    explicit Numbers(std::string_view bytes) : bytes_(bytes), little_(bytes.starts_with("II")) {}

    std::optional<std::uint32_t> two_bytes(std::size_t at) const { return number(at, 2); }
    std::optional<std::uint32_t> four_bytes(std::size_t at) const { return number(at, 4); }
    bool holds(std::size_t at, std::size_t count) const {
        return at <= bytes_.size() && count <= bytes_.size() - at;
    }

  private:
    std::optional<std::uint32_t> number(std::size_t at, std::size_t count) const {
        if (!holds(at, count)) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t place = little_ ? count - 1 - i : i;
            value = 256 * value + static_cast<unsigned char>(bytes_[at + place]);
        }
        return value;
    }

    std::string_view bytes_;
    bool little_;
};

constexpr std::size_t entry_bytes = 12;
constexpr std::uint32_t orientation_tag = 0x0112;

/// Whether OpenCV reads on behind an entry: it stops at texts and fractions that it knows and that
/// point past the end of the data.
bool is_sound(const Numbers& numbers, std::size_t entry, std::uint32_t tag) {
    const auto holds_fractions = [&](std::size_t count) {
        const auto place = numbers.four_bytes(entry + 8);
        return place && numbers.holds(*place, 8 * count);
    };
    switch (tag) {
        case 0x010E:  // description
        case 0x010F:  // make
        case 0x0110:  // model
        case 0x0131:  // software
        case 0x0132:  // date and time
        case 0x8298:  // copyright
        {
            const auto length = numbers.four_bytes(entry + 4);
            if (!length) return false;
            // A short text lies in the entry; OpenCV reads it elsewhere, where no camera's data
            // end.
            const auto place = *length > 4 ? numbers.four_bytes(entry + 8) : 8u;
            return place && numbers.holds(*place, *length);
        }
        case 0x0128:  // unit of resolution
        case 0x0213:  // where the colours lie
            return numbers.two_bytes(entry + 8).has_value();
        case 0x011A:  // resolution across and down
        case 0x011B:
            return holds_fractions(1);
        case 0x013E:  // white point
            return holds_fractions(2);
        case 0x0211:  // from RGB to YCbCr
            return holds_fractions(3);
        case 0x013F:  // primary colours
        case 0x0214:  // reference black and white
            return holds_fractions(6);
        default:
            return true;
    }
}

}  // namespace

Orientation exif_orientation(std::string_view exif) {
    const Numbers numbers(exif);
    if (numbers.two_bytes(2) != 42u) return 0;
    const auto directory = numbers.four_bytes(4);
    if (!directory) return 0;
    const auto entries = numbers.two_bytes(*directory);
    if (!entries) return 0;
    std::size_t entry = std::size_t{*directory} + 2;
    for (std::uint32_t i = 0; i < *entries; ++i, entry += entry_bytes) {
        const auto tag = numbers.two_bytes(entry);
        if (!tag) return 0;
        if (*tag == orientation_tag) {
            const auto value = numbers.two_bytes(entry + 8);
            if (!value) return 0;
            return *value >= 1 && *value <= 8 ? static_cast<Orientation>(*value) : 1;
        }
        if (!is_sound(numbers, entry, *tag)) return 0;
    }
    return 0;
}

Orientation app1_orientation(std::string_view segment) {
    constexpr std::string_view begin("Exif\0\0", 6);
    return segment.starts_with(begin) ? exif_orientation(segment.substr(begin.size())) : 0;
}

FrameSize upright_size(FrameSize stored, Orientation orientation) {
    if (orientation >= 5) return {stored.height, stored.width};
    return stored;
}

void turn_upright(const std::uint8_t* stored, FrameSize size, Orientation orientation,
                  std::uint8_t* out) {
    const bool is_transposed = orientation >= 5;
    const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
    const bool from_bottom =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const FrameSize upright = upright_size(size, orientation);
    for (std::int64_t y = 0; y < upright.height; ++y) {
        for (std::int64_t x = 0; x < upright.width; ++x) {
            std::int64_t column = is_transposed ? y : x, row = is_transposed ? x : y;
            if (from_right) column = size.width - 1 - column;
            if (from_bottom) row = size.height - 1 - row;
            const std::uint8_t* pixel = stored + 3 * (row * size.width + column);
            for (int c = 0; c < 3; ++c) *out++ = pixel[c];
        }
    }
}

}  // namespace mdn
