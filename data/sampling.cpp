#include "data/sampling.h"

namespace mdn {

// All formulas are in integers: exact, where floating point would have to be argued about.

std::vector<std::int64_t> sample_train(std::int64_t N, std::int64_t T, Random& random) {
    std::vector<std::int64_t> frames;
    const std::int64_t a = N / T;
    for (std::int64_t k = 0; k < T; ++k) {
        if (a > 0) {
            frames.push_back(k * a + random.below(a));
        } else {
            const std::int64_t whole = k * N / T, rest = k * N % T;
            const bool up = 2 * rest > T || (2 * rest == T && whole % 2 == 1);
            frames.push_back((whole + (up ? 1 : 0)) % N);
        }
    }
    return frames;
}

std::vector<std::int64_t> sample_test(std::int64_t N, std::int64_t T, std::int64_t view,
                                      std::int64_t views) {
    // (½ + j/V) mod 1, in units of 1/(2V).
    const std::int64_t offset = (views + 2 * view) % (2 * views);
    std::vector<std::int64_t> frames;
    for (std::int64_t k = 0; k < T; ++k)
        frames.push_back((2 * views * k + offset) * N / (2 * views * T));
    return frames;
}

}  // namespace mdn
