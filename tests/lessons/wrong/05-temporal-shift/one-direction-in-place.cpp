// Task 4 says: x afterwards[1, 0, 0, 1] is
// Forwards in time for both folds: the second reads what it has just overwritten.
#define shift_in_place right_shift_in_place
#include "tests/lessons/solutions/05-temporal-shift.cpp"
#undef shift_in_place

namespace mdn::lesson {

void shift_in_place(const Tensor& x, int64_t frames) {
    const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
    for (int64_t i = 0; i < x.numel(); ++i) {
        const int64_t t = i / channels / pixels % frames, channel = i % channels;
        const int64_t source = source_frame(t, channel, channels, frames);
        const int64_t from = i + (source - t) * pixels * channels;
        if (x.dtype() == DType::f32)
            x.data<float>()[i] = source < 0 ? 0 : x.data<float>()[from];
        else
            x.data<double>()[i] = source < 0 ? 0 : x.data<double>()[from];
    }
}

}  // namespace mdn::lesson
