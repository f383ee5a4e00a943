// Dataset folders without lists.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/file.h"
#include "data/formats/folder_lists.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

/// A dataset folder without lists. Files are looked for, not into.
struct Clips : TemporaryFolder {
    mutable std::vector<std::string> warnings;  // of the last call of lists()

    void frames(const std::string& clip, int count, int first = 1) const {
        for (int t = first; t < first + count; ++t)
            write(path() / "frames" / clip / ("img_0000" + std::to_string(t) + ".jpg"), "");
    }
    void keypoints(const std::string& clip, int count) const {
        for (int t = 1; t <= count; ++t)
            write(
                path() / "keypoints" / clip / ("img_0000" + std::to_string(t) + "_keypoints.json"),
                "");
    }
    FolderLists lists(const std::string& pattern, const SplitPlan& plan = {},
                      bool keep_labels = false,
                      const std::optional<FrameNames>& frame_names = {}) const {
        warnings.clear();
        return make_folder_lists(path(), NamePattern(pattern, "--names"), plan, keep_labels,
                                 frame_names,
                                 [&](const std::string& text) { warnings.push_back(text); });
    }
    std::string text(const std::string& name) const { return read_file(path() / name); }
};

/// Three people, two actions.
struct People : Clips {
    People() {
        for (const char* person : {"P1", "P2", "P3"})
            for (const char* action : {"wave", "nod"}) {
                frames(std::string(person) + "_" + action + "_1", 3);
                keypoints(std::string(person) + "_" + action + "_1", 3);
            }
    }
};

}  // namespace mdn::test
