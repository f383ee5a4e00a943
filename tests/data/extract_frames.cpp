// data/extract_frames, run as its users do, on videos that ffmpeg makes up.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "data/dataset.h"
#include "data/extraction.h"
#include "data/image.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::testing {

namespace {

struct Ran {
    int code;
    std::string text;
};

struct Videos : TemporaryFolder {
    std::string videos = (*this / "my videos").string(), frames = (*this / "frames").string();

    /// Runs a command line; its output of both kinds.
    Ran run(const std::string& command) const {
        const std::string log = (*this / "log").string();
        const int status = std::system((command + " >'" + log + "' 2>&1").c_str());
        std::ifstream stream(log);
        return {WEXITSTATUS(status), {std::istreambuf_iterator<char>(stream), {}}};
    }
    Ran extract(const std::string& options = "") const {
        return run("data/extract_frames '" + videos + "' '" + frames + "' --jobs 2 " + options);
    }
    void video(const std::string& name, const std::string& size, int frame_count) const {
        const std::filesystem::path path = std::filesystem::path(videos) / name;
        std::filesystem::create_directories(path.parent_path());
        REQUIRE(run("ffmpeg -v error -f lavfi -i testsrc=size=" + size + ":rate=25 -frames:v " +
                    std::to_string(frame_count) + " -c:v mpeg4 '" + path.string() + "'")
                    .code == 0);
    }
    std::filesystem::path frame(const std::string& video, int number) const {
        char name[32];
        std::snprintf(name, sizeof name, "img_%05d.jpg", number);
        return std::filesystem::path(frames) / video / name;
    }
};

}  // namespace

TEST_SUITE("data/extract_frames") {
    TEST_CASE("what is wrong with the command line is said in one line") {
        const Videos folder;
        const auto error = [&](const std::string& arguments) {
            const Ran ran = folder.run("data/extract_frames " + arguments);
            CHECK(ran.code == 2);
            return ran.text;
        };
        CHECK(contains(error(""), {"error: give the folder"}));
        CHECK(contains(error("/no/such /tmp/x"), {"error: there is no folder /no/such"}));
        CHECK(contains(error(". x --quality 1"), {"error: --quality must be from 2 to 31"}));
        CHECK(contains(error(". x --jobs many"), {"error: --jobs must be", "'many'"}));
        CHECK(contains(error(". x --fast"), {"error: unknown option --fast"}));
        CHECK(folder.run("data/extract_frames --help").code == 0);
        // Nothing but the shell is on this PATH.
        const Ran bare = folder.run("PATH=/nonexistent /bin/bash data/extract_frames . x");
        CHECK(bare.code == 2);
        CHECK(contains(bare.text, {"error: ffmpeg is not installed", "apt-get install ffmpeg"}));
    }

    TEST_CASE("videos become folders of frames; a second run does what is left") {
        if (std::system("ffmpeg -version >/dev/null 2>&1 && ffprobe -version >/dev/null 2>&1")) {
            MESSAGE("ffmpeg is not installed: extracting frames was not tried");
            return;
        }
        const Videos folder;
        folder.video("0001/0001.mp4", "320x180", 7);
        folder.video("a/two words.MP4", "90x120", 3);
        write(folder.videos + "/broken.avi", "this is no video");
        write(folder.videos + "/notes.txt", "nor is this");
        Ran ran = folder.extract("--short-side 100");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"2 videos extracted", "1 failed", "10 frames",
                                          "error: ", "broken.avi: ffmpeg failed"}),
                      ran.text);
        CHECK(count_frames(folder.frames + "/0001") == 7);
        const Image image = read_image(folder.frame("0001", 7));
        CHECK(image.width == 178);
        CHECK(image.height == 100);
        CHECK(scale_of_frames(folder.frames + "/0001") == doctest::Approx(100.0 / 180));
        const Image small = read_image(folder.frame("a/two words", 3));  // never enlarged
        CHECK(small.width == 90);
        CHECK(small.height == 120);

        // An interrupted video leaves its folder under another name; the rest is not done again.
        std::filesystem::rename(folder.frames + "/0001", folder.frames + "/0001.partial");
        write(folder.frames + "/a/two words/img_00002.jpg", "kept as it is");
        std::filesystem::remove(folder.videos + "/broken.avi");
        ran = folder.extract("--short-side 100");
        CHECK(ran.code == 0);
        CHECK_MESSAGE(contains(ran.text, {"1 videos extracted, 1 were there already, 0 failed"}),
                      ran.text);
        CHECK(count_frames(folder.frames + "/0001") == 7);
        CHECK(!std::filesystem::exists(folder.frames + "/0001.partial"));
        CHECK(
            contains(error_of([&] { read_image(folder.frame("a/two words", 2)); }), {"img_00002"}));

        // Nothing of another making is touched.
        CHECK(contains(folder.extract("--short-side 50").text, {"0001", "other options"}));
        std::filesystem::remove(folder.frame("0001", 2));
        CHECK(contains(folder.extract("--short-side 100").text, {"0001", "lost frames"}));
        std::filesystem::remove(folder.frames + "/0001/extracted.txt");
        CHECK(contains(folder.extract("--short-side 100").text, {"0001", "not from here"}));
        CHECK(std::filesystem::exists(folder.frame("0001", 1)));
    }
}

}  // namespace mdn::testing
