// Where the elements of a tensor lie, and which handles share them.
#include <cstdio>

#include "engine/ops.h"

using namespace mdn;

int main() {
    const Tensor x = Tensor::from<float>({0, 1, 2, 10, 11, 12}, {2, 3});
    std::printf("x %s in memory:", to_string(x.shape()).c_str());
    for (int64_t i = 0; i < x.numel(); ++i) std::printf(" %g", x.data<float>()[i]);
    std::printf("\nx[1, 2] is element 1*3 + 2 = 5 of it: %g\n\n", x.data<float>()[1 * 3 + 2]);

    const Tensor handle = x, view = x.view({3, 2}), copy = x.clone();
    x.data<float>()[0] = 99;
    std::printf("After x[0, 0] = 99:\n");
    std::printf("handle = x        %3g   shares memory: %d\n", handle.data<float>()[0],
                handle.shares_memory_with(x));
    std::printf("x.view({3, 2})    %3g   shares memory: %d\n", view.data<float>()[0],
                view.shares_memory_with(x));
    std::printf("x.clone()         %3g   shares memory: %d\n\n", copy.data<float>()[0],
                copy.shares_memory_with(x));

    // A view keeps the order in memory; a transpose needs another one.
    const Tensor turned = swap_middle_axes(x.view({1, 2, 3, 1}));
    std::printf("view [3, 2]:     ");
    for (int64_t i = 0; i < 6; ++i) std::printf(" %g", view.data<float>()[i]);
    std::printf("\ntranspose [3, 2]:");
    for (int64_t i = 0; i < 6; ++i) std::printf(" %g", turned.data<float>()[i]);
    std::printf("\n");
}
