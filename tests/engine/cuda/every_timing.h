// Runs a test under every choice of when the GPU's two streams do their work. On a real GPU, which
// chooses itself, once.
#pragma once

#ifdef MDN_CUDA_EMULATION
#include <doctest/doctest.h>

#include "tests/cuda_emulation/streams.h"
#endif

namespace mdn::test {

template <class Test>
void with_every_timing(Test&& test) {
#ifdef MDN_CUDA_EMULATION
    for (const bool compute_is_late : {false, true})
        for (const bool upload_is_late : {false, true}) {
            CAPTURE(compute_is_late);
            CAPTURE(upload_is_late);
            const emulation::LateStreams late(compute_is_late, upload_is_late);
            test();
        }
#else
    test();
#endif
}

}  // namespace mdn::test
