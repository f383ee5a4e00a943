// The emulated GPU itself: what it computes, and that it catches what kernels can do wrong.
#include <doctest/doctest.h>
#include <numeric>
#include <vector>

#include "engine/cuda/launch.h"
#include "engine/cuda/reduce.h"
#include "engine/tensor.h"
#include "tests/cuda_emulation/runtime.h"
#include "tests/cuda_emulation/streams.h"
#include "tests/cuda_emulation/watch.h"

using namespace mdn;

namespace {

/// Reverses a block's numbers through shared memory; the barrier can be left out.
template <bool with_barrier>
__global__ void reverse(const int* x, int* y) {
    int* shared = dynamic_shared<int>();
    const unsigned i = threadIdx.x, n = blockDim.x;
    shared[i] = x[blockIdx.x * n + i];
    if (with_barrier) __syncthreads();
    y[blockIdx.x * n + i] = shared[n - 1 - i];
}

__global__ void write_to(float* x, int64_t i) {
    if (threadIdx.x == 0) x[i] = 1;
}

__global__ void half_of_the_threads_wait() {
    if (threadIdx.x < warp_threads) __syncthreads();
}

__global__ void sums(const float* x, float* of_warp, float* of_block) {
    const int64_t i = first_index();
    of_warp[i] = warp_sum(x[i]);
    of_block[i] = block_sum(x[i], dynamic_shared<float>());
}

/// An access to an array by one thread, or a barrier for all of the block.
struct Step {
    enum { read, write, barrier } what;
    int block = 0, thread = 0, index = 0;
};

/// Every thread goes through the steps, and tells the watch of its own, as code does that was
/// compiled for it.
__global__ void follow(const std::vector<Step>* steps, float* array, emulation::Watch* watch) {
    for (const Step& step : *steps)
        if (step.what == Step::barrier)
            __syncthreads();
        else if (step.block == static_cast<int>(blockIdx.x) &&
                 step.thread == static_cast<int>(threadIdx.x))
            watch->access(array + step.index, sizeof(float), step.what == Step::write);
}

/// What a watch says of the steps, for two blocks, with threads in every order.
std::string said_of(const std::vector<Step>& steps, bool written, bool in_shared = false) {
    std::vector<float> memory(100);
    std::string said;
    for (const auto order : {emulation::ThreadOrder::ascending, emulation::ThreadOrder::descending,
                             emulation::ThreadOrder::shuffled}) {
        emulation::Watch watch(40 * sizeof(float));
        watch.add("x", memory.data() + 10, 80, 10, written);
        emulation::set_thread_order(order);
        launch(follow, dim3(2), 2 * warp_threads, 40 * sizeof(float), &steps,
               in_shared ? dynamic_shared<float>() : memory.data() + 10, &watch);
        emulation::set_thread_order(emulation::ThreadOrder::ascending);
        said += watch.finding().empty() ? watch.scattered() : watch.finding();
        said += '\n';
    }
    return said;
}

long count(const std::string& text, const std::string& what) {
    long found = 0;
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++found;
    return found;
}

template <bool with_barrier>
bool reverses(emulation::ThreadOrder order) {
    constexpr int threads = 96, blocks = 3;
    std::vector<int> x(threads * blocks), y(x.size());
    std::iota(x.begin(), x.end(), 1);
    emulation::set_thread_order(order);
    launch(reverse<with_barrier>, dim3(blocks), threads, threads * sizeof(int), x.data(), y.data());
    emulation::set_thread_order(emulation::ThreadOrder::ascending);
    for (int block = 0; block < blocks; ++block)
        for (int i = 0; i < threads; ++i)
            if (y[block * threads + i] != x[block * threads + threads - 1 - i]) return false;
    return true;
}

}  // namespace

