// The convolutions of TSM-ResNet-101 on one clip of 8 frames: GFLOP/s of the forward pass and of
// both gradients, and what they add up to.
// usage: conv_bench [REPETITIONS [LAYER]], LAYER a part of the layer's name
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/kernels.h"
#include "engine/random.h"
#include "engine/threads.h"
#include "tests/peers/timing.h"
#include "train/bench.h"

using namespace mdn;

namespace {

struct Layer {
    const char* what;
    int count;
    int64_t size, in, out, kernel;
    Conv2d options;
    bool read_normalized;  // reads relu(BN(x)) instead of x
};

constexpr Layer layers[] = {
    {"stem", 1, 224, 3, 64, 7, {2, 3, 0}, false},
    {"layer1.0.conv1", 1, 56, 64, 64, 1, {1, 0, 8}, false},
    {"layer1.0.downsample", 1, 56, 64, 256, 1, {1, 0, 0}, false},
    {"layer1.*.conv2", 3, 56, 64, 64, 3, {1, 1, 0}, true},
    {"layer1.*.conv3", 3, 56, 64, 256, 1, {1, 0, 0}, true},
    {"layer1.1.conv1", 1, 56, 256, 64, 1, {1, 0, 0}, false},
    {"layer1.2.conv1", 1, 56, 256, 64, 1, {1, 0, 8}, false},
    {"layer2.0.conv1", 1, 56, 256, 128, 1, {1, 0, 8}, false},
    {"layer2.0.conv2", 1, 56, 128, 128, 3, {2, 1, 0}, true},
    {"layer2.0.downsample", 1, 56, 256, 512, 1, {2, 0, 0}, false},
    {"layer2.*.conv2", 3, 28, 128, 128, 3, {1, 1, 0}, true},
    {"layer2.*.conv3", 4, 28, 128, 512, 1, {1, 0, 0}, true},
    {"layer2.1.conv1", 2, 28, 512, 128, 1, {1, 0, 0}, false},
    {"layer2.2.conv1", 1, 28, 512, 128, 1, {1, 0, 8}, false},
    {"layer3.0.conv1", 1, 28, 512, 256, 1, {1, 0, 8}, false},
    {"layer3.0.conv2", 1, 28, 256, 256, 3, {2, 1, 0}, true},
    {"layer3.0.downsample", 1, 28, 512, 1024, 1, {2, 0, 0}, false},
    {"layer3.*.conv2", 22, 14, 256, 256, 3, {1, 1, 0}, true},
    {"layer3.*.conv3", 23, 14, 256, 1024, 1, {1, 0, 0}, true},
    {"layer3.1.conv1", 11, 14, 1024, 256, 1, {1, 0, 0}, false},
    {"layer3.2.conv1", 11, 14, 1024, 256, 1, {1, 0, 8}, false},
    {"layer4.0.conv1", 1, 14, 1024, 512, 1, {1, 0, 8}, false},
    {"layer4.0.conv2", 1, 14, 512, 512, 3, {2, 1, 0}, true},
    {"layer4.0.downsample", 1, 14, 1024, 2048, 1, {2, 0, 0}, false},
    {"layer4.*.conv2", 2, 7, 512, 512, 3, {1, 1, 0}, true},
    {"layer4.*.conv3", 3, 7, 512, 2048, 1, {1, 0, 0}, true},
    {"layer4.1.conv1", 1, 7, 2048, 512, 1, {1, 0, 0}, false},
    {"layer4.2.conv1", 1, 7, 2048, 512, 1, {1, 0, 8}, false},
};

}  // namespace

int main(int argc, char** argv) {
    const int repetitions = argc > 1 ? std::atoi(argv[1]) : 7;
    const double peak = measure_fma_peak();
    std::printf("multiply-add peak %.0f GFLOP/s on %d threads; ms and GFLOP/s per convolution\n",
                peak, static_cast<int>(threads()));
    std::printf("%-20s %5s | %7s %5s | %7s %5s | %7s %5s\n", "layer", "times", "forward", "",
                "d input", "", "dweight", "");
    Random random(1);
    double total_work[3] = {}, total_best[3] = {}, total[3] = {};
    Kernels& k = kernels(Device::cpu);
    for (const Layer& layer : layers) {
        if (argc > 2 && std::string(layer.what).find(argv[2]) == std::string::npos) continue;
        const int64_t frames = 8;
        const int64_t out_size =
            (layer.size + 2 * layer.options.pad - layer.kernel) / layer.options.stride + 1;
        const Tensor x = random.uniform_tensor({frames, layer.size, layer.size, layer.in}, -1, 1);
        const Tensor w =
            random.uniform_tensor({layer.out, layer.kernel, layer.kernel, layer.in}, -1, 1);
        Tensor y = random.uniform_tensor({frames, out_size, out_size, layer.out}, -1, 1);
        Tensor dx = empty_like(x), dw = empty_like(w);
        ChannelAffine read;
        if (layer.read_normalized)
            read = {random.uniform_tensor({layer.in}, -1, 1),
                    random.uniform_tensor({layer.in}, -1, 1), true};
        std::vector<double> times[3];
        for (int i = 0; i <= repetitions; ++i) {
            const double passes[] = {
                bench::seconds([&] { k.conv2d_forward(x, read, w, layer.options, y); }),
                bench::seconds([&] { k.conv2d_backward_input(y, w, layer.options, dx); }),
                bench::seconds([&] { k.conv2d_backward_weight(x, read, y, layer.options, dw); })};
            for (int pass = 0; pass < 3 && i > 0; ++pass) times[pass].push_back(passes[pass]);
        }
        const double work = 2e-9 * static_cast<double>(y.numel() * w.numel() / layer.out);
        std::printf("%-20s %5d", layer.what, layer.count);
        for (int pass = 0; pass < 3; ++pass) {
            const double time = bench::median(times[pass]);
            const bool wanted = pass != 1 || layer.in != 3;  // the images need no gradient
            total[pass] += wanted * layer.count * time;
            const double best = *std::min_element(times[pass].begin(), times[pass].end());
            total_best[pass] += wanted * layer.count * best;
            total_work[pass] += wanted * layer.count * work;
            std::printf(" | %7.2f %5.0f (%5.0f)", 1e3 * time, work / time, work / best);
        }
        std::printf("\n");
    }
    std::printf("%-26s", "all");
    for (int pass = 0; pass < 3; ++pass)
        std::printf(" | %7.1f %5.0f (%5.0f)", 1e3 * total[pass], total_work[pass] / total[pass],
                    total_work[pass] / total_best[pass]);
    std::printf("\n%-26s", "of peak");
    for (int pass = 0; pass < 3; ++pass)
        std::printf(" | %12.0f%% (%4.0f%%)", 100 * total_work[pass] / total[pass] / peak,
                    100 * total_work[pass] / total_best[pass] / peak);
    std::printf("\n");
}
