// The formats in which datasets come. Each reads class names and lists of clips; what a clip's own
// files hold is read elsewhere (data/clip.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "engine/error.h"

namespace mdn {

/// Told of every line that cannot be taken. Reading throws it on to stop at the first, or notes it
/// and lets the reader go on with the next line.
using Report = std::function<void(const Error&)>;

class DatasetFormat {
  public:
    virtual ~DatasetFormat() = default;

    /// As its users call it: "MA-52".
    virtual std::string name() const = 0;
    /// Throws Error as read_class_names does.
    virtual ClassNames class_names() const = 0;
    /// Whether there is a list for train, val or test.
    virtual bool has(const std::string& split) const = 0;
    /// The clips of a split as its list has them; no frame or keypoint file is looked for. A clip
    /// whose length the list does not say has files.count 0; one without a label `unlabelled`.
    /// Lines that cannot be taken go to `report`, a label outside 0..classes-1 included; throws
    /// Error where there is no such list at all.
    virtual std::vector<ListedClip> list(const std::string& split, std::int64_t classes,
                                         const Report& report) const = 0;
    /// What to say of a split whose list names no clip.
    virtual Error without_clips(const std::string& split) const = 0;
    /// What is read beside the clips' frames and keypoints: names of classes, lists and labels, and
    /// tables of keypoints that lie among them. Those that are there.
    virtual std::vector<std::filesystem::path> files() const = 0;
    /// What users of a split should know; empty where it is what they expect.
    virtual std::string note(const std::string& split) const {
        (void)split;
        return {};
    }
};

/// The clips of a list with a clip a line, blank lines skipped. `parse` is given a line and where
/// it is ("DIR/train.txt:3") and throws Error for one that cannot be taken; that, a label outside
/// 0..classes-1, and a name listed before go to `report`, in the order of the lines. Throws as
/// read_file does.
std::vector<ListedClip> read_clip_list(
    const std::filesystem::path& file, std::int64_t classes,
    const std::function<ListedClip(const std::string& line, const std::string& where)>& parse,
    const Report& report);

/// Finds out in which format a folder is: data/formats/rawframes.h, data/formats/ma52.h or
/// data/formats/imigue.h. Throws Error naming the three if it is in none.
std::unique_ptr<const DatasetFormat> open_dataset(const std::filesystem::path& dataset,
                                                  const DatasetOptions& options = {});

}  // namespace mdn
