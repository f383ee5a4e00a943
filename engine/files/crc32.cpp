#include "engine/files/crc32.h"

#include <array>
#include <cstring>

namespace mdn {

namespace {

/// tables[k][b] is the remainder of byte b followed by k zero bytes. With eight of them, eight
/// bytes are looked up at once instead of one after the other, which is four times as fast: a
/// checkpoint of some hundred MiB takes no time that is noticed.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit)
            remainder = remainder >> 1 ^ (remainder & 1 ? 0xEDB88320u : 0);
        tables[0][byte] = remainder;
    }
    for (size_t k = 1; k < tables.size(); ++k)
        for (size_t byte = 0; byte < 256; ++byte) {
            const uint32_t shorter = tables[k - 1][byte];
            tables[k][byte] = shorter >> 8 ^ tables[0][shorter & 0xFF];
        }
    return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

uint32_t crc32(std::string_view bytes, uint32_t before) {
    uint32_t remainder = ~before;
    const auto* next = reinterpret_cast<const uint8_t*>(bytes.data());
    size_t left = bytes.size();
    for (; left >= 8; left -= 8, next += 8) {
        uint32_t low = 0;
        std::memcpy(&low, next, sizeof low);  // little-endian, as all machines that are built for
        low ^= remainder;
        remainder = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^
                    tables[5][low >> 16 & 0xFF] ^ tables[4][low >> 24] ^ tables[3][next[4]] ^
                    tables[2][next[5]] ^ tables[1][next[6]] ^ tables[0][next[7]];
    }
    for (; left > 0; --left, ++next)
        remainder = remainder >> 8 ^ tables[0][(remainder ^ *next) & 0xFF];
    return ~remainder;
}

}  // namespace mdn
