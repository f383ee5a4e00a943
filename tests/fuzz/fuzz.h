// What the fuzz targets share: libFuzzer calls LLVMFuzzerTestOneInput with bytes that it has found
// to reach new code (docs/data.md, "Hostile files"). A target hands them to a reader as a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace mdn::fuzz {

/// A folder of this process, gone when it ends.
const std::filesystem::path& folder();

/// Writes the bytes to a file of that name in folder(), making the folders it lies in.
std::filesystem::path write(const std::string& name, const std::uint8_t* data, std::size_t size);

/// Calls `read`, which may throw mdn::Error and nothing else. Ends the process, as a crash that
/// libFuzzer reports, if the memory that `read` holds at any time exceeds 4 times `honest` (the
/// size of the file, and of what it may honestly unpack to) and 2 MiB besides, if it takes 5
/// seconds of processor time, or if it throws an Error that says nothing.
void check(std::size_t honest, const std::function<void()>& read);

/// Ends the process as a crash unless the condition holds.
void require(bool condition, const char* what);

}  // namespace mdn::fuzz
