#include "data/formats/dataset_format.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "data/file.h"
#include "data/formats/imigue.h"
#include "data/formats/list_file.h"
#include "data/formats/ma52.h"
#include "data/formats/rawframes.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

using ParseLine = std::function<ListedClip(const std::string& line, const std::string& where)>;

/// Whether no label of a list is 0 and the largest is the number of classes.
bool labels_count_from_one(const fs::path& file, std::int64_t classes, const ParseLine& parse) {
    std::int64_t lowest = classes, highest = 0;
    LineReader lines(file);
    for (std::string line; lines.next(line);) {
        try {
            const std::int64_t label = parse(line, lines.where()).label;
            lowest = std::min(lowest, label);
            highest = std::max(highest, label);
        } catch (const Error&) {
            // Whoever reads the list says so.
        }
    }
    return lowest >= 1 && highest == classes;
}

}  // namespace

std::vector<ListedClip> read_clip_list(const fs::path& file, std::int64_t classes,
                                       const ParseLine& parse, const Report& report) {
    std::vector<ListedClip> clips;
    std::unordered_map<std::string, std::size_t> line_of;
    std::optional<bool> from_one;  // looked for at the first label that is too large
    LineReader lines(file);
    for (std::string line; lines.next(line);) {
        const std::string where = lines.where();
        try {
            ListedClip clip = parse(line, where);
            clip.where = where;
            if (clip.label < 0 || clip.label >= classes) {
                if (!from_one) from_one = labels_count_from_one(file, classes, parse);
                throw Error(where + ": label " + std::to_string(clip.label) + " of clip '" +
                                clip.files.name + "' is outside 0.." + std::to_string(classes - 1),
                            *from_one ? "labels count from 0, but those of this list seem to count "
                                        "from 1: subtract 1 from each"
                                      : "");
            }
            // Parts of one folder may begin at the same frame.
            for (int time = 2; clip.is_part && line_of.contains(clip.files.name); ++time)
                clip.files.name = clip.files.name.substr(0, clip.files.name.find("_part")) +
                                  "_part" + std::to_string(time);
            const auto [earlier, is_new] = line_of.emplace(clip.files.name, lines.number());
            if (!is_new) {
                throw Error(where + ": clip '" + clip.files.name + "' is already listed in line " +
                                std::to_string(earlier->second),
                            "list each clip once; to draw rare classes more often, train with "
                            "--sampler balanced");
            }
            clips.push_back(std::move(clip));
        } catch (const Error& error) {
            report(error);
        }
    }
    return clips;
}

std::unique_ptr<const DatasetFormat> open_dataset(const fs::path& dataset,
                                                  const DatasetOptions& options) {
    if (!is_folder(dataset)) throw Error("missing dataset folder " + dataset.string());
    std::unique_ptr<const DatasetFormat> format = open_rawframes(dataset, options.frame_names);
    if (!format) format = open_ma52(dataset);
    if (!format) format = open_imigue(dataset, options.first_frame);
    if (format) return format;
    throw Error(dataset.string() +
                    " is not a dataset in a known format: it has neither labels.txt (rawframes), "
                    "nor train_list_videos.txt (MA-52), nor labels_20200831.csv or *_label.csv "
                    "(iMiGUE)",
                "docs/datasets.md shows what each folder holds");
}

}  // namespace mdn
