#include "data/formats/dataset_format.h"

#include <unordered_map>
#include <utility>

#include "data/file.h"
#include "data/formats/imigue.h"
#include "data/formats/list_file.h"
#include "data/formats/ma52.h"
#include "data/formats/rawframes.h"

namespace mdn {

namespace fs = std::filesystem;

std::vector<ListedClip> read_clip_list(
    const fs::path& file,
    const std::function<ListedClip(const std::string& line, const std::string& where)>& parse,
    const Report& report) {
    std::vector<ListedClip> clips;
    std::unordered_map<std::string, std::size_t> line_of;
    LineReader lines(file);
    for (std::string line; lines.next(line);) {
        const std::string where = lines.where();
        try {
            ListedClip clip = parse(line, where);
            clip.where = where;
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
