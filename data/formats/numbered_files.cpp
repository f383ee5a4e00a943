#include "data/formats/numbered_files.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "data/formats/list_file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr const char* keypoints_suffix = "_keypoints.json";

NumberedFiles summarize(std::vector<std::int64_t> numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    NumberedFiles files{.count = std::ssize(numbers)};
    if (!numbers.empty()) {
        files.first = numbers.front();
        files.last = numbers.back();
    }
    for (const std::int64_t number : numbers) files.first_missing += number == files.first_missing;
    return files;
}

/// The number of the last file. `path` gives the path of any frame, counted from 1.
template <class Path>
std::int64_t count_without_gap(const NumberedFiles& files, const std::string& last, Path path) {
    if (files.has_gap())
        throw Error(path(files.first_missing) + " is missing, but its folder goes on to " + last,
                    "the numbers begin with 0 or 1 and have no gap: bring back what is missing, or "
                    "number the files anew");
    return files.last;
}

}  // namespace

NumberedFiles frame_files(const fs::path& folder, const FrameNames& names) {
    std::vector<std::int64_t> numbers;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
        const std::int64_t number =
            number_in(entry.path().filename().string(), names.before, names.digits, names.after);
        if (number >= names.first) numbers.push_back(number - names.first + 1);
    }
    return summarize(std::move(numbers));
}

NumberedFiles keypoint_files(const ClipFiles& clip) {
    const std::string suffix = keypoints_suffix;
    const FrameNames &names = clip.names, usual;
    // What stands behind the number in the names of frames, without the extension.
    const std::string after = fs::path("1" + names.after).stem().string().substr(1) + suffix;
    std::vector<std::string> stems;
    for (const std::string& stem : clip.video_stems()) stems.push_back(stem + "_");
    std::vector<std::int64_t> numbers;
    std::vector<std::vector<std::int64_t>> of_videos(stems.size());
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(clip.keypoints, failure)) {
        const std::string name = entry.path().filename().string();
        const std::int64_t number = number_in(name, names.before, names.digits, after);
        if (number >= names.first) {
            numbers.push_back(number - names.first + 1);
        } else if (names.first == usual.first) {
            const std::int64_t other = number_in(name, usual.before, usual.digits, suffix);
            if (other >= usual.first) numbers.push_back(other);
        }
        for (std::size_t i = 0; i < stems.size(); ++i)
            if (const std::int64_t from_0 = number_in(name, stems[i], 12, suffix); from_0 >= 0)
                of_videos[i].push_back(from_0 + 1);
    }
    // Those named after another folder only where none is named after the clip's.
    for (const std::vector<std::int64_t>& of_video : of_videos) {
        numbers.insert(numbers.end(), of_video.begin(), of_video.end());
        if (!of_video.empty()) break;
    }
    return summarize(std::move(numbers));
}

std::int64_t count_all_frames(const fs::path& folder, const FrameNames& names) {
    const NumberedFiles files = frame_files(folder, names);
    if (files.count == 0)
        throw Error(folder.string() + " holds no frames",
                    "frames are JPEG or PNG files with a number: img_00001.jpg, img_00002.jpg, "
                    "...; --frame-template says how others are called");
    const auto name = [&](std::int64_t frame) { return names.at(frame - 1); };
    return count_without_gap(files, name(files.last),
                             [&](std::int64_t frame) { return (folder / name(frame)).string(); });
}

std::int64_t count_all_keypoints(const ClipFiles& clip) {
    const NumberedFiles files = keypoint_files(clip);
    const auto of_image = [&](std::int64_t frame) {
        return clip.names.stem_at(frame - 1) + keypoints_suffix;
    };
    const auto of_video = [&](std::int64_t frame) {
        return clip.video_stems().front() + numbered("_%012lld", frame - 1) + keypoints_suffix;
    };
    if (files.count == 0)
        throw Error(clip.keypoints.string() + " holds no keypoints",
                    "the files are called " + of_image(1) + " or " + of_video(1) + "; " +
                        missing_keypoints_hint(clip));
    return count_without_gap(files, of_image(files.last) + " (or " + of_video(files.last) + ")",
                             [&](std::int64_t frame) {
                                 return (clip.keypoints / of_image(frame)).string() + " (or " +
                                        of_video(frame) + ")";
                             });
}

}  // namespace mdn