TEST_SUITE("cuda_emulation/emulation") {
    TEST_CASE("a missing __syncthreads shows in every order of threads, the barrier in none") {
        using emulation::ThreadOrder;
        for (const ThreadOrder order :
             {ThreadOrder::ascending, ThreadOrder::descending, ThreadOrder::shuffled}) {
            CHECK(reverses<true>(order));
            CHECK_FALSE(reverses<false>(order));
        }
    }

    TEST_CASE("a kernel that writes out of bounds is caught") {
        for (const int64_t index : {-1, 100}) {
            void* memory = nullptr;
            REQUIRE(cudaMalloc(&memory, 100 * sizeof(float)) == cudaSuccess);
            auto* x = static_cast<float*>(memory);
            launch(write_to, dim3(1), warp_threads, 0, x, 50);
            emulation::check_guards();
            launch(write_to, dim3(1), warp_threads, 0, x, index);
            CHECK_THROWS_WITH_AS(emulation::check_guards(),
                                 doctest::Contains("outside a block of 400 bytes"), Error);
            cudaFree(memory);
        }
    }

    TEST_CASE("a barrier that some threads never reach is an error") {
        CHECK_THROWS_WITH_AS(launch(half_of_the_threads_wait, dim3(1), 2 * warp_threads, 0),
                             doctest::Contains("wait for others that never come: thread 0 waits at "
                                               "__syncthreads(), but thread 32 has returned"),
                             Error);
        CHECK(reverses<true>(emulation::ThreadOrder::ascending));  // and the next launch is fine
    }

    TEST_CASE("a watch names accesses outside an array, and reads of what nobody has written") {
        const auto read = Step::read, write = Step::write;
        CHECK(said_of({{read, 1, 7, 79}, {read, 1, 7, 0}}, true) == "\n\n\n");
        CHECK(count(said_of({{read, 1, 7, 80}}, true),
                    "thread 7 of block 1 reads x[80], which lies outside: x has 80 elements") == 3);
        CHECK(count(said_of({{write, 0, 63, -1}}, true), "thread 63 of block 0 writes x[-1]") == 3);
        CHECK(count(said_of({{read, 0, 3, 5}}, false), "reads x[5], which no thread has written") ==
              3);
        CHECK(count(said_of({{write, 0, 3, 40}}, false, true),
                    "shared[40], which lies outside: the launch asked for 40 floats") == 3);
        // What one block leaves in shared memory, another does not find.
        CHECK(count(said_of({{write, 0, 3, 5}, {read, 1, 3, 5}}, false, true),
                    "of block 1 reads shared[5], which no thread has written") == 3);
        CHECK(said_of({{write, 0, 3, 5}, {write, 1, 4, 5}}, false, true) == "\n\n\n");
    }

    TEST_CASE("a watch names races in every order of threads, and none where a barrier lies") {
        const auto read = Step::read, write = Step::write, barrier = Step::barrier;
        const char* race = "with no __syncthreads() between";
        for (const bool in_shared : {false, true}) {
            const auto said = [in_shared](const std::vector<Step>& steps) {
                return said_of(steps, false, in_shared);
            };
            const Step begin = {write, 0, 9, 5}, wait = {barrier};
            CHECK(
                count(said({begin, wait, {read, 0, 1, 5}, {read, 0, 2, 5}, wait, {write, 0, 3, 5}}),
                      race) == 0);
            CHECK(count(said({begin, {read, 0, 9, 5}, {write, 0, 9, 5}}), race) == 0);
            CHECK(count(said({begin, wait, {write, 0, 1, 5}, {write, 0, 2, 5}}), race) == 3);
            CHECK(count(said({begin, wait, {read, 0, 1, 5}, {write, 0, 40, 5}}), race) == 3);
            // The second of two readers is the one that meets the writer.
            CHECK(count(said({begin, wait, {read, 0, 1, 5}, {read, 0, 2, 5}, {write, 0, 1, 5}}),
                        race) == 3);
            // Not the first barrier, but the second is missing.
            CHECK(
                count(said({begin, wait, {read, 0, 1, 5}, wait, {write, 0, 2, 5}, {read, 0, 1, 5}}),
                      race) == 3);
        }
        CHECK(count(said_of({{write, 0, 1, 5}, {barrier}, {write, 1, 1, 5}}, true),
                    "block 0 writes x[5], and block 1 writes it too") == 3);
        CHECK(count(said_of({{read, 0, 1, 5}, {read, 1, 1, 5}, {barrier}, {write, 1, 1, 5}}, true),
                    "block 0 reads x[5], and block 1 writes it too") == 3);
        CHECK(count(said_of({{write, 0, 1, 5}, {barrier}, {read, 1, 1, 5}}, true),
                    "block 0 writes x[5], and block 1 reads it too") == 3);
    }

    TEST_CASE("a watch says where neighbours of a warp do not access neighbours") {
        std::vector<Step> steps;
        for (int thread = 0; thread < 8; ++thread) steps.push_back({Step::read, 0, thread, thread});
        for (int thread = 0; thread < 8; ++thread)
            steps.push_back({Step::read, 1, 32 + thread, 50 + thread});
        CHECK(said_of(steps, true) == "\n\n\n");
        // One element for all is handed to all at once.
        for (Step& step : steps)
            if (step.block == 0) step.index = 7;
        CHECK(said_of(steps, true) == "\n\n\n");
        steps[5].index = 60;
        CHECK(count(said_of(steps, true), "must access neighbours in memory") == 3);
    }

    TEST_CASE("warp_sum and block_sum give every thread the sum of its own group") {
        constexpr int threads = 96, blocks = 2;
        std::vector<float> x(threads * blocks), of_warp(x.size()), of_block(x.size());
        for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 31);
        launch(sums, dim3(blocks), threads, block_sum_bytes, x.data(), of_warp.data(),
               of_block.data());
        const auto sum = [&](int begin, int count) {
            return std::accumulate(x.begin() + begin, x.begin() + begin + count, 0.f);
        };
        for (int i = 0; i < threads * blocks; ++i) {
            CHECK(of_warp[i] == sum(i / warp_threads * warp_threads, warp_threads));
            CHECK(of_block[i] == sum(i / threads * threads, threads));
        }
    }

    TEST_CASE(
        "a captured stream runs nothing until its graph is launched, then as often as asked") {
        std::vector<float> x(32, 0.f);
        cudaStream_t stream = cuda_context().stream();
        cudaGraph_t graph = nullptr;
        cudaGraphExec_t executable = nullptr;
        REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
        launch(write_to, dim3(1), warp_threads, 0, x.data(), 7);
        REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
        REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
        CHECK(x[7] == 0);
        for (int i = 0; i < 2; ++i) {
            x[7] = 0;
            REQUIRE(cudaGraphLaunch(executable, stream) == cudaSuccess);
            CHECK(x[7] == 1);
        }
        cudaGraphExecDestroy(executable);
        cudaGraphDestroy(graph);
    }

    TEST_CASE("a late stream does nothing before something waits for it, and then all in order") {
        constexpr size_t bytes = 32 * sizeof(float);
        void *device = nullptr, *host = nullptr;
        REQUIRE(cudaMalloc(&device, bytes) == cudaSuccess);
        REQUIRE(cudaMallocHost(&host, bytes) == cudaSuccess);
        auto *x = static_cast<float*>(device), *pinned = static_cast<float*>(host);
        cudaEvent_t event = nullptr, unused = nullptr;
        REQUIRE(cudaEventCreate(&event) == cudaSuccess);
        REQUIRE(cudaEventCreate(&unused) == cudaSuccess);
        const cudaStream_t first = cuda_context().stream(), second = cuda_context().upload_stream();
        const auto clear_and_write = [&](int64_t i) {
            cudaMemsetAsync(x, 0, bytes, first);
            launch(write_to, dim3(1), warp_threads, 0, x, i);
        };
        clear_and_write(7);
        CHECK(x[7] == 1);
        {
            const emulation::LateStreams late(true, false);
            clear_and_write(8);
            CHECK(x[8] == 0);
            REQUIRE(cudaEventRecord(event, first) == cudaSuccess);
            clear_and_write(9);
            float milliseconds = 0;
            CHECK(cudaEventElapsedTime(&milliseconds, event, event) == cudaErrorNotReady);
            // The other stream waits for the event, and so brings down what was written before it.
            REQUIRE(cudaStreamWaitEvent(second, unused) == cudaSuccess);
            CHECK(x[8] == 0);
            REQUIRE(cudaStreamWaitEvent(second, event) == cudaSuccess);
            CHECK(x[8] == 1);
            CHECK(x[9] == 0);
            CHECK(cudaEventElapsedTime(&milliseconds, event, event) == cudaSuccess);
            REQUIRE(cudaStreamSynchronize(first) == cudaSuccess);
            CHECK(x[9] == 1);
            // Pinned memory is read when the copy is done, pageable memory at once.
            pinned[0] = 1;
            cudaMemcpyAsync(x, pinned, bytes, cudaMemcpyHostToDevice, first);
            pinned[0] = 2;
            REQUIRE(cudaStreamSynchronize(first) == cudaSuccess);
            CHECK(x[0] == 2);
            std::vector<float> pageable(32, 3.f);
            cudaMemcpyAsync(x, pageable.data(), bytes, cudaMemcpyHostToDevice, first);
            pageable[0] = 4;
            CHECK(x[0] == 3);
            clear_and_write(10);
            CHECK(x[10] != 1);
        }
        CHECK(x[10] == 1);
        cudaEventDestroy(event);
        cudaEventDestroy(unused);
        cudaFreeHost(host);
        cudaFree(device);
    }

    TEST_CASE("what a captured stream may not be given is refused") {
        const cudaStream_t stream = cuda_context().stream();
        const Tensor x = Tensor::empty({8}, DType::f32, Device::cuda);
        float on_host[8] = {};
        cudaEvent_t event = nullptr;
        REQUIRE(cudaEventCreate(&event) == cudaSuccess);
        REQUIRE(cudaEventRecord(event, stream) == cudaSuccess);
        cudaGraph_t graph = nullptr;
        REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed) == cudaSuccess);
        CHECK(cudaStreamSynchronize(stream) == cudaErrorInvalidValue);
        CHECK(cudaMemcpyAsync(x.raw(), on_host, sizeof on_host, cudaMemcpyDefault, stream) ==
              cudaErrorInvalidValue);
        CHECK(cudaStreamWaitEvent(stream, event) == cudaErrorInvalidValue);
        REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
        cudaGraphDestroy(graph);
        cudaEventDestroy(event);
    }

    TEST_CASE("what a user can do about a GPU that cannot be used is said") {
        CHECK_THROWS_WITH_AS(check(cudaErrorNoDevice, "x"), "no NVIDIA GPU was found", Error);
        CHECK_THROWS_WITH_AS(check(cudaErrorInsufficientDriver, "x"), doctest::Contains("driver"),
                             Error);
        for (const cudaError_t error :
             {cudaErrorNoKernelImageForDevice, cudaErrorUnsupportedPtxVersion})
            CHECK_THROWS_WITH_AS(check(error, "x"), doctest::Contains("no code for the GPU"),
                                 Error);
        emulation::set_free_memory(int64_t{7} << 20);
        CHECK_THROWS_WITH_AS(check(cudaErrorMemoryAllocation, "cuBLAS's workspace"),
                             doctest::Contains("out of memory: cuBLAS's workspace failed; 7 of "),
                             OutOfMemory);
        emulation::set_memory_limit(int64_t{4} << 30);
        CHECK_THROWS_WITH_AS(check(cudaErrorInvalidValue, "counting"),
                             doctest::Contains("[cuda] counting failed (cudaErrorInvalidValue"),
                             Error);
        CHECK_THROWS_WITH_AS(check(CUBLAS_STATUS_INVALID_VALUE, "a product"),
                             doctest::Contains("[cuda] a product failed (cuBLAS"), Error);
    }
}
