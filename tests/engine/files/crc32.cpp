#include "engine/files/crc32.h"

#include <doctest/doctest.h>

#include <string>

#include "engine/random.h"

using namespace mdn;

namespace {

/// The definition, a bit at a time.
uint32_t bitwise(const std::string& bytes) {
    uint32_t remainder = 0xFFFFFFFF;
    for (const char byte : bytes) {
        remainder ^= static_cast<uint8_t>(byte);
        for (int bit = 0; bit < 8; ++bit)
            remainder = remainder >> 1 ^ (remainder & 1 ? 0xEDB88320u : 0);
    }
    return ~remainder;
}

}  // namespace

TEST_SUITE("engine/files/crc32") {
    TEST_CASE("the checksum of every length, whole and in parts") {
        CHECK(crc32("123456789") == 0xCBF43926);
        CHECK(crc32("") == 0);
        Random random(1);
        std::string bytes;
        for (size_t size = 0; size < 340; ++size) {
            CHECK(crc32(bytes) == bitwise(bytes));
            for (size_t cut = 0; cut <= size; cut += size < 70 ? 1 : 37)
                CHECK(crc32(std::string_view(bytes).substr(cut), crc32(bytes.substr(0, cut))) ==
                      bitwise(bytes));
            bytes.push_back(static_cast<char>(random.bits()));
        }
    }
}
