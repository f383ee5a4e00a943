// iMiGUE's tables: labels_20200831.csv, 0001_label.csv, subjects.csv beside it, and the keypoints
// of 0001_light_hand.csv. The first byte says which of them the rest is.
#include <string>

#include "data/formats/imigue.h"
#include "data/keypoints/light_hand.h"
#include "tests/fuzz/fuzz.h"

using namespace mdn;

namespace {

/// What a clip takes, with its paths: a row may honestly stand for that.
constexpr std::size_t bytes_a_row = 2048;

std::size_t count_rows(const std::uint8_t* data, std::size_t size) {
    std::size_t rows = 1;
    for (std::size_t i = 1; i < size; ++i) rows += data[i] == '\n' && data[i - 1] > ' ';
    return rows;
}

void read_labels(const std::filesystem::path& dataset, bool stop) {
    const auto format = open_imigue(dataset);
    fuzz::require(format != nullptr, "the dataset is not recognised");
    for (const char* split : {"train", "test"}) {
        if (!format->has(split)) continue;
        const auto clips = format->list(split, 32, [&](const Error& error) {
            if (stop) throw error;
        });
        for (const ListedClip& clip : clips) {
            fuzz::require(clip.label == unlabelled || (clip.label >= 0 && clip.label < 32),
                          "a label that is no class");
            fuzz::require(clip.files.count > 0 && clip.files.first >= 0, "a clip without frames");
        }
    }
}

void read_keypoints(const std::filesystem::path& file) {
    ClipFiles clip{.name = "0001", .frames = {}, .keypoints = file};
    clip.count = light_hand_rows(file);
    const auto people = read_light_hand(clip);
    fuzz::require(std::ssize(people) == clip.count, "not as many frames as rows");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static const char* const names[] = {"table/labels_20200831.csv", "files/train/0001_label.csv",
                                        "subjects/subjects.csv", "keypoints/0001_light_hand.csv"};
    const int which = data[0] % 4;
    if (which == 2)
        fuzz::write("subjects/0001_label.csv", reinterpret_cast<const std::uint8_t*>("1,2,3\n"), 6);
    const auto path = fuzz::write(names[which], data + 1, size - 1);
    const std::size_t honest = size + bytes_a_row * count_rows(data + 1, size - 1);
    const auto dataset = which == 1 ? path.parent_path().parent_path() : path.parent_path();
    fuzz::check(honest, [&] {
        if (which == 3) read_keypoints(path);
        if (which != 3) read_labels(dataset, size % 2 == 0);
    });
    return 0;
}
