#include "train/output/progress.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "train/output/pace.h"

using namespace mdn;

TEST_SUITE("train/output/progress") {
    TEST_CASE("durations and sizes in the unit that fits") {
        CHECK(duration_text(0.4) == "0s");
        CHECK(duration_text(59.6) == "1m00s");
        CHECK(duration_text(185) == "3m05s");
        CHECK(duration_text(2 * 3600 + 10 * 60) == "2h10m");
        CHECK(bytes_text(3 << 19) == "1.5 MiB");
        CHECK(bytes_text(int64_t{5} << 28) == "1.25 GiB");
    }

    TEST_CASE("what is left is expected to take as long as what is done did") {
        CHECK(count_text("clip", 32, 640, 10) == "clip 32/640  ETA 3m10s");
        CHECK(count_text("window", 7, 7, 100) == "window 7/7  ETA 0s");
    }

    TEST_CASE("work of different sizes is expected to take as long as its size says") {
        const WorkPace pace(1001);
        CHECK(pace.text(0) == "");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        // A thousandth took a tenth of a second or more; the rest takes a thousand times that.
        const std::string text = pace.text(1);
        CHECK_MESSAGE((text.starts_with("ETA ") && text.find('m') != std::string::npos), text);
        CHECK(pace.text(1001) == "ETA 0s");
    }
}
