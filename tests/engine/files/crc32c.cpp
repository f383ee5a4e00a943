#include "engine/files/crc32c.h"

#include <doctest/doctest.h>

#include <string>

using namespace mdn;

TEST_SUITE("engine/files/crc32c") {
    TEST_CASE("the examples of RFC 3720, appendix B.4, and the usual check value") {
        CHECK(crc32c("") == 0);
        CHECK(crc32c("123456789") == 0xE3069283);
        CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
        CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43);
        std::string rising, falling;
        for (int i = 0; i < 32; ++i) {
            rising.push_back(static_cast<char>(i));
            falling.push_back(static_cast<char>(31 - i));
        }
        CHECK(crc32c(rising) == 0x46DD794E);
        CHECK(crc32c(falling) == 0x113FDB5C);
    }
}
