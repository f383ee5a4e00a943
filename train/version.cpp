#include "train/version.h"

#include <filesystem>

#include "engine/cpu/simd.h"
#include "engine/error.h"
#include "engine/kernels.h"

namespace mdn {

namespace {

std::string compiler() {
#if defined(__clang__)
    return "Clang " __clang_version__;
#elif defined(__GNUC__)
    return "GCC " __VERSION__;
#else
    return "unknown compiler";
#endif
}

/// What engine/cpu/simd.h makes vectors of.
std::string cpu_kernels() {
#if defined(__AVX512F__)
    const std::string name = "AVX-512";
#elif defined(__AVX2__)
    const std::string name = "AVX2";
#elif defined(__AVX__)
    const std::string name = "AVX";
#elif defined(__aarch64__)
    const std::string name = "NEON";
#else
    const std::string name = "baseline instructions";
#endif
    return name + ", vectors of " + std::to_string(8 * vector_bytes) + " bits";
}

/// The program for the CPU hands over to the one built for a GPU, which lies beside it.
bool has_cuda_program() {
    std::error_code failure;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
    return !failure && std::filesystem::is_regular_file(self.string() + "-cuda", failure);
}

std::string cuda() {
    if (has_cuda_program()) return "yes (microdualnet-cuda)";
    try {
        return "yes, " + kernels(Device::cuda).device_name();
    } catch (const Error& error) {
        return "no: " + std::string(error.what());
    }
}

}  // namespace

std::string version_text() {
    return std::string("microdualnet ") + program_version + "\ncompiler: " + compiler() +
           "\nCPU kernels: " + cpu_kernels() + "\nCUDA: " + cuda() + "\n";
}

}  // namespace mdn
