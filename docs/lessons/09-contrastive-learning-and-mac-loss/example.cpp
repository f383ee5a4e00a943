// What the temperature does to one anchor, and which pairs the MAC loss compares.
#include <cstdio>
#include <vector>

#include "engine/ops.h"

using namespace mdn;

int main() {
    const Tensor cosines = Tensor::from<double>({0.9, 0.8, 0.3, -0.5}, {1, 4});
    const Tensor first = Tensor::from<int64_t>({0}, {1});
    std::printf("An anchor with the cosines 0.9 (its positive), 0.8, 0.3 and -0.5:\n");
    for (const double temperature : {1.0, 0.1, 0.01}) {
        const Tensor logits = scale(cosines, 1 / temperature);
        std::printf("  temperature %4.2f: p =", temperature);
        for (const double p : softmax(logits).to_vector<double>()) std::printf(" %.3f", p);
        std::printf(", loss %.4f\n", softmax_cross_entropy(logits, first).item());
    }

    const std::vector<int64_t> labels = {4, 7, 4};
    const char* entities[] = {"hand", "face"};
    const ContrastiveTargets targets = contrastive_targets(Tensor::from<int64_t>(labels, {3}), 2);
    std::printf(
        "\nThree clips with the labels 4, 7 and 4 (P: positive, n: negative, .: left out):\n");
    for (int64_t n = 0; n < 6; ++n) {
        std::printf("  clip %d %s ", static_cast<int>(n / 2), entities[n % 2]);
        for (int64_t m = 0; m < 6; ++m)
            std::printf(" %c", !targets.included.data<uint8_t>()[n * 6 + m] ? '.'
                               : targets.positives.data<int64_t>()[n] == m  ? 'P'
                                                                            : 'n');
        std::printf("\n");
    }
}
