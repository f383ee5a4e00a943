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

std::vector<double> as_doubles(const Tensor& x) {
    const auto of = [&]<class T>(T) {
        return std::vector<double>(x.data<T>(), x.data<T>() + x.numel());
    };
    switch (x.dtype()) {
        case DType::f32:
            return of(float{});
        case DType::f64:
            return of(double{});
        case DType::i64:
            return of(int64_t{});
        case DType::u8:
            return of(uint8_t{});
        case DType::bf16:
            break;
    }
    throw Error("a bf16 tensor is compared as f32");
}

void compare(const KernelTest& test, const std::vector<Tensor>& inputs, bool bf16) {
    const std::vector<Tensor> expected =
        run(kernels(Device::cpu), Device::cpu, inputs, test, false);
    const std::vector<Tensor> got = run(kernels(Device::cuda), Device::cuda, inputs, test, bf16);
    CAPTURE(bf16);
    for (size_t i = 0; i < got.size(); ++i) {
        CAPTURE(i);
        CAPTURE(to_string(got[i].shape()));
        const Difference by = difference(got[i], expected[i]);
        CHECK(by.norm <= (bf16 ? 2e-2 : test.tolerance));
        // One wrong element among thousands hardly moves the norm.
        CHECK(by.element <= (bf16 ? 2e-2 : 4 * test.tolerance));
    }
}

void compare_all(const KernelTest& test) {
    compare(test, test.inputs, false);
    if (test.bf16) compare(test, rounded(test.inputs, test), true);
}

}  // namespace

Difference difference(const Tensor& got, const Tensor& expected) {
    constexpr Difference infinite{INFINITY, INFINITY};
    if (got.shape() != expected.shape() || got.dtype() != expected.dtype()) return infinite;
    const std::vector<double> a = as_doubles(got), b = as_doubles(expected);
    double squares = 0, size = 0, finite = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
            if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
            return infinite;
        }
        squares += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
        ++finite;
    }
    if (squares == 0) return {0, 0};
    const double typical = std::max(std::sqrt(size / finite), 1e-30);
    double element = 0;
    for (size_t i = 0; i < a.size(); ++i)
        if (std::isfinite(a[i]))
            element = std::max(element, std::abs(a[i] - b[i]) / (std::abs(b[i]) + typical));
    return {std::sqrt(squares / std::max(size, 1e-30)), element};
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
