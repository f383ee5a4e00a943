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
            const auto [earlier, is_new] = line_of.emplace(clip.files.name, lines.number());
            if (!is_new) {
                throw Error(where + ": clip '" + clip.files.name + "' is already listed in line " +
                            std::to_string(earlier->second));
            }
            clips.push_back(std::move(clip));
        } catch (const Error& error) {
            report(error);
        }
    }
    return clips;
}

std::unique_ptr<const DatasetFormat> open_dataset(const fs::path& dataset) {
    if (!is_folder(dataset)) throw Error("missing dataset folder " + dataset.string());
    for (const auto open : {open_rawframes, open_ma52, open_imigue})
        if (auto format = open(dataset)) return format;
    throw Error(dataset.string() +
                    " is not a dataset in a known format: it has neither labels.txt (rawframes), "
                    "nor train_list_videos.txt (MA-52), nor labels_20200831.csv or *_label.csv "
                    "(iMiGUE)",
                "docs/datasets.md shows what each folder holds");
}

}  // namespace mdn
