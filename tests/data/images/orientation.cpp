#include "data/images/orientation.h"

#include "tests/data/images/exif.h"
#include "tests/data/temporary_dataset.h"
#include "tests/shell.h"

namespace mdn::test {

namespace {

/// The two movements that orientations are made of, as one would write them down.
Image transposed(const Image& image) {
    Image out{image.height, image.width, {}};
    for (std::int64_t y = 0; y < out.height; ++y)
        for (std::int64_t x = 0; x < out.width; ++x)
            for (std::int64_t c = 0; c < 3; ++c)
                out.pixels.push_back(image.pixels[(x * image.width + y) * 3 + c]);
    return out;
}

Image flipped(const Image& image, bool left_right, bool upside_down) {
    Image out{image.width, image.height, {}};
    for (std::int64_t y = 0; y < out.height; ++y)
        for (std::int64_t x = 0; x < out.width; ++x)
            for (std::int64_t c = 0; c < 3; ++c) {
                const std::int64_t column = left_right ? image.width - 1 - x : x;
                const std::int64_t row = upside_down ? image.height - 1 - y : y;
                out.pixels.push_back(image.pixels[(row * image.width + column) * 3 + c]);
            }
    return out;
}

/// What OpenCV 4.14.0 and 5.0.0 and Pillow 13.0.0 show of a picture that is stored with an
/// orientation.
Image shown(const Image& stored, int orientation) {
    switch (orientation) {
        case 2:
            return flipped(stored, true, false);
        case 3:
            return flipped(stored, true, true);
        case 4:
            return flipped(stored, false, true);
        case 5:
            return transposed(stored);
        case 6:
            return flipped(transposed(stored), true, false);
        case 7:
            return flipped(transposed(stored), true, true);
        case 8:
            return flipped(transposed(stored), false, true);
        default:
            return stored;
    }
}

}  // namespace

TEST_SUITE("data/images/orientation") {
    TEST_CASE("a picture is turned upright, as is the size in its header") {
        const TemporaryFolder folder;
        const Image drawn = random_image(24, 40, 4);
        const std::string jpeg = jpeg_bytes(drawn);
        write_image(folder / "stored.png", drawn);
        const std::string png = text_of(folder / "stored.png");
        write(folder / "stored.jpg", jpeg);
        const Image stored = read_image(folder / "stored.jpg");
        for (const bool little : {true, false}) {
            for (int value = 0; value <= 10; ++value) {
                CAPTURE(value);
                Exif exif{.little = little};
                exif.entries = {exif.orientation(value)};
                write(folder / "a.jpg", with_segment(jpeg, exif.segment()));
                write(folder / "a.png", with_chunk(png, "IDAT", png_chunk("eXIf", exif.bytes())));
                for (const bool is_png : {false, true}) {
                    CAPTURE(is_png);
                    const auto path = folder / (is_png ? "a.png" : "a.jpg");
                    const Image got = read_image(path);
                    const Image expected = shown(is_png ? drawn : stored, value);
                    CHECK(got.width == expected.width);
                    CHECK(got.height == expected.height);
                    CHECK(got.pixels == expected.pixels);
                    CHECK(image_size(path).width == expected.width);
                    CHECK(image_size(path).height == expected.height);
                }
            }
        }
    }

    // What imread of OpenCV 4.14.0 and 5.0.0 does with each of these, tried.
    TEST_CASE("EXIF data of every making say what they say to OpenCV") {
        const Exif little, big{.little = false};
        const auto with = [](std::vector<ExifEntry> entries, bool is_little = true) {
            return Exif{.little = is_little, .entries = std::move(entries)}.bytes();
        };
        const ExifEntry six = little.orientation(6), three = little.orientation(3);
        CHECK(exif_orientation(with({})) == 0);
        CHECK(exif_orientation(with({six, three})) == 6);
        CHECK(exif_orientation(with({little.orientation(9), three})) == 1);
        CHECK(exif_orientation(Exif{.thumbnail = {six}}.bytes()) == 0);
        CHECK(exif_orientation(Exif{.entries = {six}, .thumbnail = {three}}.bytes()) == 6);
        CHECK(exif_orientation(Exif{.entries = {six}, .offset = 20}.bytes()) == 6);
        CHECK(exif_orientation(Exif{.entries = {six}, .magic = 43}.bytes()) == 0);
        // Of any type, the first two bytes.
        CHECK(exif_orientation(with({{0x0112, 4, 1, little.number(6, 4)}})) == 6);
        CHECK(exif_orientation(with({{0x0112, 4, 1, big.number(6, 4)}}, false)) == 1);
        CHECK(exif_orientation(with({{0x0112, 1, 1, std::string("\6\0\0\0", 4)}})) == 6);
        // Another byte order than the two is read as the second.
        CHECK(exif_orientation("XX" + with({big.orientation(6)}, false).substr(2)) == 6);
        CHECK(exif_orientation("IM" + with({big.orientation(6)}, false).substr(2)) == 6);
        CHECK(exif_orientation("XX" + with({six}).substr(2)) == 0);
        // What comes before it points past the end, or comes behind it.
        CHECK(exif_orientation(with({little.text(0x010F, 100, 5000), six})) == 0);
        CHECK(exif_orientation(with({little.text(0x010F, 30, 8), six})) == 6);
        CHECK(exif_orientation(with({little.text(0x010F, 31, 8), six})) == 0);
        CHECK(exif_orientation(with({little.text(0x010F, 4, 0x00636261), six})) == 6);
        CHECK(exif_orientation(with({{0x011A, 5, 1, little.number(5000, 4)}, six})) == 0);
        CHECK(exif_orientation(with({six, {0x011A, 5, 1, little.number(5000, 4)}})) == 6);
        CHECK(exif_orientation(with({{0x8769, 4, 1, little.number(5000, 4)}, six})) == 6);
        // Cut short, and with more entries than there are.
        const std::string bytes = with({six});
        for (std::size_t length = 0; length <= bytes.size(); ++length) {
            CAPTURE(length);
            CHECK(exif_orientation(bytes.substr(0, length)) == (length < 20 ? 0 : 6));
        }
        std::string many = bytes;
        many[8] = many[9] = '\xFF';
        CHECK(exif_orientation(many) == 6);
        many[10] = 0;
        CHECK(exif_orientation(many) == 0);
        std::string far = bytes;
        far[4] = far[5] = far[6] = far[7] = '\xFF';
        CHECK(exif_orientation(far) == 0);
    }

    TEST_CASE("of a JPEG, the first segment in front of the pixels that says any") {
        const TemporaryFolder folder;
        const std::string jpeg = jpeg_bytes(random_image(24, 40, 4));
        const Exif little;
        const auto exif = [&](int value) {
            return Exif{.entries = {little.orientation(value)}}.segment();
        };
        // Both readers, of which the one must not know more than the other.
        const auto is_turned = [&](const std::string& bytes) {
            write(folder / "a.jpg", bytes);
            const FrameSize claimed = image_size(folder / "a.jpg");
            const Image image = read_image(folder / "a.jpg");
            CHECK(image.width == claimed.width);
            CHECK(image.height == claimed.height);
            return image.width == 40;
        };
        const auto turned = [&](const std::string& segments) {
            return is_turned(with_segment(jpeg, segments));
        };
        CHECK(turned(exif(6)));
        CHECK(turned(exif(6) + exif(3)));
        CHECK_FALSE(turned(exif(3) + exif(6)));
        CHECK_FALSE(turned(exif(9) + exif(6)));
        CHECK(turned(Exif{}.segment() + exif(6)));
        CHECK(turned(jpeg_segment(0xE1, std::string("Exif\0\0II", 8)) + exif(6)));
        CHECK(turned(jpeg_segment(0xE1, "http://ns.adobe.com/xap/1.0/") + exif(6)));
        CHECK(turned(jpeg_segment(0xE1, "") + exif(6)));
        CHECK(turned(jpeg_segment(0xE2, std::string(60'000, '\xFF')) + exif(6)));
        CHECK_FALSE(turned(jpeg_segment(0xE2, exif(6).substr(4))));
        CHECK_FALSE(turned(jpeg_segment(0xE2, exif(6))));
        std::string other = exif(6);
        other[4] = 'e';
        CHECK_FALSE(turned(other));
        // Also behind the size, but not behind the pixels.
        std::string behind = jpeg;
        behind.insert(jpeg.find("\xFF\xDA"), exif(6));
        CHECK(is_turned(behind));
        std::string end = jpeg;
        end.insert(jpeg.size() - 2, exif(6));
        CHECK_FALSE(is_turned(end));
        CHECK_FALSE(is_turned(jpeg + with_segment(jpeg, exif(6))));
    }

    TEST_CASE("of a PNG, the first whole chunk, also behind the pixels") {
        const TemporaryFolder folder;
        write_image(folder / "stored.png", random_image(24, 40, 4));
        const std::string png = text_of(folder / "stored.png");
        const Exif little;
        const auto exif = [&](int value) {
            return png_chunk("eXIf", Exif{.entries = {little.orientation(value)}}.bytes());
        };
        const auto is_turned = [&](const std::string& bytes) {
            write(folder / "a.png", bytes);
            const FrameSize claimed = image_size(folder / "a.png");
            const Image image = read_image(folder / "a.png");
            CHECK(image.width == claimed.width);
            CHECK(image.height == claimed.height);
            return image.width == 40;
        };
        CHECK(is_turned(with_chunk(png, "IDAT", exif(6))));
        CHECK(is_turned(with_chunk(png, "IEND", exif(6))));
        CHECK_FALSE(is_turned(png + exif(6)));
        CHECK(is_turned(with_chunk(png, "IDAT", exif(6) + exif(3))));
        CHECK_FALSE(is_turned(with_chunk(png, "IDAT", exif(3) + exif(6))));
        CHECK_FALSE(is_turned(with_chunk(with_chunk(png, "IEND", exif(6)), "IDAT",
                                         png_chunk("eXIf", Exif{}.bytes()))));
        std::string damaged = exif(6);
        damaged.back() = static_cast<char>(damaged.back() ^ 1);
        CHECK_FALSE(is_turned(with_chunk(png, "IDAT", damaged)));
        CHECK(is_turned(with_chunk(png, "IDAT", damaged + exif(6))));
        const std::string bytes = Exif{.entries = {little.orientation(6)}}.bytes();
        CHECK_FALSE(is_turned(
            with_chunk(png, "IDAT", png_chunk("eXIf", std::string("Exif\0\0", 6) + bytes))));
        CHECK_FALSE(is_turned(with_chunk(png, "IDAT", png_chunk("eXIf", bytes.substr(0, 18)))));
        CHECK(is_turned(
            with_chunk(png, "IDAT", png_chunk("tEXt", std::string(70'000, 'x')) + exif(6))));
    }
}

}  // namespace mdn::test
