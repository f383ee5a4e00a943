#include "data/formats/numbered_files.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "data/formats/list_file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// The number between prefix and suffix of a file's name, if writing it with `digits` digits gives
/// that name; else -1.
std::int64_t number_in(const std::string& name, const std::string& prefix, std::size_t digits,
                       const std::string& suffix) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return -1;
    if (name.size() < prefix.size() + digits + suffix.size()) return -1;
    const char *begin = name.data() + prefix.size(),
               *end = name.data() + name.size() - suffix.size();
    std::int64_t number = 0;
    const auto [stop, failure] = std::from_chars(begin, end, number);
    const bool padded_too_far = static_cast<std::size_t>(end - begin) > digits && *begin == '0';
    return failure == std::errc() && stop == end && number >= 0 && !padded_too_far ? number : -1;
}

NumberedFiles summarize(std::vector<std::int64_t> numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    NumberedFiles files{.count = std::ssize(numbers)};
    if (!numbers.empty()) files.last = numbers.back();
    for (const std::int64_t number : numbers) files.first_missing += number == files.first_missing;
    return files;
}

/// The number of the last file. `path` gives that of any number.
template <class Path>
std::int64_t count_without_gap(const NumberedFiles& files, const fs::path& folder, Path path) {
    if (files.has_gap())
        throw Error(path(files.first_missing) + " is missing, but " + folder.string() +
                    " goes on to number " + std::to_string(files.last));
    return files.last;
}

}  // namespace

NumberedFiles frame_files(const fs::path& folder) {
    std::vector<std::int64_t> numbers;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
        const std::int64_t number = number_in(entry.path().filename().string(), "img_", 5, ".jpg");
        if (number > 0) numbers.push_back(number);
    }
    return summarize(std::move(numbers));
}

NumberedFiles keypoint_files(const ClipFiles& clip) {
    const std::string suffix = "_keypoints.json", stem = clip.keypoint_stem() + "_";
    std::vector<std::int64_t> numbers;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(clip.keypoints, failure)) {
        const std::string name = entry.path().filename().string();
        std::int64_t number = number_in(name, "img_", 5, suffix);
        if (number <= 0) number = number_in(name, stem, 12, suffix) + 1;  // those count from 0
        if (number > 0) numbers.push_back(number);
    }
    return summarize(std::move(numbers));
}

std::int64_t count_all_frames(const fs::path& folder) {
    const NumberedFiles files = frame_files(folder);
    if (files.count == 0)
        throw Error(folder.string() + " holds no frames",
                    "frames are called img_00001.jpg, img_00002.jpg");
    return count_without_gap(files, folder, [&](std::int64_t number) {
        return (folder / numbered("img_%05lld.jpg", number)).string();
    });
}

std::int64_t count_all_keypoints(const ClipFiles& clip) {
    const NumberedFiles files = keypoint_files(clip);
    const auto of_video = [&](std::int64_t number) {
        return clip.keypoint_stem() + numbered("_%012lld_keypoints.json", number - 1);
    };
    if (files.count == 0)
        throw Error(clip.keypoints.string() + " holds no keypoints",
                    "the files are called img_00001_keypoints.json or " + of_video(1));
    return count_without_gap(files, clip.keypoints, [&](std::int64_t number) {
        return (clip.keypoints / numbered("img_%05lld_keypoints.json", number)).string() + " (or " +
               of_video(number) + ")";
    });
}

}  // namespace mdn
