#include "tests/engine/cuda/compare.h"

#include <doctest/doctest.h>
#include <cmath>

#ifdef MDN_CUDA_EMULATION
#include "tests/cuda_emulation/runtime.h"
#endif

namespace mdn::test {

namespace {

template <class T>
T at_or(const std::vector<T>& list, size_t i, T otherwise) {
    return i < list.size() ? list[i] : otherwise;
}

std::vector<Tensor> run(Kernels& kernels, Device device, const std::vector<Tensor>& inputs,
                        const KernelTest& test, bool bf16) {
    const auto dtype_for = [&](DType dtype, Role role) {
        return bf16 && dtype == DType::f32 && role == Role::activation ? DType::bf16 : dtype;
    };
    std::vector<Tensor> in, out;
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (!inputs[i].defined()) {
            in.push_back({});
            continue;
        }
        Tensor moved = inputs[i].to(device);
        const DType dtype = dtype_for(moved.dtype(), at_or(test.input_roles, i, Role::activation));
        in.push_back(dtype == moved.dtype() ? moved : moved.to(dtype));
    }
    for (size_t i = 0; i < test.outputs.size(); ++i) {
        const DType dtype = dtype_for(at_or(test.output_dtypes, i, DType::f32),
                                      at_or(test.output_roles, i, Role::activation));
        // A number no kernel would leave by chance.
        out.push_back(Tensor::full(test.outputs[i], 77, dtype, device));
    }
    test.call(kernels, in, out);
    std::vector<Tensor> results;
    for (const Tensor& y : out)
        results.push_back((y.dtype() == DType::bf16 ? y.to(DType::f32) : y).to(Device::cpu));
    return results;
}

/// Inputs rounded to bf16, so that both sides start from the same numbers.
std::vector<Tensor> rounded(const std::vector<Tensor>& inputs, const KernelTest& test) {
    std::vector<Tensor> result;
    for (size_t i = 0; i < inputs.size(); ++i) {
        const bool rounds = inputs[i].defined() && inputs[i].dtype() == DType::f32 &&
                            at_or(test.input_roles, i, Role::activation) == Role::activation;
        result.push_back(
            rounds ? inputs[i].to(Device::cuda).to(DType::bf16).to(DType::f32).to(Device::cpu)
                   : inputs[i]);
    }
    return result;
}

void compare(const KernelTest& test, const std::vector<Tensor>& inputs, bool bf16) {
    const std::vector<Tensor> expected =
        run(kernels(Device::cpu), Device::cpu, inputs, test, false);
    const std::vector<Tensor> got = run(kernels(Device::cuda), Device::cuda, inputs, test, bf16);
    CAPTURE(bf16);
    for (size_t i = 0; i < got.size(); ++i) {
        CAPTURE(i);
        CAPTURE(to_string(got[i].shape()));
        CHECK(difference(got[i], expected[i]) <= (bf16 ? 2e-2 : test.tolerance));
    }
}

void compare_all(const KernelTest& test) {
    compare(test, test.inputs, false);
    if (test.bf16) compare(test, rounded(test.inputs, test), true);
}

}  // namespace

double difference(const Tensor& got, const Tensor& expected) {
    if (got.shape() != expected.shape() || got.dtype() != expected.dtype()) return INFINITY;
    double squares = 0, size = 0;
    const auto add = [&](double a, double b) {
        if (!std::isfinite(a) && !std::isfinite(b)) return;  // both the same kind of wrong
        squares += (a - b) * (a - b);
        size += b * b;
    };
    const auto add_all = [&]<class T>(T) {
        for (int64_t i = 0; i < got.numel(); ++i)
            add(static_cast<double>(got.data<T>()[i]), static_cast<double>(expected.data<T>()[i]));
    };
    switch (got.dtype()) {
        case DType::f32:
            add_all(float{});
            break;
        case DType::f64:
            add_all(double{});
            break;
        case DType::i64:
            add_all(int64_t{});
            break;
        case DType::u8:
            add_all(uint8_t{});
            break;
        case DType::bf16:
            return INFINITY;
    }
    if (squares == 0) return 0;
    const double error = std::sqrt(squares / std::max(size, 1e-30));
    return std::isnan(error) ? INFINITY : error;
}

void check_kernel(const KernelTest& test) {
#ifdef MDN_CUDA_EMULATION
    using emulation::ThreadOrder;
    for (const ThreadOrder order :
         {ThreadOrder::ascending, ThreadOrder::descending, ThreadOrder::shuffled}) {
        emulation::set_thread_order(order);
        CAPTURE(static_cast<int>(order));
        compare_all(test);
    }
    emulation::set_thread_order(ThreadOrder::ascending);
    emulation::check_guards();
#else
    compare_all(test);
#endif
}

}  // namespace mdn::test
