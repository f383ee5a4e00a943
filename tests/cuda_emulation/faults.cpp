// Faults that a product on tensor cores can have, each planted in a small kernel: the emulated GPU
// must report it, or the product must be wrong. Without a fault it must be right.
#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/cuda/tensor_core.h"
#include "engine/error.h"
#include "tests/cuda_emulation/runtime.h"

using namespace mdn;

namespace {

enum class Fault {
    none,
    missing_wait,     // multiplies what may not have come
    late_wait,        // waits for a group too few
    wait_afterwards,  // multiplies first
    next_stage,       // copies into the stage that is multiplied
    missing_barrier,  // multiplies what another warp may not have waited for
    missing_commit,   // waits for groups that are empty
    wrong_lane,       // takes a fragment's row for its column
    wrong_matrix,     // loads the second and third matrix in turn
    not_transposed,
    misaligned,
    outside,
    half_a_warp,
    not_waited_for,  // returns while a copy is under way
};

constexpr int stages = 3, warps = 2, depth = 16, columns = 16;  // of a step
constexpr int a_rows = 16 * warps, a_numbers = a_rows * depth, b_numbers = depth * columns;
constexpr int stage_numbers = a_numbers + b_numbers;

/// C [32,16] = A·B over `steps` steps of 16. A [steps,32,16] and B [steps,16,16] are bf16 (B by
/// row: its fragments are transposed) or, if `tf32`, A [steps,32,8] and Bᵀ [steps,16,8] float.
template <Fault fault, bool tf32>
__global__ void product(int steps, const bf16* a, const bf16* b, float* c) {
    bf16* const memory = dynamic_shared<bf16>();
    const int thread = static_cast<int>(threadIdx.x), lane = thread % warp_threads;
    const int warp = thread / warp_threads;
    const auto bring = [&](int s) {
        if (s < steps) {
            bf16* const stage =
                memory + (fault == Fault::next_stage ? s + 1 : s) % stages * stage_numbers;
            copy_async(stage + thread * 8, a + s * a_numbers + thread * 8, false);
            if (warp == 0)
                copy_async(stage + a_numbers + lane * 8, b + s * b_numbers + lane * 8, false);
        }
        if (fault != Fault::missing_commit) commit_copies();
    };
    float sums[2][4] = {};
    for (int s = 0; s < stages - 1; ++s) bring(s);
    for (int s = 0; s < steps; ++s) {
        if (fault == Fault::late_wait)
            wait_for_copies<stages - 1>();
        else if (fault == Fault::not_waited_for && s == steps - 1)
            wait_for_copies<stages>();
        else if (fault != Fault::missing_wait && fault != Fault::wait_afterwards)
            wait_for_copies<stages - 2>();
        if (fault != Fault::missing_barrier) __syncthreads();
        bring(s + stages - 1);
        const bf16* const stage = memory + s % stages * stage_numbers;
        const int h = fault == Fault::wrong_matrix ? lane / 8 % 2 * 2 + lane / 16 : lane / 8;
        // Fragments of A: the second matrix is below the first, the third to its right.
        const bf16* row_a = stage + (warp * 16 + lane % 8 + h % 2 * 8) * depth + h / 2 * 8;
        if (fault == Fault::misaligned) row_a += 4;
        if (fault == Fault::outside && s == steps - 1) row_a += stages * stage_numbers;
        uint32_t of_a[4], of_b[4];
        if (fault != Fault::half_a_warp || lane < 16) load_matrices<false>(row_a, of_a);
        // Of B: the second is further down the depth, the third in the next 8 columns. Both types
        // have 32 bytes in a row.
        const int lower = lane % 8 + h % 2 * 8, right = lane % 8 + h / 2 * 8;
        if (tf32)
            load_matrices<false>(stage + a_numbers + right * depth + h % 2 * 8, of_b);
        else
            load_matrices<fault != Fault::not_transposed>(
                stage + a_numbers + lower * columns + h / 2 * 8, of_b);
        for (int j = 0; j < 2; ++j) {
            uint32_t pair[2] = {of_b[2 * j], of_b[2 * j + 1]};
            if (tf32) {
                uint32_t rounded[4];
                for (int i = 0; i < 4; ++i) rounded[i] = to_tf32(of_a[i]);
                for (uint32_t& bits : pair) bits = to_tf32(bits);
                multiply_add_tf32(rounded, pair, sums[j]);
            } else {
                multiply_add_bf16(of_a, pair, sums[j]);
            }
        }
        if (fault == Fault::wait_afterwards) wait_for_copies<0>();
    }
    int g = lane / 4, t = lane % 4;
    if (fault == Fault::wrong_lane) g = lane % 8, t = lane / 8;
    for (int j = 0; j < 2; ++j)
        for (int i = 0; i < 4; ++i)
            c[(warp * 16 + g + i / 2 * 8) * columns + 8 * j + 2 * t + i % 2] = sums[j][i];
}

std::vector<float> random_numbers(size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    std::vector<float> x(count);
    for (float& value : x) value = __bfloat162float(__float2bfloat16(normal(generator)));
    return x;
}

std::vector<bf16> rounded(const std::vector<float>& x) {
    std::vector<bf16> y;
    for (const float value : x) y.push_back(__float2bfloat16(value));
    return y;
}

/// "right", "wrong", or what the emulation says.
template <Fault fault, bool tf32 = false>
std::string outcome(emulation::ThreadOrder order) {
    constexpr int steps = 5, step = tf32 ? 8 : depth;
    const std::vector<float> a = random_numbers(steps * a_rows * step, 1);
    const std::vector<float> b = random_numbers(steps * step * columns, 2);
    std::vector<bf16> a16 = rounded(a), b16 = rounded(b);
    alignas(16) bf16 a_at[steps * a_numbers], b_at[steps * b_numbers];
    std::memcpy(a_at, tf32 ? static_cast<const void*>(a.data()) : a16.data(), sizeof a_at);
    std::memcpy(b_at, tf32 ? static_cast<const void*>(b.data()) : b16.data(), sizeof b_at);
    std::vector<float> c(a_rows * columns, 77.f);
    emulation::set_thread_order(order);
    std::string said;
    try {
        launch(product<fault, tf32>, dim3(1), warps * warp_threads,
               stages * stage_numbers * int64_t{sizeof(bf16)}, steps, a_at, b_at, c.data());
    } catch (const Error& error) {
        said = error.what();
    }
    emulation::set_thread_order(emulation::ThreadOrder::ascending);
    if (!said.empty()) return said;
    for (int row = 0; row < a_rows; ++row)
        for (int column = 0; column < columns; ++column) {
            double sum = 0;
            for (int s = 0; s < steps; ++s)
                for (int k = 0; k < step; ++k) {
                    const int at = s * step * columns;
                    sum += double{a[(s * a_rows + row) * step + k]} *
                           b[at + (tf32 ? column * step + k : k * columns + column)];
                }
            if (!(std::abs(c[row * columns + column] - sum) < 1e-4)) return "wrong";
        }
    return "right";
}

/// What all three orders of threads give: "right", "wrong", or "reported: " and what the first
/// says.
template <Fault fault, bool tf32 = false>
std::string outcome() {
    using emulation::ThreadOrder;
    const std::string first = outcome<fault, tf32>(ThreadOrder::ascending);
    for (const ThreadOrder order : {ThreadOrder::descending, ThreadOrder::shuffled}) {
        const std::string other = outcome<fault, tf32>(order);
        if (other != first && (other.size() <= 5 || first.size() <= 5)) return "varies";
    }
    return first.size() <= 5 ? first : "reported: " + first;
}

bool reports(const std::string& outcome, const char* what) {
    return outcome.rfind("reported: ", 0) == 0 && outcome.find(what) != std::string::npos;
}

}  // namespace

