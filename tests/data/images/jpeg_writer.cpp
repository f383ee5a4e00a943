#include "data/images/jpeg_writer.h"

#include <cmath>

#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

TEST_SUITE("data/images/jpeg_writer") {
    TEST_CASE("a JPEG reads back as the picture, the nearer the better its quality") {
        TemporaryFolder folder;
        // Smooth, with another slope in each channel, so that rows, columns and colours are told
        // apart.
        Image picture{37, 21, {}};
        for (int64_t y = 0; y < 21; ++y)
            for (int64_t x = 0; x < 37; ++x)
                for (const int64_t level : {40 + 5 * x, 30 + 9 * y, 220 - 3 * x - 2 * y})
                    picture.pixels.push_back(static_cast<uint8_t>(level));
        double error_before = 1e9;
        size_t bytes_before = 0;
        for (const int64_t quality : {10, 60, 97}) {
            const std::string bytes = jpeg_bytes(picture, quality);
            write(folder / "a.jpg", bytes);
            const Image back = read_image(folder / "a.jpg");
            REQUIRE((back.width == 37 && back.height == 21));
            double error = 0;
            for (size_t i = 0; i < picture.pixels.size(); ++i)
                error += std::abs(picture.pixels[i] - back.pixels[i]) * 1.0 /
                         static_cast<double>(picture.pixels.size());
            CHECK(error < error_before);
            CHECK(bytes.size() > bytes_before);
            error_before = error;
            bytes_before = bytes.size();
        }
        CHECK(error_before < 2);
    }
}
