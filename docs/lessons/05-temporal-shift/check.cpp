// The checks of lesson 5. They compare with the engine's own op.
// not to be called: mdn::temporal_shift
#include "docs/lessons/harness/check.h"

#include "engine/ops.h"

namespace mdn::lesson {

// What exercise.cpp defines.
int64_t source_frame(int64_t t, int64_t channel, int64_t channels, int64_t frames);
Tensor shifted(const Tensor& x, int64_t frames);
Tensor shifted_backward(const Tensor& dy, int64_t frames);
void shift_in_place(const Tensor& x, int64_t frames);

namespace {

struct Clips {
    int64_t clips, frames, height, width, channels;

    Shape shape() const { return {clips * frames, height, width, channels}; }
};

/// One clip and several, a clip of one frame, channels that 8 does not divide, and too few for a
/// fold; then random sizes.
std::vector<Clips> sizes() {
    std::vector<Clips> all = {
        {1, 4, 1, 1, 8}, {2, 3, 2, 3, 16}, {3, 1, 2, 1, 8}, {2, 5, 1, 2, 27}, {1, 3, 2, 2, 7}};
    for (int i = 0; i < 3; ++i)
        all.push_back({1 + random().below(3), 2 + random().below(7), 1 + random().below(4),
                       1 + random().below(4), 8 + random().below(40)});
    return all;
}

/// Calls `check` with random x of every size and dtype.
void for_all_inputs(const std::string& name,
                    const std::function<void(const Tensor& x, int64_t frames)>& check) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        for (const Clips& size : sizes()) {
            const Tensor x = random().normal_tensor(size.shape(), 1, dtype);
            input(name + " = " + describe(x) + ", frames = " + std::to_string(size.frames));
            check(x, size.frames);
        }
    }
}

}  // namespace

TASK(1, "source_frame", 1) {
    for (const Clips& size : sizes()) {
        const int64_t fold = size.channels / 8;
        for (int64_t t = 0; t < size.frames; ++t) {
            for (int64_t channel = 0; channel < size.channels; ++channel) {
                input("t = " + std::to_string(t) + ", channel = " + std::to_string(channel) +
                      ", channels = " + std::to_string(size.channels) +
                      ", frames = " + std::to_string(size.frames));
                const int64_t from = channel < fold ? t + 1 : channel < 2 * fold ? t - 1 : t;
                expect_number("the source frame",
                              source_frame(t, channel, size.channels, size.frames),
                              from < size.frames ? from : -1);
            }
        }
    }
}

TASK(2, "shifted", 2) {
    for_all_inputs("x", [](const Tensor& x, int64_t frames) {
        const Tensor before = x.clone(), y = shifted(x, frames);
        expect_unchanged("x", x, before);
        expect_tensor("y", y, temporal_shift(before, frames), 0);
    });
}

TASK(3, "shifted_backward", 2) {
    for_all_inputs("dy", [](const Tensor& dy, int64_t frames) {
        const Tensor before = dy.clone(), dx = shifted_backward(dy, frames);
        expect_unchanged("dy", dy, before);
        const auto shift = [frames](const std::vector<Tensor>& inputs) {
            return temporal_shift(inputs[0], frames);
        };
        const Tensor x = random().normal_tensor(dy.shape(), 1, dy.dtype());
        expect_tensor("dx", dx, engine_gradients(shift, {x}, before)[0], 0);
    });
}

TASK(4, "shift_in_place", 3) {
    for_all_inputs("x", [](const Tensor& x, int64_t frames) {
        const Tensor want = temporal_shift(x, frames);
        shift_in_place(x, frames);
        expect_tensor("x afterwards", x, want, 0);
    });
    // A frame is 2 MiB. There is no room for a second tensor, also where the allocator gives back
    // what earlier tensors left.
    const Tensor x = Tensor::full({48, 32, 32, 512}, 1);
    input("x = " + describe(x) + " (96 MiB) and room for 32 MiB more, frames = 48");
    allow_memory(int64_t{32} << 20);
    shift_in_place(x, 48);
}

}  // namespace mdn::lesson
