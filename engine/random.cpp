#include "engine/random.h"

#include <cmath>

namespace mdn {

uint32_t Random::bits() {
    if (position_ % 4 == 0) {
        const uint64_t block = position_ / 4;
        block_ = philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                         static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
                        seed_);
    }
    return block_[position_++ % 4];
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

namespace {

template <class Draw>
Tensor draw_tensor(const Shape& shape, DType dtype, Draw&& draw) {
    Tensor y = Tensor::empty(shape, dtype);
    for (int64_t i = 0; i < y.numel(); ++i) {
        if (dtype == DType::f32)
            y.data<float>()[i] = static_cast<float>(draw());
        else
            y.data<double>()[i] = draw();
    }
    return y;
}

}  // namespace

Tensor Random::uniform_tensor(const Shape& shape, double low, double high, DType dtype) {
    return draw_tensor(shape, dtype, [&] { return uniform(low, high); });
}

Tensor Random::normal_tensor(const Shape& shape, double deviation, DType dtype) {
    return draw_tensor(shape, dtype, [&] { return deviation * normal(); });
}

}  // namespace mdn
