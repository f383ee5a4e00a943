// CRC-32 is the remainder of a polynomial division: the bytes are the coefficients of a polynomial
// over {0, 1}, lowest bit first, and the divisor is P = x³² + x²⁶ + … + 1.
//
// Three ways to the same number. The table takes 8 bytes at a time, on any processor. x86 has an
// instruction that multiplies such polynomials, and ARM one that does the whole division; with
// either, a checksum of some hundred MiB takes a few hundredths of a second.
#include "engine/files/crc32.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace mdn {

namespace {

/// r·x mod P; bit 31 of r is the coefficient of x⁰.
constexpr uint32_t times_x(uint32_t r) { return r >> 1 ^ (r & 1 ? 0xEDB88320u : 0); }

/// tables[k][b] is the remainder of byte b followed by k zero bytes. With eight of them, eight
/// bytes are looked up at once instead of one after the other, which is four times as fast.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit) remainder = times_x(remainder);
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

/// Takes so many more bytes into a remainder.
uint32_t update(uint32_t remainder, const uint8_t* next, size_t count) {
    for (; count >= 8; count -= 8, next += 8) {
#if defined(__ARM_FEATURE_CRC32)
        uint64_t eight = 0;
        std::memcpy(&eight, next, sizeof eight);
        remainder = __crc32d(remainder, eight);
#else
        uint32_t low = 0;
        std::memcpy(&low, next, sizeof low);  // little-endian, as all machines that are built for
        low ^= remainder;
        remainder = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^
                    tables[5][low >> 16 & 0xFF] ^ tables[4][low >> 24] ^ tables[3][next[4]] ^
                    tables[2][next[5]] ^ tables[1][next[6]] ^ tables[0][next[7]];
#endif
    }
    for (; count > 0; --count, ++next)
        remainder = remainder >> 8 ^ tables[0][(remainder ^ *next) & 0xFF];
    return remainder;
}

#if defined(__x86_64__)

// The functions below are compiled for this instruction whatever -march says, and called only where
// the processor has it.
#define MULTIPLIES_POLYNOMIALS __attribute__((target("pclmul")))

/// xⁿ mod P, as the product of two reversed polynomials needs it: one place further up.
constexpr int64_t power_of_x(int n) {
    uint32_t r = 1u << 31;
    for (int i = 0; i < n; ++i) r = times_x(r);
    return int64_t{r} << 1;
}

/// 16 bytes that stand `bits` in front of others, moved there: a·x^bits + there, with the same
/// remainder and still 16 bytes.
template <int bits>
MULTIPLIES_POLYNOMIALS __m128i move_to(__m128i a, __m128i there) {
    constexpr int64_t low = power_of_x(bits + 32), high = power_of_x(bits - 32);
    const __m128i powers = _mm_set_epi64x(high, low);
    return _mm_xor_si128(there, _mm_xor_si128(_mm_clmulepi64_si128(a, powers, 0x00),
                                              _mm_clmulepi64_si128(a, powers, 0x11)));
}

MULTIPLIES_POLYNOMIALS __m128i load(const uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

/// update() of count / 64 · 64 bytes, at least 64. Four sums run side by side, because a product
/// takes longer than the time until the next may begin.
MULTIPLIES_POLYNOMIALS uint32_t update_64s(uint32_t remainder, const uint8_t* next, size_t count) {
    __m128i a = _mm_xor_si128(load(next), _mm_cvtsi32_si128(static_cast<int>(remainder))),
            b = load(next + 16), c = load(next + 32), d = load(next + 48);
    for (count -= 64, next += 64; count >= 64; count -= 64, next += 64) {
        a = move_to<512>(a, load(next));
        b = move_to<512>(b, load(next + 16));
        c = move_to<512>(c, load(next + 32));
        d = move_to<512>(d, load(next + 48));
    }
    uint8_t sum[16];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sum),
                     move_to<128>(move_to<128>(move_to<128>(a, b), c), d));
    return update(0, sum, sizeof sum);
}

bool multiplies_polynomials() {
    static const bool does = __builtin_cpu_supports("pclmul");
    return does;
}

#else

bool multiplies_polynomials() { return false; }
uint32_t update_64s(uint32_t remainder, const uint8_t*, size_t) { return remainder; }

#endif

}  // namespace

uint32_t crc32(std::string_view bytes, uint32_t before) {
    uint32_t remainder = ~before;
    const auto* next = reinterpret_cast<const uint8_t*>(bytes.data());
    size_t left = bytes.size();
    if (left >= 64 && multiplies_polynomials()) {
        remainder = update_64s(remainder, next, left);
        next += left / 64 * 64;
        left %= 64;
    }
    return ~update(remainder, next, left);
}

}  // namespace mdn
