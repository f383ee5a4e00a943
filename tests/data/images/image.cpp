#include "data/images/image.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "data/augmentation.h"
#include "data/file.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Bilinear resize with half-pixel centres, [height,width,3], as one would write it down.
std::vector<double> resize_plainly(const Image& image, std::int64_t width, std::int64_t height) {
    const auto at = [&](std::int64_t y, std::int64_t x, std::int64_t c) {
        y = std::clamp<std::int64_t>(y, 0, image.height - 1);
        x = std::clamp<std::int64_t>(x, 0, image.width - 1);
        return static_cast<double>(image.pixels[(y * image.width + x) * 3 + c]);
    };
    std::vector<double> out;
    for (std::int64_t i = 0; i < height; ++i) {
        for (std::int64_t j = 0; j < width; ++j) {
            for (std::int64_t c = 0; c < 3; ++c) {
                const double y = (i + 0.5) * image.height / height - 0.5;
                const double x = (j + 0.5) * image.width / width - 0.5;
                const double fy = y - std::floor(y), fx = x - std::floor(x);
                const auto y0 = static_cast<std::int64_t>(std::floor(y));
                const auto x0 = static_cast<std::int64_t>(std::floor(x));
                out.push_back((1 - fy) * ((1 - fx) * at(y0, x0, c) + fx * at(y0, x0 + 1, c)) +
                              fy * ((1 - fx) * at(y0 + 1, x0, c) + fx * at(y0 + 1, x0 + 1, c)));
            }
        }
    }
    return out;
}

/// Undoes the normalisation of one value.
double raw(float value, std::int64_t channel) {
    constexpr double mean[3] = {123.675, 116.28, 103.53}, deviation[3] = {58.395, 57.12, 57.375};
    return value * deviation[channel] + mean[channel];
}

}  // namespace

