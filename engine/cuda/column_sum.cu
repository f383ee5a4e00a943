#include "engine/cuda/column_sum.h"

namespace mdn {

namespace {

template <class T>
struct Elements {
    static constexpr int count = 1, most = pack_bytes / int{sizeof(T)};
    int64_t columns;
    const T* x;
    template <int n>
    __device__ void add(int64_t row, int64_t column, float (&total)[1][n]) const {
        float values[n];
        load(x + row * columns + column, values);
        for (int i = 0; i < n; ++i) total[0][i] += values[i];
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
