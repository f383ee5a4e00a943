#include "data/images/jpeg_check.h"

#include "data/images/image.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

TEST_SUITE("data/images/jpeg_check") {
    TEST_CASE("whole images pass, as far as they go") {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            CAPTURE(seed);
            const std::string jpeg =
                jpeg_bytes(random_image(40 + static_cast<std::int64_t>(seed), 30, seed));
            CHECK(check_jpeg(jpeg).fault.empty());
            CHECK(check_jpeg(jpeg).length == jpeg.size());
            // What lies behind is not looked at, be it a video or another image.
            const std::string tail =
                std::string("\xFF\xC4\xFF\xFF\xFF\xFF", 6) + std::string(40, '\xFE') + jpeg;
            CHECK(check_jpeg(jpeg + tail).fault.empty());
            CHECK(check_jpeg(jpeg + tail).length == jpeg.size());
            for (const std::size_t cut : {1, 2, 100}) {
                CHECK(contains(check_jpeg(jpeg.substr(0, jpeg.size() - cut)).fault, {"cut short"}));
            }
        }
        CHECK(contains(check_jpeg("\xFF\xD8").fault, {"cut short"}));
        CHECK(contains(check_jpeg("\xFF\xD8\xFF\xD9").fault, {"cut short"}));
    }

    TEST_CASE("scans upon scans of a picture that is small on disk") {
        std::string jpeg = jpeg_bytes(random_image(8, 8, 2));
        const std::size_t scan = jpeg.find("\xFF\xDA");
        const std::string header = jpeg.substr(scan, 14);
        for (int i = 0; i < 499; ++i) jpeg.insert(scan, header);
        CHECK(check_jpeg(jpeg).fault.empty());
        jpeg.insert(scan, header);
        CHECK(contains(check_jpeg(jpeg).fault, {"500 scans"}));
    }

    TEST_CASE("a Huffman table that is too long, wherever it stands") {
        TemporaryFolder folder;
        const std::string jpeg = jpeg_bytes(random_image(16, 16, 3));
        std::string table("\xFF\xC4\x01\x14\x10", 5);  // class 1, 1 + 2 + ... codes
        for (int i = 0; i < 16; ++i) table += static_cast<char>(i == 7 ? 200 : i == 8 ? 57 : 0);
        table += std::string(257, '\1');
        const std::size_t scan = jpeg.find("\xFF\xDA");
        for (const std::size_t at : {std::size_t{2}, scan, scan + 14, jpeg.size() - 2}) {
            std::string bad = jpeg;
            bad.insert(at, table);
            CHECK(contains(check_jpeg(bad).fault, {"256"}));
            write(folder / "bad.jpg", bad);
            CHECK(contains(error_of([&] { read_image(folder / "bad.jpg"); }), {"bad.jpg", "256"}));
        }
        // One code fewer is fine, as is the same in a segment that is stepped over.
        std::string good = table;
        good[5 + 8] = 56;
        good.pop_back();
        good[3] = 0x13;
        CHECK(check_jpeg(jpeg.substr(0, 2) + good + jpeg.substr(2)).fault.empty());
        std::string comment("\xFF\xFE\x01\x18", 4);
        CHECK(check_jpeg(jpeg.substr(0, 2) + comment + table + jpeg.substr(2)).fault.empty());
    }
}

}  // namespace mdn::test
