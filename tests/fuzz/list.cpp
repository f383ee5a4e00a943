// Lists of clips and names of classes: labels.txt, train.txt and MA-52's train_list_videos.txt. The
// first byte says which of them the rest is.
#include <string>

#include "data/formats/dataset_format.h"
#include "tests/fuzz/fuzz.h"

using namespace mdn;

namespace {

/// What a clip takes, with its paths, or a class: a line may honestly stand for that.
constexpr std::size_t bytes_a_line = 1024;

/// Lines that hold more than their ends.
std::size_t count_lines(const std::uint8_t* data, std::size_t size) {
    std::size_t lines = 0;
    for (std::size_t i = 0; i < size; ++i) lines += data[i] > ' ' && (i == 0 || data[i - 1] <= ' ');
    return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static const char* const names[] = {"raw/labels.txt", "raw/train.txt",
                                        "ma52/train_list_videos.txt"};
    const int which = data[0] % 3;
    const auto path = fuzz::write(names[which], data + 1, size - 1);
    if (which != 0) fuzz::write("raw/labels.txt", nullptr, 0);
    const std::size_t honest = size + bytes_a_line * count_lines(data + 1, size - 1);
    fuzz::check(honest, [&] {
        const auto format = open_dataset(path.parent_path());
        if (which == 0) {
            const ClassNames classes = format->class_names();
            fuzz::require(classes.count() > 0, "no classes and no error");
            fuzz::require(classes.body_of.empty() || std::ssize(classes.body_of) == classes.count(),
                          "a body level for some classes only");
            return;
        }
        // As training reads it, to the first bad line, and as `check` does, past all of them.
        const bool stop = size % 2 == 0;
        const auto clips = format->list("train", 52, [&](const Error& error) {
            if (stop) throw error;
        });
        for (const ListedClip& clip : clips) {
            fuzz::require(clip.label == unlabelled || (clip.label >= 0 && clip.label < 52),
                          "a label that is no class");
            const auto relative = clip.files.frames.lexically_relative(path.parent_path());
            fuzz::require(!relative.empty() && *relative.begin() == "frames",
                          "a clip outside the dataset");
        }
    });
    return 0;
}
