#include <vector>

#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

int64_t source_frame(int64_t t, int64_t channel, int64_t channels, int64_t frames) {
    const int64_t fold = channels / 8;
    if (channel < fold) return t + 1 < frames ? t + 1 : -1;
    if (channel < 2 * fold) return t - 1;
    return t;
}

template <class T>
void shift(const Tensor& x, int64_t frames, bool backward, const Tensor& y) {
    const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
    for (int64_t i = 0; i < x.numel(); ++i) {
        const int64_t channel = i % channels, pixel = i / channels % pixels;
        const int64_t frame = i / channels / pixels, t = frame % frames, first = frame - t;
        // Backward, what a frame took from the next one goes back there: both folds turn round.
        const int64_t fold = channels / 8;
        int64_t as_if = channel;
        if (backward && channel < 2 * fold)
            as_if = channel < fold ? channel + fold : channel - fold;
        const int64_t source = source_frame(t, as_if, channels, frames);
        y.data<T>()[i] =
            source < 0 ? T{0}
                       : x.data<T>()[((first + source) * pixels + pixel) * channels + channel];
    }
}

Tensor shifted(const Tensor& x, int64_t frames) {
    Tensor y = empty_like(x);
    if (x.dtype() == DType::f32)
        shift<float>(x, frames, false, y);
    else
        shift<double>(x, frames, false, y);
    return y;
}

Tensor shifted_backward(const Tensor& dy, int64_t frames) {
    Tensor dx = empty_like(dy);
    if (dy.dtype() == DType::f32)
        shift<float>(dy, frames, true, dx);
    else
        shift<double>(dy, frames, true, dx);
    return dx;
}

template <class T>
void shift_here(T* x, int64_t clips, int64_t frames, int64_t pixels, int64_t channels) {
    const int64_t fold = channels / 8, frame = pixels * channels;
    for (int64_t clip = 0; clip < clips; ++clip) {
        T* first = x + clip * frames * frame;
        for (int64_t i = 0; i < frame; ++i) {
            const int64_t channel = i % channels;
            if (channel < fold) {  // from the next frame: forwards in time
                for (int64_t t = 0; t + 1 < frames; ++t)
                    first[t * frame + i] = first[(t + 1) * frame + i];
                first[(frames - 1) * frame + i] = 0;
            } else if (channel < 2 * fold) {  // from the previous frame: backwards in time
                for (int64_t t = frames - 1; t > 0; --t)
                    first[t * frame + i] = first[(t - 1) * frame + i];
                first[i] = 0;
            }
        }
    }
}

void shift_in_place(const Tensor& x, int64_t frames) {
    const int64_t clips = x.dim(0) / frames, pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
    if (x.dtype() == DType::f32)
        shift_here(x.data<float>(), clips, frames, pixels, channels);
    else
        shift_here(x.data<double>(), clips, frames, pixels, channels);
}

}  // namespace mdn::lesson
