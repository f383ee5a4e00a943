// The three operations of the hardware that a matrix product is made of: copies to shared memory
// that go on by themselves, loads of small matrices by a warp, and their products on the tensor
// cores. Sources: the PTX ISA's cp.async, ldmatrix and mma.sync (compute capability 8.0 or later).
//
// A lane holds the same parts of every fragment, with g = lane / 4 and t = lane % 4:
//
//   bf16: A [16,16]  a[0] = A[g, 2t..2t+1]   a[1] = A[g+8, 2t..]  a[2] = A[g, 2t+8..]  a[3] =
//   A[g+8, 2t+8..]
//         B [16,8]   b[0] = B[2t..2t+1, g]   b[1] = B[2t+8.., g]
//   TF32: A [16,8]   a[0] = A[g, t]          a[1] = A[g+8, t]     a[2] = A[g, t+4]     a[3] =
//   A[g+8, t+4]
//         B [8,8]    b[0] = B[t, g]          b[1] = B[t+4, g]
//   sums  C [16,8]   c[0..1] = C[g, 2t..2t+1]                     c[2..3] = C[g+8, 2t..2t+1]
//
// nvcc compiles them to one instruction each; the emulation (tests/cuda_emulation/tensor_core.cpp)
// defines them with the same layouts and rules, and reports who breaks one.
#pragma once

#include <cstdint>

#include "engine/cuda/launch.h"

namespace mdn {

/// Bytes that a copy moves, and that both its addresses are multiples of.
inline constexpr int copy_bytes = 16;

#ifdef __CUDACC__

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#error "the products of engine/cuda/tensor_core.h need compute capability 8.0 (ARCH=sm_80) or later"
#endif

__device__ __forceinline__ uint32_t shared_address(const void* shared) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
}

/// Starts a copy from global to shared memory, or of zeros if `zero`, in which case nothing is
/// read. What lies at `to` is undefined until this thread has waited for the copy.
__device__ __forceinline__ void copy_async(void* to, const void* from, bool zero) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)),
                 "l"(from), "r"(zero ? 0 : copy_bytes)
                 : "memory");
}

/// What this thread has copied since its last call becomes a group.
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;"); }

/// Waits for all of this thread's groups but the latest `pending`. Other threads see what they
/// brought after a barrier.
template <int pending>
__device__ __forceinline__ void wait_for_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

/// Four 8×8 matrices of 16-bit numbers from shared memory (or 8×4 of 32-bit ones). Lane l says
/// where row l % 8 of matrix l / 8 lies, at a multiple of 16 bytes; to[i] is the lane's part of
/// matrix i: the pair at [g, 2t..2t+1], or, if `transposed`, at [2t..2t+1, g]. All lanes of a warp
/// call it together.
template <bool transposed>
__device__ __forceinline__ void load_matrices(const void* row, uint32_t (&to)[4]) {
    if constexpr (transposed)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(shared_address(row))
                     : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(shared_address(row))
                     : "memory");
}

/// C += A·B of bf16, summed in float. All lanes of a warp call it together.
__device__ __forceinline__ void multiply_add_bf16(const uint32_t (&a)[4], const uint32_t (&b)[2],
                                                  float (&c)[4]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// C += A·B of TF32, summed in float. The 13 lowest bits of the factors are not read: round them
/// with to_tf32 before. All lanes of a warp call it together.
__device__ __forceinline__ void multiply_add_tf32(const uint32_t (&a)[4], const uint32_t (&b)[2],
                                                  float (&c)[4]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// The bits of a float, rounded to TF32 (nearest, ties away from zero).
__device__ __forceinline__ uint32_t to_tf32(uint32_t bits) {
    uint32_t rounded;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(__uint_as_float(bits)));
    return rounded;
}

#else

void copy_async(void* to, const void* from, bool zero);
void commit_copies();
void wait_for_copies_but(int pending);
template <int pending>
void wait_for_copies() {
    wait_for_copies_but(pending);
}
void load_matrices(const void* row, uint32_t (&to)[4], bool transposed);
template <bool transposed>
void load_matrices(const void* row, uint32_t (&to)[4]) {
    load_matrices(row, to, transposed);
}
void multiply_add_bf16(const uint32_t (&a)[4], const uint32_t (&b)[2], float (&c)[4]);
void multiply_add_tf32(const uint32_t (&a)[4], const uint32_t (&b)[2], float (&c)[4]);
uint32_t to_tf32(uint32_t bits);

#endif

}  // namespace mdn
