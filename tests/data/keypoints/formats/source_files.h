// Small files as other pose estimators write them, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/keypoints/formats/open_source.h"
#include "data/keypoints/skeletons.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

/// The joints of a person in the order of a skeleton: joint i at (10·i + base, 5·i + base + 3),
/// with confidence 0.5 + i/1000. No two places of any order are alike.
struct ListedJoints {
    const Skeleton& skeleton;
    double base;

    double x(std::size_t i) const { return 10 * static_cast<double>(i) + base; }
    double y(std::size_t i) const { return 5 * static_cast<double>(i) + base + 3; }
    double confidence(std::size_t i) const { return 0.5 + static_cast<double>(i) / 1000; }

    std::vector<double> triples() const;
    /// "x,y,c,x,y,c".
    std::string flat() const;
    /// "[x,y],[x,y]" and "c,c".
    std::string pairs() const;
    std::string scores() const;
    /// What is to come out.
    Pose pose() const;
};

const Skeleton& skeleton_named(std::string_view option);

/// Every clip of a source.
std::vector<FoundClip> read_all(KeypointSource& source);

/// Opens a file or folder and reads all of it.
struct ReadSource {
    explicit ReadSource(const std::filesystem::path& path, const Skeleton* layout = nullptr);

    PersonBuilder builder;
    OpenedSource opened;
    std::vector<FoundClip> clips;
};

/// Fails the test unless each joint is the same up to float's precision.
void check_same(const Pose& got, const Pose& expected);

}  // namespace mdn::test
