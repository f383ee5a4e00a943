// CUDA kernels beside the CPU's: the same inputs to both, every output compared. Without a GPU the
// kernels run in emulation, once for each order of threads, so that a missing barrier shows.
#pragma once

#include <functional>
#include <vector>

#include "engine/kernels.h"
#include "engine/random.h"

namespace mdn::test {

/// How far two tensors of one shape and any dtype are apart.
struct Difference {
    double norm;     // ‖got − expected‖/‖expected‖
    double element;  // the largest |got − expected|/(|expected| + root mean square of expected)
};

/// Both infinite where shape or dtype differ, or where an element is not finite and the other is
/// not the same: NaN beside NaN and ∞ beside ∞ of the same sign are equal.
Difference difference(const Tensor& got, const Tensor& expected);

/// One kernel call. `in` are the inputs and `out` the outputs, on the device whose kernels are
/// given; the call writes to `out`, which arrive filled with numbers that must not survive.
using KernelCall =
    std::function<void(Kernels& kernels, const std::vector<Tensor>& in, std::vector<Tensor>& out)>;

/// What one argument is beside bf16 activations.
enum class Role { activation, parameter };

struct KernelTest {
    std::vector<Tensor> inputs;  // on the CPU; f32 or integers
    std::vector<Shape> outputs;  // shapes; dtype f32 unless listed in output_dtypes
    KernelCall call;
    std::vector<DType> output_dtypes = {};  // f32 where missing
    std::vector<Role> input_roles = {};     // activation where missing
    std::vector<Role> output_roles = {};    // activation where missing
    double tolerance = 1e-5;
    bool bf16 = true;  // also with bf16 activations, within 2e-2 by norm and by element
};

/// Runs the call on the CPU and on CUDA (f32, then bf16) and checks that the outputs agree.
void check_kernel(const KernelTest& test);

}  // namespace mdn::test
