// Small dataset folders for tests, removed when the test ends.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/images/image.h"
#include "data/keypoints/body25.h"
#include "engine/error.h"

namespace mdn::test {

/// A new empty folder below the system's temporary folder, removed with all it holds.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// Writes a file, and the folders it lies in.
void write(const std::filesystem::path& path, const std::string& bytes);

/// Random pixels: no test passes because everything is zero.
Image random_image(std::int64_t width, std::int64_t height, std::uint64_t seed);
/// A PNG whatever the file's name, so that the pixels come back exactly.
void write_image(const std::filesystem::path& path, const Image& image);
std::string jpeg_bytes(const Image& image);

/// A file as OpenPose writes it.
std::string openpose_json(const std::vector<Pose>& people);
/// A frontal figure with all joints, about `height` high and 0.4·height wide, nose at (x, y).
Pose standing_figure(double x, double y, double height);

/// Frames and keypoints of a clip in the folder form, of `frames` random images and a figure that
/// drifts to the right.
void write_clip(const std::filesystem::path& dataset, const std::string& name, std::int64_t frames,
                std::int64_t width, std::int64_t height, std::uint64_t seed);

/// The message and hint of the Error that `action` throws; fails the test if it throws none.
template <class Action>
std::string error_of(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return std::string(error.what()) + " | " + error.hint();
    }
    FAIL_CHECK("no Error was thrown");
    return "";
}

/// True if the text holds all the parts.
inline bool contains(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
        if (text.find(part) == std::string::npos) return false;
    }
    return true;
}

}  // namespace mdn::test
