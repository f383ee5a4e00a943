// Linear layers over rows, and one for each group of rows.
#include "engine/cpu/column_sum.h"
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"
#include "engine/cpu/gemm.h"

namespace mdn {

void CpuKernels::linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), in = x.dim(1), out = weight.dim(0);
        gemm<T>(false, true, rows, out, in, 1, x.data<T>(), in, weight.data<T>(), in, 0,
                y.data<T>(), out, bias.defined() ? bias.data<T>() : nullptr);
    });
}

void CpuKernels::linear_gelu_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                     Tensor& u, Tensor& y) {
    linear_forward(x, weight, bias, u);
    gelu_forward(u, y);
}

void CpuKernels::linear_backward_input(const Tensor& dy, const Tensor& weight, Tensor& dx) {
    with_float_type(dy, [&]<class T>(T) {
        const int64_t rows = dy.dim(0), out = dy.dim(1), in = weight.dim(1);
        gemm<T>(false, false, rows, in, out, 1, dy.data<T>(), out, weight.data<T>(), in, 0,
                dx.data<T>(), in);
    });
}

void CpuKernels::linear_backward_weight(const Tensor& x, const Tensor& dy, Tensor& dweight,
                                        Tensor& dbias) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), in = x.dim(1), out = dy.dim(1);
        gemm<T>(true, false, out, in, rows, 1, dy.data<T>(), out, x.data<T>(), in, 0,
                dweight.data<T>(), in);
        if (dbias.defined()) column_sum(dy.data<T>(), rows, out, dbias.data<T>());
    });
}

void CpuKernels::grouped_linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                        Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), groups = x.dim(1), in = x.dim(2), out = weight.dim(1);
        for (int64_t g = 0; g < groups; ++g)
            gemm<T>(false, true, rows, out, in, 1, x.data<T>() + g * in, groups * in,
                    weight.data<T>() + g * out * in, in, 0, y.data<T>() + g * out, groups * out,
                    bias.data<T>() + g * out);
    });
}

void CpuKernels::grouped_linear_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                         Tensor& dx, Tensor& dweight, Tensor& dbias) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), groups = x.dim(1), in = x.dim(2), out = weight.dim(1);
        for (int64_t g = 0; g < groups; ++g) {
            const T *x_g = x.data<T>() + g * in, *dy_g = dy.data<T>() + g * out;
            gemm<T>(false, false, rows, in, out, 1, dy_g, groups * out,
                    weight.data<T>() + g * out * in, in, 0, dx.data<T>() + g * in, groups * in);
            gemm<T>(true, false, out, in, rows, 1, dy_g, groups * out, x_g, groups * in, 0,
                    dweight.data<T>() + g * out * in, in);
        }
        column_sum(dy.data<T>(), rows, groups * out, dbias.data<T>());
    });
}

}  // namespace mdn
