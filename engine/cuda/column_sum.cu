#include "engine/cuda/column_sum.h"

namespace mdn {

namespace {

template <class T>
struct Elements {
    static constexpr int count = 1;
    int64_t columns;
    const T* x;
    __device__ void operator()(int64_t row, int64_t column, float (&total)[1]) const {
        total[0] += to_float(x[row * columns + column]);
    }
};

}  // namespace

template <class T>
void column_sums(int64_t rows, int64_t columns, const T* x, float* sums) {
    column_sums_of(rows, columns, Elements<T>{columns, x}, {{sums}});
}

template void column_sums<float>(int64_t, int64_t, const float*, float*);
template void column_sums<bf16>(int64_t, int64_t, const bf16*, float*);

}  // namespace mdn
