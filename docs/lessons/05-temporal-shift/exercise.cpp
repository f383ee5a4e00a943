// Lesson 5, temporal shift. Replace each not_done(…) by your code; `make lesson N=5` checks it.
//
// Everywhere below: x is [clips·frames, H, W, C], the frames of a clip one after the other, and
// fold = C/8 (integer division, so it may be 0).
#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

// Task 1. From which frame of the clip frame `t` takes `channel`:
//   channels [0, fold)         take the next frame, t+1
//   channels [fold, 2·fold)    take the previous frame, t−1
//   all other channels         stay with t
//
//   t         0 ≤ t < frames
//   channel   0 ≤ channel < channels
//   returns   a frame of the clip, or −1 where that frame would lie outside the clip
int64_t source_frame(int64_t t, int64_t channel, int64_t channels, int64_t frames) {
    not_done(t, channel, channels, frames);
}

// Task 2. The shift: each channel of each frame comes from its source frame, and is 0 where that
// lies outside the clip. No clip sees another.
//
//   x        [clips·frames, H, W, C], f32 or f64; it must keep its values
//   frames   divides the first axis of x
//   returns  a new tensor of the shape and dtype of x
Tensor shifted(const Tensor& x, int64_t frames) { not_done(x, frames); }

// Task 3. The backward pass: the gradient of x, from the gradient dy of y = shifted(x, frames).
// ⟨dy, shifted(x)⟩ = ⟨dx, x⟩ for every x.
//
//   dy       as x in task 2; it must keep its values
//   returns  dx, a new tensor of the shape and dtype of dy
Tensor shifted_backward(const Tensor& dy, int64_t frames) { not_done(dy, frames); }

// Task 4. The shift of task 2 where x lies: afterwards, x holds what shifted(x, frames) would have
// returned. At most one other frame may be kept beside x (H·W·C elements), and no second tensor of
// the size of x.
//
//   x        as in task 2; its memory is overwritten (a Tensor is a handle: `const` does not
//            protect the elements)
void shift_in_place(const Tensor& x, int64_t frames) { not_done(x, frames); }

}  // namespace mdn::lesson
