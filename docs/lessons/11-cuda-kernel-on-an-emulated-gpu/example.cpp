// The sum of 64 numbers by a tree, with its barriers and without the one inside the loop. The
// second is right in one order of threads, and wrong in another; the watch names it in both.
#include <cstdio>
#include <numeric>
#include <vector>

#include "engine/cuda/launch.h"
#include "tests/cuda_emulation/fibres.h"
#include "tests/cuda_emulation/watch.h"

using namespace mdn;

namespace {

constexpr int threads = 64;

/// y[0] = Σ x, by one block.
template <bool with_barrier>
__global__ void tree_sum(const float* x, float* y) {
    float* shared = dynamic_shared<float>();
    const int t = threadIdx.x;
    shared[t] = x[t];
    __syncthreads();
    for (int half = threads / 2; half > 0; half /= 2) {
        if (t < half) shared[t] += shared[t + half];
        if (with_barrier) __syncthreads();
    }
    if (t == 0) y[0] = shared[0];
}

template <class Kernel>
void run(const char* name, Kernel kernel) {
    using emulation::ThreadOrder;
    std::printf("%s:\n", name);
    for (const ThreadOrder order : {ThreadOrder::ascending, ThreadOrder::descending}) {
        std::vector<float> x(threads), y(1);
        std::iota(x.begin(), x.end(), 1.f);
        std::string finding;
        {
            emulation::Watch watch(threads * 4);
            watch.add("x", x.data(), threads, 0, true);
            watch.add("y", y.data(), 1, 0, false);
            emulation::set_thread_order(order);
            // One block. On a GPU: launch(kernel, 1, threads, threads * 4, x.data(), y.data())
            emulation::run_grid(1, threads, threads * 4, [&] { kernel(x.data(), y.data()); });
            finding = watch.finding();
        }
        std::printf("  threads %s: the sum is %4.0f\n",
                    order == ThreadOrder::ascending ? "ascending " : "descending", y[0]);
        if (!finding.empty()) std::printf("    %s\n", finding.c_str());
    }
}

}  // namespace

int main() {
    run("1 + 2 + … + 64, with both barriers", tree_sum<true>);
    run("without the one inside the loop", tree_sum<false>);
}