TEST_SUITE("cuda_emulation/faults") {
    TEST_CASE("products on emulated tensor cores are right, of bf16 and of TF32") {
        CHECK(outcome<Fault::none>() == "right");
        CHECK(outcome<Fault::none, true>() == "right");
    }

    TEST_CASE("a copy that is not waited for, or comes into a stage in use, does not go by") {
        CHECK(outcome<Fault::next_stage>() == "wrong");
        const char* without = "returned without waiting for ";
        CHECK(reports(outcome<Fault::missing_wait>(), without));
        CHECK(reports(outcome<Fault::late_wait>(), without));
        CHECK(reports(outcome<Fault::missing_commit>(), without));
        CHECK(reports(outcome<Fault::not_waited_for>(), without));
    }

    TEST_CASE("a wait that comes after the product gives wrong numbers") {
        CHECK(outcome<Fault::wait_afterwards>() == "wrong");
    }

    TEST_CASE("a missing barrier between warps shows in some order of threads") {
        using emulation::ThreadOrder;
        CHECK(outcome<Fault::missing_barrier>(ThreadOrder::descending) == "wrong");
    }

    TEST_CASE("a fragment that is taken for another gives wrong numbers") {
        CHECK(outcome<Fault::wrong_lane>() == "wrong");
        CHECK(outcome<Fault::wrong_matrix>() == "wrong");
        CHECK(outcome<Fault::wrong_matrix, true>() == "wrong");
        CHECK(outcome<Fault::not_transposed>() == "wrong");
    }

    TEST_CASE("addresses that the hardware does not take are reported, with thread and block") {
        CHECK(reports(outcome<Fault::misaligned>(),
                      "thread 0 of block (0, 0) loads a matrix from shared memory at byte 8, "
                      "which is no multiple of 16"));
        CHECK(reports(outcome<Fault::outside>(), "outside its block's shared memory"));
    }

    TEST_CASE("lanes that come alone, or with another operation, are reported") {
        CHECK(reports(outcome<Fault::half_a_warp>(), "different operations of the whole warp"));
    }

    TEST_CASE("TF32 is rounded to nearest, with 10 bits behind the leading one") {
        CHECK(to_tf32(0x3F800FFF) == 0x3F800000);
        CHECK(to_tf32(0x3F801000) == 0x3F802000);
        CHECK(to_tf32(0xBF803FFF) == 0xBF804000);
        CHECK(to_tf32(0x7F800000) == 0x7F800000);
    }
}
