#include "data/formats/imigue_label_files.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// "SPLIT PATH" of each file, in order.
std::vector<std::string> found_in(const TemporaryFolder& folder) {
    const LabelFiles found = find_label_files(folder.path());
    CHECK(found.unread.empty());
    std::vector<std::string> files;
    for (const LabelFile& file : found.files)
        files.push_back(file.split + " " + file.path.lexically_relative(folder.path()).string());
    return files;
}

using Files = std::vector<std::string>;

}  // namespace

TEST_SUITE("data/formats/imigue_label_files") {
    TEST_CASE("the innermost folder that names a split tells it") {
        const TemporaryFolder folder;
        write(folder / "0001_label.csv", "");
        write(folder / "imigue_skeleton_train/0002/0002_label.csv", "");
        write(folder / "train/old_valid/0003_label.csv", "");
        write(folder / "validation_data/0004_label.csv", "");
        write(folder / "testing/0005_label.csv", "");  // no word of its own
        CHECK(found_in(folder) ==
              Files{" 0001_label.csv", "train imigue_skeleton_train/0002/0002_label.csv",
                    "val train/old_valid/0003_label.csv", "val validation_data/0004_label.csv",
                    " testing/0005_label.csv"});
    }

    TEST_CASE("files are sorted by video, then by path") {
        const TemporaryFolder folder;
        for (const char* file : {"b/0010_label.csv", "a/0010_label.csv", "c/0009_label.csv"})
            write(folder / file, "");
        CHECK(found_in(folder) ==
              Files{" c/0009_label.csv", " a/0010_label.csv", " b/0010_label.csv"});
        CHECK(find_label_files(folder.path()).files[1].video == 10);
    }

    TEST_CASE("only files of that name, four folders down, and not among frames and keypoints") {
        const TemporaryFolder folder;
        for (const char* none :
             {"frames/0001_label.csv", "keypoints/0001_label.csv", "lost+found/0001_label.csv",
              "a/b/c/d/e/0001_label.csv", "001_label.csv", "x0001_label.csv", "0001_labels.csv"})
            write(folder / none, "");
        std::filesystem::create_directories(folder / "a/0001_label.csv");  // a folder of that name
        CHECK(found_in(folder).empty());
        write(folder / "a/b/c/d/0001_label.csv", "");
        write(folder / "a/frames/0002_label.csv", "");  // only the dataset's own are left out
        CHECK(found_in(folder) == Files{" a/b/c/d/0001_label.csv", " a/frames/0002_label.csv"});
    }

    TEST_CASE("a number that is no video's is said with the file") {
        const TemporaryFolder folder;
        write(folder / "a/0000_label.csv", "");
        CHECK(contains(error_of([&] { find_label_files(folder.path()); }),
                       {"a/0000_label.csv: ", "video_id 0000"}));
    }
}

}  // namespace mdn::test
