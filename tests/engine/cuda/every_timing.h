// Runs a test under every choice of when the GPU's two streams do their work. On a real GPU, which
// chooses itself, once.
#pragma once

#ifdef MDN_CUDA_EMULATION
#include <doctest/doctest.h>

#include "engine/allocator.h"
#include "tests/cuda_emulation/streams.h"
#endif

namespace mdn::test {

#ifdef MDN_CUDA_EMULATION
/// Under AddressSanitizer memory is out of bounds once the host has given it back; a late stream
/// still works on it, in an order in which that is allowed.
struct FreedMemoryInBounds {
    FreedMemoryInBounds() { allocator(Device::cuda).hold_segments(true); }
    ~FreedMemoryInBounds() { allocator(Device::cuda).hold_segments(false); }
};
#endif

template <class Test>
void with_every_timing(Test&& test) {
#ifdef MDN_CUDA_EMULATION
    for (const bool compute_is_late : {false, true})
        for (const bool upload_is_late : {false, true}) {
            CAPTURE(compute_is_late);
            CAPTURE(upload_is_late);
            const FreedMemoryInBounds while_streams_are_late;
            const emulation::LateStreams late(compute_is_late, upload_is_late);
            test();
        }
#else
    test();
#endif
}

}  // namespace mdn::test
