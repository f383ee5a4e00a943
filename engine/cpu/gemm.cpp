#include "engine/cpu/gemm.h"

#include <sys/mman.h>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "engine/cpu/gemm_driver.h"
#include "engine/cpu/gemm_pack.h"
#include "engine/error.h"

namespace mdn {

void* workspace_bytes(Workspace purpose, int64_t bytes) {
    struct Free {
        void operator()(void* block) const { std::free(block); }
    };
    struct Block {
        std::unique_ptr<void, Free> memory;
        int64_t size = 0;
    };
    thread_local Block blocks[static_cast<int>(Workspace::count)];
    Block& block = blocks[static_cast<int>(purpose)];
    if (bytes > block.size) {
        // Panels touch hundreds of small pages at a time: more than a processor remembers.
        constexpr int64_t small_page = 4096, large_page = 2 << 20;
        const int64_t page = bytes > large_page / 8 ? large_page : small_page;
        const int64_t size = (bytes + page - 1) / page * page;
        block.memory.reset();
        block.memory.reset(std::aligned_alloc(page, size));
        if (!block.memory) {
            block.size = 0;
            throw OutOfMemory("out of memory: asked the system for " + std::to_string(size >> 10) +
                              " KiB of workspace for one thread");
        }
        if (page == large_page)
            madvise(block.memory.get(), static_cast<size_t>(size), MADV_HUGEPAGE);
        std::memset(block.memory.get(), 0, size);  // edges of panels are read, though never used
        block.size = size;
    }
    return block.memory.get();
}

template <class T>
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, T alpha, const T* a,
          int64_t lda, const T* b, int64_t ldb, T beta, T* c, int64_t ldc, const T* bias) {
    const auto rows = [=](int64_t i) { return c + i * ldc; };
    const GemmOutput<T, decltype(rows)> out{rows, alpha, beta, bias};
    const auto with_b = [&](const auto& right) {
        if (transpose_a)
            gemm_shared_b(m, n, k, ColumnMajorA<T>{a, lda}, right, out);
        else
            gemm_shared_b(m, n, k, RowMajorA<T>{a, lda}, right, out);
    };
    if (transpose_b)
        with_b(ColumnMajorB<T>{b, ldb});
    else
        with_b(RowMajorB<T>{b, ldb});
}

template void gemm<float>(bool, bool, int64_t, int64_t, int64_t, float, const float*, int64_t,
                          const float*, int64_t, float, float*, int64_t, const float*);
template void gemm<double>(bool, bool, int64_t, int64_t, int64_t, double, const double*, int64_t,
                           const double*, int64_t, double, double*, int64_t, const double*);

}  // namespace mdn
