#include "data/synth/synth.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <cerrno>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "engine/error.h"
#include "engine/threads.h"
#include "tests/failing_calls.h"

#define STBI_ONLY_JPEG
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

namespace fs = std::filesystem;
using namespace mdn;
using mdn::test::Call;
using mdn::test::FailingCall;

namespace {

/// A folder of its own, deleted at the end.
struct TemporaryFolder {
    fs::path path;
    TemporaryFolder() {
        std::string name = (fs::temp_directory_path() / "synth_test_XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~TemporaryFolder() { fs::remove_all(path); }
};

SynthOptions small_options(const fs::path& out, uint64_t seed = 7) {
    SynthOptions options;
    options.out = out.string();
    options.subjects = 5;
    options.clips_per_class = 2;
    options.seed = seed;
    options.size = 48;
    options.min_frames = 5;
    options.max_frames = 9;
    return options;
}

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Every file of a folder by its relative path.
std::map<std::string, std::string> contents(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) {
            files[fs::relative(entry.path(), folder).string()] = read(entry.path());
        }
    }
    return files;
}

std::vector<std::string> lines_of(const fs::path& path) {
    std::vector<std::string> lines;
    std::istringstream text(read(path));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

int64_t files_in(const fs::path& folder) {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

std::string numbered(int64_t frame) {
    char name[32];
    std::snprintf(name, sizeof name, "img_%05d", static_cast<int>(frame));
    return name;
}

}  // namespace

TEST_SUITE("data/synth/synth") {
    TEST_CASE("a seed decides every byte, whatever the number of threads") {
        TemporaryFolder folder;
        set_threads(1);
        write_synthetic_dataset(small_options(folder.path / "one"));
        set_threads(3);
        write_synthetic_dataset(small_options(folder.path / "three"));
        write_synthetic_dataset(small_options(folder.path / "other", 8));
        set_threads(0);
        const auto one = contents(folder.path / "one");
        CHECK(one.size() > 300);
        CHECK(one == contents(folder.path / "three"));
        const auto other = contents(folder.path / "other");
        CHECK(other.at("labels.txt") == one.at("labels.txt"));
        int64_t same = 0;
        for (const auto& [path, bytes] : other) {
            if (path.ends_with(".jpg")) same += one.contains(path) && one.at(path) == bytes;
        }
        CHECK(same == 0);
    }

    TEST_CASE("the folder has the form that the data path reads") {
        TemporaryFolder folder;
        const fs::path out = folder.path / "deep" / "set";  // parents are made
        const SynthOptions options = small_options(out.string() + "/");
        const SynthSummary summary = write_synthetic_dataset(options);
        CHECK(files_in(out.parent_path()) == 1);

        const auto labels = lines_of(out / "labels.txt");
        REQUIRE(labels.size() == 16);
        CHECK(labels.front() == "0\tnodding\thead");
        CHECK(labels[6] == "6\tpatting legs\tleg-hand");
        CHECK(labels[9] == "9\trubbing eyes\thead-hand");
        CHECK(labels[12] == "12\tcrossing arms\tbody-hand");
        CHECK(labels.back() == "15\tstretching arms\tupper limb");
        CHECK(fs::exists(out / "frames/subject001_nodding_0001/img_00001.jpg"));

        std::array<std::set<std::string>, 3> subjects;
        std::map<int64_t, int64_t> clips_of_label;
        std::map<std::string, int64_t> clips_of_subject;
        std::set<int64_t> lengths;
        int64_t clips = 0, frames = 0;
        const std::array<std::string, 3> splits = {"train", "val", "test"};
        for (size_t split = 0; split < 3; ++split) {
            const auto lines = lines_of(out / (splits[split] + ".txt"));
            CHECK(static_cast<int64_t>(lines.size()) == summary.split_clips[split]);
            for (const std::string& line : lines) {
                CAPTURE(line);
                std::istringstream fields(line);
                std::string name, rest;
                int64_t count = 0, label = -1;
                REQUIRE(static_cast<bool>(fields >> name >> count >> label));
                CHECK(!(fields >> rest));
                CHECK(count >= options.min_frames);
                CHECK(count <= options.max_frames);
                CHECK(label >= 0);
                CHECK(label < 16);
                CHECK(files_in(out / "frames" / name) == count);
                CHECK(files_in(out / "keypoints" / name) == count);
                for (int64_t frame = 1; frame <= count; ++frame) {
                    CHECK(fs::exists(out / "frames" / name / (numbered(frame) + ".jpg")));
                    CHECK(fs::exists(out / "keypoints" / name /
                                     (numbered(frame) + "_keypoints.json")));
                }
                const std::string subject = name.substr(0, name.find('_'));
                subjects[split].insert(subject);
                ++clips_of_subject[subject];
                ++clips_of_label[label];
                lengths.insert(count);
                ++clips;
                frames += count;
            }
        }
        CHECK(clips == 32);
        CHECK(summary.clips == clips);
        CHECK(summary.frames == frames);
        CHECK(summary.classes == 16);
        CHECK(lengths.size() > 2);
        for (const auto& [label, count] : clips_of_label) CHECK(count == options.clips_per_class);
        REQUIRE(clips_of_subject.size() == 5);
        for (const auto& [subject, count] : clips_of_subject) CHECK(std::abs(count * 5 - 32) < 5);
        // Nobody is in two splits.
        CHECK(summary.split_subjects == std::array<int64_t, 3>{3, 1, 1});
        for (size_t split = 0; split < 3; ++split) {
            CHECK(static_cast<int64_t>(subjects[split].size()) == summary.split_subjects[split]);
            for (const std::string& subject : subjects[split]) {
                CHECK(!subjects[(split + 1) % 3].contains(subject));
            }
        }
    }

    TEST_CASE("pictures decode and keypoints are OpenPose's, faults included") {
        TemporaryFolder folder;
        SynthOptions options = small_options(folder.path);
        options.min_frames = options.max_frames = 16;
        write_synthetic_dataset(options);  // into a folder that exists and is empty
        int64_t pictures = 0, empty = 0, ghosts = 0, people = 0, missing = 0;
        for (const auto& file : contents(folder.path)) {
            const auto& [path, bytes] = file;
            CAPTURE(file.first);
            if (path.ends_with(".jpg")) {
                int width = 0, height = 0, channels = 0;
                stbi_uc* pixels = stbi_load_from_memory(
                    reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()),
                    &width, &height, &channels, 3);
                REQUIRE(pixels);
                CHECK(width == options.size);
                CHECK(height == options.size);
                stbi_image_free(pixels);
                ++pictures;
            } else if (path.ends_with(".json")) {
                const auto json = nlohmann::json::parse(bytes);
                CHECK(json["version"] == 1.3);
                CHECK(json["people"].size() <= 2);
                empty += json["people"].empty();
                ghosts += json["people"].size() == 2;
                for (const auto& person : json["people"]) {
                    const auto& numbers = person["pose_keypoints_2d"];
                    REQUIRE(numbers.size() == 75);
                    CHECK(person["face_keypoints_2d"].empty());
                    int64_t seen = 0;
                    for (size_t i = 0; i < 75; i += 3) {
                        const double x = numbers[i], y = numbers[i + 1], c = numbers[i + 2];
                        CHECK((c > 0 || (x == 0 && y == 0)));
                        CHECK(std::min({x, y, c}) >= 0);
                        CHECK(std::max(x, y) < static_cast<double>(options.size));
                        CHECK(c <= 1);
                        seen += c > 0;
                    }
                    const bool is_ghost =
                        &person == &json["people"][0] && json["people"].size() > 1;
                    CHECK((is_ghost ? seen <= 4 : seen >= 12));
                    if (!is_ghost) ++people, missing += 25 - seen;
                }
            }
        }
        CHECK(pictures == 32 * 16);
        CHECK(empty > 0);
        CHECK(empty < pictures / 20);
        CHECK(ghosts > 0);
        CHECK(ghosts < pictures / 10);
        CHECK(missing > people / 10);
        CHECK(missing < 3 * people);
    }

    TEST_CASE("a mistake is one clear error and leaves nothing behind") {
        TemporaryFolder folder;
        const fs::path out = folder.path / "set";
        const auto fails = [&](auto change, const char* word) {
            SynthOptions options = small_options(out);
            change(options);
            try {
                write_synthetic_dataset(options);
                FAIL("accepted, where the error should have named: " << word);
            } catch (const Error& error) {
                CHECK(std::string(error.what()).find(word) != std::string::npos);
            }
            CHECK(!fs::exists(out));
        };
        fails([](SynthOptions& o) { o.subjects = 2; }, "subjects is 2");
        fails([](SynthOptions& o) { o.clips_per_class = 0; }, "clips per class is 0");
        fails([](SynthOptions& o) { o.subjects = 33; }, "too few for 33 subjects");
        fails([](SynthOptions& o) { o.size = 31; }, "size is 31");
        fails([](SynthOptions& o) { o.min_frames = 0; }, "min frames is 0");
        fails([](SynthOptions& o) { o.max_frames = 4; }, "max frames is 4");
        fails([](SynthOptions& o) { o.jpeg_quality = 101; }, "quality is 101");
        fails([](SynthOptions& o) { o.out.clear(); }, "no output folder");

        std::ofstream(folder.path / "file") << "not a folder";
        fails([&](SynthOptions& o) { o.out = (folder.path / "file").string(); }, "file exists");
        fails([&](SynthOptions& o) { o.out = (folder.path / "file" / "set").string(); }, "file");
        fails([&](SynthOptions& o) { o.out = folder.path.string(); }, "not an empty folder");
        SynthOptions options = small_options(out);
        options.progress = [](int64_t done, int64_t) {
            if (done == 3) throw std::runtime_error("stopped");
        };
        CHECK_THROWS_WITH(write_synthetic_dataset(options), "stopped");
        CHECK(files_in(folder.path) == 1);  // the file above
        const FailingCall full(Call::syncfs, EIO);
        fails([](SynthOptions&) {}, "Input/output error");
        CHECK(files_in(folder.path) == 1);
    }

    TEST_CASE(
        "rendering that was killed is begun anew; two that render into one folder do not mix") {
        TemporaryFolder folder;
        const fs::path out = folder.path / "set";
        fs::create_directories(folder.path / "set.partial-1/frames/clip");
        fs::create_directories(folder.path / "set.partial-2/thesis");  // not ours
        SynthOptions options = small_options(out);
        // While it renders, another does the same and is first.
        SynthOptions faster = options;
        bool begun = false;
        options.progress = [&](int64_t, int64_t) {
            if (!std::exchange(begun, true)) write_synthetic_dataset(faster);
        };
        try {
            write_synthetic_dataset(options);
            FAIL("accepted, where the other's folder was there");
        } catch (const Error& error) {
            CHECK(std::string(error.what()).find("not an empty folder") != std::string::npos);
        }
        CHECK(fs::exists(out / "train.txt"));
        CHECK_FALSE(fs::exists(folder.path / "set.partial-1"));
        CHECK(fs::exists(folder.path / "set.partial-2/thesis"));
        CHECK_FALSE(fs::exists(folder.path / "set.partial-3"));
    }
}
