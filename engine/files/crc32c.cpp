#include "engine/files/crc32c.h"

#include <array>

namespace mdn {

namespace {

/// The remainder of each byte.
constexpr std::array<uint32_t, 256> make_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit)
            remainder = remainder >> 1 ^ (remainder & 1 ? 0x82F63B78u : 0);
        table[byte] = remainder;
    }
    return table;
}

constexpr std::array<uint32_t, 256> table = make_table();

}  // namespace

uint32_t crc32c(std::string_view bytes) {
    uint32_t remainder = ~0u;
    for (const char byte : bytes)
        remainder = remainder >> 8 ^ table[(remainder ^ static_cast<uint8_t>(byte)) & 0xFF];
    return ~remainder;
}

}  // namespace mdn