TEST_SUITE("data/images/image") {
    TEST_CASE("one pass equals resize, centre crop and normalisation one after the other") {
        constexpr std::int64_t S = 56;  // short side to 64
        for (const auto& size : {std::pair<std::int64_t, std::int64_t>{90, 131},
                                 {203, 80},
                                 {64, 64},
                                 {31, 40},
                                 {1, 3}}) {
            const auto& [width, height] = size;
            CAPTURE(size.first);
            const Image image = random_image(width, height, 3);
            const FrameSize large = resized({width, height}, S);
            const auto reference = resize_plainly(image, large.width, large.height);
            std::vector<float> out(S * S * 3);
            resample(image, evaluation_transform({width, height}, S), S, out.data());
            const std::int64_t x0 = (large.width - S) / 2, y0 = (large.height - S) / 2;
            double worst = 0;
            for (std::int64_t y = 0; y < S; ++y) {
                for (std::int64_t x = 0; x < S; ++x) {
                    for (std::int64_t c = 0; c < 3; ++c) {
                        const double expected =
                            reference[((y + y0) * large.width + x + x0) * 3 + c];
                        const double got = raw(out[(y * S + x) * 3 + c], c);
                        worst = std::max(worst, std::abs(got - expected));
                    }
                }
            }
            CHECK(worst < 1e-3);
        }
    }

    TEST_CASE("a flip mirrors the result") {
        constexpr std::int64_t S = 16;
        const Image image = random_image(40, 30, 5);
        const Transform straight{.scale_x = 0.75, .scale_y = 0.6, .offset_x = -4, .offset_y = -1};
        Transform mirrored = straight;
        mirrored.scale_x = -straight.scale_x;
        mirrored.offset_x = S - straight.offset_x;
        std::vector<float> a(S * S * 3), b(S * S * 3);
        resample(image, straight, S, a.data());
        resample(image, mirrored, S, b.data());
        for (std::int64_t y = 0; y < S; ++y) {
            for (std::int64_t x = 0; x < S; ++x) {
                for (std::int64_t c = 0; c < 3; ++c) {
                    CHECK(a[(y * S + x) * 3 + c] ==
                          doctest::Approx(b[(y * S + S - 1 - x) * 3 + c]).epsilon(1e-5));
                }
            }
        }
        CHECK(a != b);
    }

    TEST_CASE("PNG comes back exactly, JPEG nearly, grey as RGB") {
        TemporaryFolder folder;
        const Image image = random_image(7, 5, 11);
        write_image(folder / "a.jpg", image);
        const Image back = read_image(folder / "a.jpg");
        CHECK(back.width == 7);
        CHECK(back.height == 5);
        CHECK(back.pixels == image.pixels);
        Image smooth{32, 24, {}};
        for (std::int64_t i = 0; i < 32 * 24; ++i) {
            for (std::int64_t c = 0; c < 3; ++c) {
                smooth.pixels.push_back(static_cast<std::uint8_t>(40 * c + 3 * (i % 32) + i / 32));
            }
        }
        write(folder / "b.jpg", jpeg_bytes(smooth));
        const Image jpeg = read_image(folder / "b.jpg");
        REQUIRE(jpeg.pixels.size() == smooth.pixels.size());
        int worst = 0;
        for (std::size_t i = 0; i < smooth.pixels.size(); ++i) {
            worst = std::max(worst, std::abs(int{jpeg.pixels[i]} - int{smooth.pixels[i]}));
        }
        CHECK(worst < 12);
        // 1x1 grey PNG of value 77.
        const unsigned char grey[] = {
            0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0,   0,    0,    13,   'I',  'H',
            'D',  'R',  0,    0,    0,    1,    0,    0,    0,   1,    8,    0,    0,    0,
            0,    0x3a, 0x7e, 0x9b, 0x55, 0,    0,    0,    13,  'I',  'D',  'A',  'T',  0x78,
            0x01, 0x01, 2,    0,    0xfd, 0xff, 0,    77,   0,   0x4f, 0,    0x4e, 0,    0,
            0,    0,    0,    0,    0,    0,    'I',  'E',  'N', 'D',  0xae, 0x42, 0x60, 0x82};
        write(folder / "c.png", {reinterpret_cast<const char*>(grey), sizeof grey});
        CHECK(read_image(folder / "c.png").pixels == std::vector<std::uint8_t>{77, 77, 77});
    }

    // stb_image 2.27 and 2.30 alone give (105, 83, 183) for the fifth of these.
    TEST_CASE("a JPEG of half the colours across is right up to its edge") {
        const Image image = read_image("tests/fuzz/corpus/image/baseline422.jpg");
        REQUIRE(image.width == 16);
        REQUIRE(image.height == 8);
        // Columns 10 to 15 of the first row, by libjpeg-turbo (Pillow 13.0.0, OpenCV 4.14.0).
        constexpr int expected[][3] = {{42, 59, 201}, {41, 56, 199}, {41, 60, 198},
                                       {73, 51, 151}, {171, 67, 90}, {204, 58, 43}};
        for (std::size_t x = 0; x < 6; ++x)
            for (std::size_t c = 0; c < 3; ++c)
                CHECK(std::abs(image.pixels[3 * (10 + x) + c] - expected[x][c]) <= 3);
    }

    TEST_CASE("the size of an image is read from its header alone") {
        TemporaryFolder folder;
        std::string jpeg = jpeg_bytes(random_image(37, 29, 6));
        // A segment longer than what is read at once, full of the headers of another image.
        std::string segment("\xFF\xE1\x40\x02", 4);
        while (segment.size() < 0x4004) segment += jpeg_bytes(random_image(5, 3, 8));
        segment.resize(0x4004);
        jpeg = jpeg.substr(0, 2) + segment + jpeg.substr(2);
        write(folder / "a.jpg", jpeg);
        write(folder / "cut.jpg", jpeg.substr(0, 0x4002 + 600));
        write_image(folder / "b.png", random_image(31, 40, 7));
        for (const auto& [name, width, height] :
             {std::tuple("a.jpg", 37, 29), std::tuple("cut.jpg", 37, 29),
              std::tuple("b.png", 31, 40)}) {
            CHECK(image_size(folder / name).width == width);
            CHECK(image_size(folder / name).height == height);
        }
    }

    TEST_CASE("files that claim or unpack to more than they hold are refused") {
        TemporaryFolder folder;
        const auto error = [&](const std::string& bytes) {
            write(folder / "bomb.png", bytes);
            return error_of([&] { read_image(folder / "bomb.png"); });
        };
        const auto with_size = [](std::string png, std::uint32_t width, std::uint32_t height) {
            for (int i = 0; i < 4; ++i) {
                png[static_cast<std::size_t>(16 + i)] = static_cast<char>(width >> (24 - 8 * i));
                png[static_cast<std::size_t>(20 + i)] = static_cast<char>(height >> (24 - 8 * i));
            }
            return png;
        };
        // 6 million zero bytes pack into 6 thousand: a bomb when the header says 1x1.
        Image black{2000, 1000, std::vector<std::uint8_t>(6'000'000, 0)};
        write_image(folder / "black.png", black);
        CHECK(read_image(folder / "black.png").pixels == black.pixels);
        const std::string png = read_file(folder / "black.png");
        CHECK(contains(error(with_size(png, 1, 1)), {"bomb.png", "more than its header"}));
        CHECK(
            contains(error(with_size(png, 8000, 8000)), {"bomb.png", "cannot hold", "8000x8000"}));
        CHECK(contains(error(with_size(png, 100'000, 100'000)),
                       {"bomb.png", "100000x100000", "too large"}));
        CHECK(contains(error(with_size(png, 9000, 9000)), {"bomb.png", "9000x9000", "too large"}));
        // A chunk that says it is a gigabyte long.
        std::string chunk = png;
        chunk[chunk.find("IDAT") - 4] = 0x3f;
        CHECK(contains(error(chunk), {"bomb.png", "more than its header"}));
        // JPEG has 16 bits for a side.
        std::string jpeg = jpeg_bytes(random_image(64, 48, 2));
        const std::size_t frame = jpeg.find("\xFF\xC0");
        for (std::size_t i = 5; i < 9; ++i) jpeg[frame + i] = '\xff';
        CHECK(contains(error(jpeg), {"bomb.png", "65535x65535", "too large"}));
        jpeg[frame + 5] = jpeg[frame + 7] = 0x1f;
        CHECK(contains(error(jpeg), {"bomb.png", "cannot hold", "8191x8191"}));
        // The largest that a JPEG can be for its bytes still decodes.
        const Image grey{1024, 1024, std::vector<std::uint8_t>(3 << 20, 128)};
        write(folder / "grey.jpg", jpeg_bytes(grey));
        CHECK(read_image(folder / "grey.jpg").width == 1024);
    }

    TEST_CASE("each seed of the fuzzer, hostile or not, is read or refused") {
        int read = 0, refused = 0;
        for (const auto& seed : std::filesystem::directory_iterator("tests/fuzz/corpus/image")) {
            INFO(seed.path());
            try {
                const Image image = read_image(seed.path());
                CHECK(std::ssize(image.pixels) == 3 * image.width * image.height);
                CHECK(image_size(seed.path()).width == image.width);
                CHECK(image_size(seed.path()).height == image.height);
                CHECK(check_image(seed.path()).width == image.width);
                CHECK(check_image(seed.path()).height == image.height);
                ++read;
            } catch (const Error& error) {
                CHECK(contains(error.what(), {seed.path().string()}));
                CHECK(contains(error_of([&] { check_image(seed.path()); }), {error.what()}));
                ++refused;
            }
        }
        CHECK(read > 10);
        CHECK(refused > 1);
    }

    TEST_CASE("what cannot be decoded is an error that names the file") {
        TemporaryFolder folder;
        const auto error = [&](const std::string& bytes) {
            write(folder / "bad.jpg", bytes);
            return error_of([&] { read_image(folder / "bad.jpg"); });
        };
        const std::string jpeg = jpeg_bytes(random_image(64, 48, 2));
        CHECK(contains(error(""), {"bad.jpg", "empty"}));
        CHECK(contains(error("not an image at all"), {"cannot decode", "bad.jpg", "neither"}));
        const std::string filled = std::string(1, '\xFF').append(jpeg_bytes(random_image(8, 8, 2)));
        CHECK(contains(error(filled), {"bad.jpg", "neither"}));
        CHECK(contains(error(jpeg.substr(0, 20)), {"cannot decode", "bad.jpg"}));
        CHECK(contains(error(jpeg.substr(0, jpeg.size() / 2)), {"bad.jpg", "cut short"}));
        CHECK(contains(error(jpeg.substr(0, jpeg.size() - 2)), {"bad.jpg", "cut short"}));
        // An end marker inside an application segment, as of a thumbnail, is not the image's.
        const std::string thumbnail("\xFF\xE1\x00\x08\xFF\xDA\x00\x00\xFF\xD9", 10);
        const std::string framed = jpeg.substr(0, 2) + thumbnail + jpeg.substr(2);
        write(folder / "framed.jpg", framed);
        CHECK(read_image(folder / "framed.jpg").width == 64);
        CHECK(contains(error(framed.substr(0, framed.size() / 2)), {"bad.jpg", "cut short"}));
        // The size is in the frame header: marker FF C0, length, precision, height, width.
        const std::size_t frame = jpeg.find("\xFF\xC0");
        REQUIRE(frame != std::string::npos);
        std::string zero = jpeg, huge = jpeg;
        zero[frame + 7] = zero[frame + 8] = 0;
        CHECK(contains(error(zero), {"cannot decode", "bad.jpg"}));
        for (std::size_t i = 5; i < 9; ++i) huge[frame + i] = '\x7f';
        CHECK(contains(error(huge), {"bad.jpg", "32639x32639", "too large"}));
        write_image(folder / "cut.png", random_image(64, 48, 2));
        std::filesystem::resize_file(folder / "cut.png", 1000);
        CHECK(contains(error_of([&] { read_image(folder / "cut.png"); }),
                       {"cannot decode", "cut.png"}));
        CHECK(contains(error_of([&] { read_image(folder / "none.jpg"); }),
                       {"missing file", "none.jpg"}));
        CHECK(contains(error_of([&] { image_size(folder / "none.jpg"); }),
                       {"missing file", "none.jpg"}));
        write(folder / "bad.jpg", "not an image at all");
        CHECK(contains(error_of([&] { image_size(folder / "bad.jpg"); }),
                       {"cannot decode", "bad.jpg"}));
        // A whole file with something behind it is fine.
        write(folder / "tail.jpg", jpeg + "trailer");
        CHECK(read_image(folder / "tail.jpg").width == 64);
    }
}

}  // namespace mdn::test
