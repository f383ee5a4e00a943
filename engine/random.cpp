#include "engine/random.h"

#include <algorithm>
#include <cmath>

#include "engine/threads.h"

namespace mdn {

std::array<uint32_t, 4> Random::block(uint64_t number) const {
    return philox({static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32),
                   static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
                  seed_);
}

uint32_t Random::bits() {
    if (position_ % 4 == 0) block_ = block(position_ / 4);
    return block_[position_++ % 4];
}

Random Random::ahead(uint64_t words) const {
    Random there = *this;
    there.position_ += words;
    if (there.position_ % 4 != 0) there.block_ = block(there.position_ / 4);
    return there;
}

double Random::uniform() {
    const uint64_t high = bits() >> 5, low = bits() >> 6;
    return static_cast<double>(high << 26 | low) * 0x1.0p-53;
}

double Random::normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * M_PI * uniform());
}

int64_t Random::below(int64_t bound) {
    if (bound <= 0) throw Error("[random] below() needs a positive bound");
    const uint64_t range = static_cast<uint64_t>(bound);
    // Values past the last whole multiple of the range would favour small results.
    const uint64_t limit = UINT64_MAX - UINT64_MAX % range;
    uint64_t value;
    do {
        value = uint64_t{bits()} << 32;
        value |= bits();
    } while (value >= limit);
    return static_cast<int64_t>(value % range);
}

// Where an element's words lie is known beforehand, so threads share the elements.
template <class Draw>
Tensor Random::draw_tensor(const Shape& shape, DType dtype, uint64_t words, Draw&& draw) {
    const Tensor y = Tensor::empty(shape, dtype);
    const int64_t count = y.numel();
    const auto fill = [&](auto* out) {
        constexpr int64_t most = 1 << 14;
        run_shares((count + most - 1) / most, [&](int64_t share) {
            const int64_t begin = share * most, end = std::min(begin + most, count);
            Random random = ahead(words * static_cast<uint64_t>(begin));
            for (int64_t i = begin; i < end; ++i)
                out[i] = static_cast<std::remove_reference_t<decltype(*out)>>(draw(random));
        });
    };
    if (dtype == DType::f32)
        fill(y.data<float>());
    else
        fill(y.data<double>());
    *this = ahead(words * static_cast<uint64_t>(count));
    return y;
}

Tensor Random::uniform_tensor(const Shape& shape, double low, double high, DType dtype) {
    return draw_tensor(shape, dtype, 2, [=](Random& random) { return random.uniform(low, high); });
}

Tensor Random::normal_tensor(const Shape& shape, double deviation, DType dtype) {
    return draw_tensor(shape, dtype, 4,
                       [=](Random& random) { return deviation * random.normal(); });
}

}  // namespace mdn
