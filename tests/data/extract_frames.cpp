// data/extract_frames, run as its users do, on videos that ffmpeg makes up.
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "data/dataset.h"
#include "data/formats/extraction.h"
#include "data/images/image.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

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
    /// A program in front of ffmpeg in the PATH that run() gives to what follows it.
    std::string in_front_of_ffmpeg(const std::string& lines) const {
        const std::filesystem::path bin = *this / "bin";
        write(bin / "ffmpeg", "#!/bin/sh\n" + lines + "\nPATH=${PATH#*:}; exec ffmpeg \"$@\"\n");
        std::filesystem::permissions(bin / "ffmpeg", std::filesystem::perms::all);
        return "PATH='" + bin.string() + "':$PATH ";
    }
    /// Whether ffmpeg, called with these options, made the video.
    bool made(const std::string& name, const std::string& options) const {
        std::filesystem::create_directories(videos);
        return run("ffmpeg -v error -y " + options + " '" + videos + "/" + name + "'").code == 0;
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

bool has_ffmpeg() {
    if (!std::system("ffmpeg -version >/dev/null 2>&1 && ffprobe -version >/dev/null 2>&1"))
        return true;
    MESSAGE("ffmpeg is not installed: extracting frames was not tried");
    return false;
}

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
        for (const char* fps : {"0", "0.0", "1/0", "0/1", "1/00", "x", "-1"})
            CHECK(contains(error("/no/such x --fps " + std::string(fps)),
                           {"error: --fps must be a number", fps}));
        CHECK(contains(error("/no/such x --fps 30000/1001"), {"no folder"}));
        CHECK(contains(error(". x --fast"), {"error: unknown option --fast"}));
        CHECK(folder.run("data/extract_frames --help").code == 0);
        // Nothing but the shell is on this PATH.
        const Ran bare = folder.run("PATH=/nonexistent /bin/bash data/extract_frames . x");
        CHECK(bare.code == 2);
        CHECK(contains(bare.text, {"error: ffmpeg is not installed", "apt-get install ffmpeg"}));
    }

    TEST_CASE("videos become folders of frames; a second run does what is left") {
        if (!has_ffmpeg()) return;
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
        CHECK(contains(folder.extract("--short-side 100").text, {"0001", "did not make it"}));
        CHECK(std::filesystem::exists(folder.frame("0001", 1)));
    }

    TEST_CASE("a video's name is nothing but a name") {
        if (!has_ffmpeg()) return;
        const Videos folder;
        const std::string pwned = (folder / "pwned").string();
        // Text that is a command where the shell does arithmetic, tabs, a pattern's %, a colon.
        const std::vector<std::string> names = {"x\timages[$(touch pwned)]+1\t",
                                                "images[$(touch pwned)]",
                                                "tab\tbed",
                                                "100%d",
                                                "50%",
                                                "a:b"};
        for (std::size_t i = 0; i < names.size(); ++i) {
            folder.video("plain.mp4", "64x48", 3);
            std::filesystem::rename(folder.videos + "/plain.mp4",
                                    folder.videos + "/" + names[i] + ".mp4");
        }
        const std::string script = std::filesystem::absolute("data/extract_frames").string();
        // Relative folders whose own names have a colon and a %.
        std::filesystem::rename(folder.videos, folder / "my:videos 5%d");
        const std::string command = "cd '" + folder.path().string() + "' && '" + script +
                                    "' 'my:videos 5%d' 'to:frames 5%d' --jobs 2";
        Ran ran = folder.run(command);
        CHECK_MESSAGE(ran.code == 0, ran.text);
        CHECK_MESSAGE(contains(ran.text, {"6 videos extracted", "0 failed; 18 frames"}), ran.text);
        for (const std::string& name : names) {
            CAPTURE(name);
            CHECK(count_frames(folder / ("to:frames 5%d/" + name)) == 3);
        }
        ran = folder.run(command);
        CHECK_MESSAGE(contains(ran.text, {"6 were there already", "18 frames"}), ran.text);
        CHECK(!std::filesystem::exists(pwned));

        // A line end would forge what extracted.txt says.
        std::filesystem::rename(folder / "my:videos 5%d/50%.mp4",
                                folder / "my:videos 5%d/50\nframes=9.mp4");
        ran = folder.run(command);
        CHECK(ran.code == 2);
        CHECK_MESSAGE(
            contains(ran.text, {"50?frames=9.mp4: its name has a line break", "1 failed"}),
            ran.text);
    }

    TEST_CASE("a folder that cannot be read is an error, after all other videos") {
        if (!has_ffmpeg()) return;
        namespace fs = std::filesystem;
        const Videos folder;
        folder.video("a/a.mp4", "64x48", 3);
        folder.video("b \xC3\xBC/b.mp4", "64x48", 3);
        // A link back hides nothing.
        fs::create_directory_symlink("..", folder.videos + "/a/back");
        // Root may read everything, so that the script runs as nobody, from where nobody may read.
        fs::copy_file("data/extract_frames", folder / "extract_frames");
        REQUIRE(folder.run("chmod -R a+rwX '" + folder.path().string() + "'").code == 0);
        const std::string nobody =
            geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
        const auto extract = [&](const std::string& videos) {
            return folder.run(nobody + "'" + (folder / "extract_frames").string() + "' '" + videos +
                              "' '" + folder.frames + "' --jobs 2");
        };
        const std::string closed = folder.videos + "/b \xC3\xBC";
        const std::string error =
            "error: cannot look for videos in '" + closed + "': Permission denied\n";
        fs::permissions(closed, fs::perms::none);
        Ran ran = extract(folder.videos);
        CHECK(ran.code == 2);
        CHECK(ran.text == error +
                              "1 videos extracted, 0 were there already, 0 failed; 3 frames in " +
                              folder.frames + "\n");
        CHECK(count_frames(folder.frames + "/a") == 3);
        // Nor is it said that there are none where none were seen.
        ran = extract(closed);
        CHECK(ran.code == 2);
        CHECK(ran.text == error);
        fs::permissions(closed, fs::perms::all);
        ran = extract(folder.videos);
        CHECK(ran.code == 0);
        CHECK_MESSAGE(contains(ran.text, {"1 videos extracted, 1 were there already"}), ran.text);
    }

    // ffmpeg 4.2.2, 5.1.9, 7.0.2 and 9.0.2 were tried on these and many more (docs/datasets.md).
    TEST_CASE("colours come out as they are, whichever way the video codes them") {
        if (!has_ffmpeg()) return;
        const Videos folder;
        struct Coding {
            const char *name, *matrix, *range, *pixels, *tags;
        };
        constexpr const char* tag709 = "-colorspace bt709 -color_range tv";
        for (const auto& [name, matrix, range, pixels, tags] :
             {Coding{"709", "bt709", "tv", "yuv420p", tag709},
              {"709in10bits", "bt709", "tv", "yuv420p10le", tag709},
              {"709in444", "bt709", "tv", "yuv444p", tag709},
              {"709in422", "bt709", "tv", "yuv422p", tag709},
              {"709full", "bt709", "pc", "yuv420p", "-colorspace bt709 -color_range pc"},
              {"601", "bt601", "tv", "yuv420p", "-colorspace smpte170m -color_range tv"},
              {"untagged", "bt601", "tv", "yuv420p", ""},
              {"2020", "bt2020", "tv", "yuv420p10le", "-colorspace bt2020nc -color_range tv"}})
            REQUIRE(folder.made(
                std::string(name) + ".mkv",
                std::string("-f lavfi -i color=c=0xFE2040:size=64x48 -frames:v 2 ") +
                    "-vf format=gbrp,scale=out_color_matrix=" + matrix + ":out_range=" + range +
                    ":flags=accurate_rnd+full_chroma_int,format=" + pixels + " -c:v ffv1 " + tags));
        for (const std::string options : {"--short-side 0", "--short-side 32"}) {
            const Ran ran = folder.extract(options);
            CHECK_MESSAGE(ran.code == 0, ran.text);
            for (const auto& entry : std::filesystem::directory_iterator(folder.frames)) {
                CAPTURE(entry.path());
                const Image image = read_image(entry.path() / "img_00002.jpg");
                const std::size_t middle = image.pixels.size() / 6 * 3;
                constexpr int red[] = {0xFE, 0x20, 0x40};
                for (std::size_t c = 0; c < 3; ++c)
                    CHECK(std::abs(image.pixels[middle + c] - red[c]) <= 4);
            }
            std::filesystem::remove_all(folder.frames);
        }
    }

    TEST_CASE("every frame of videos that cameras, browsers and editors write") {
        if (!has_ffmpeg()) return;
        const Videos folder;
        const std::string source = "-f lavfi -i testsrc=size=321x241:rate=25 -frames:v 50 ";
        // Uneven times, some closer than the mean, some far apart. (The option has two names.)
        const auto uneven = [&](const std::string& every_frame) {
            return folder.made("uneven.mkv", source +
                                                 "-vf \"settb=1/1000,setpts='N*33+mod(N*7,11)+"
                                                 "if(gt(N,30),4000,0)'\" -enc_time_base 1:1000 " +
                                                 every_frame + " -c:v ffv1");
        };
        REQUIRE((uneven("-fps_mode passthrough") || uneven("-vsync 0")));
        // Cut without encoding again: it has packets in front of its beginning.
        REQUIRE(folder.made("whole.mp4", source + "-c:v mpeg4 -g 20"));
        REQUIRE(folder.made("cut.mp4", "-ss 1.2 -i '" + folder.videos + "/whole.mp4' -c copy"));
        // Joined: times begin again.
        write(folder / "join", "file '" + folder.videos + "/whole.mp4'\nduration 0.5\nfile '" +
                                   folder.videos + "/whole.mp4'\n");
        REQUIRE(folder.made("joined.mkv",
                            "-f concat -safe 0 -i '" + (folder / "join").string() + "' -c copy"));
        REQUIRE(folder.made("interlaced.mpg",
                            "-f lavfi -i testsrc=size=320x240:rate=50 -frames:v 20 -vf "
                            "interlace=scan=tff -c:v mpeg2video -flags +ilme+ildct"));
        REQUIRE(folder.made("camera.MTS", source + "-c:v mpeg2video -f mpegts"));
        // How to say it changed in ffmpeg 6.
        CHECK((folder.made("turned.mp4",
                           "-display_rotation 90 -i '" + folder.videos + "/whole.mp4' -c copy") ||
               folder.made("turned.mp4", "-i '" + folder.videos +
                                             "/whole.mp4' -c copy -metadata:s:v rotate=90")));
        const Ran ran = folder.extract("--short-side 0");
        CHECK_MESSAGE(ran.code == 0, ran.text);
        CHECK_MESSAGE(contains(ran.text, {"note: interlaced: 1 videos", "interlaced.mpg", "bwdif"}),
                      ran.text);
        const auto count = [&](const std::string& name) {
            return count_frames(folder.frames + "/" + name);
        };
        CHECK(count("uneven") == 50);
        CHECK(count("whole") == 50);
        CHECK(count("cut") == 20);
        CHECK(count("joined") == 100);
        CHECK(count("interlaced") == 20);
        CHECK(count("camera") == 50);
        CHECK(image_size(folder.frame("whole", 50)).width == 321);
        CHECK(image_size(folder.frame("whole", 50)).height == 241);
        CHECK(image_size(folder.frame("turned", 50)).width == 241);
        CHECK(read_extraction(folder.frames + "/turned")->video.width == 241);
        CHECK(read_extraction(folder.frames + "/turned")->scale() == 1);
        // The first frame is the one at the cut.
        const Image cut = read_image(folder.frame("cut", 1)),
                    there = read_image(folder.frame("whole", 31));
        CHECK(cut.pixels == there.pixels);
    }

    TEST_CASE("what ffmpeg says of a sound video does not fail it") {
        if (!has_ffmpeg()) return;
        const Videos folder;
        folder.video("a.mp4", "64x48", 3);
        const auto extract = [&](const std::string& lines) {
            std::filesystem::remove_all(folder.frames);
            return folder.run(folder.in_front_of_ffmpeg(lines) + "data/extract_frames '" +
                              folder.videos + "' '" + folder.frames + "'");
        };
        Ran ran = extract("echo '[h264 @ 0x1] mmco: unref short failure' >&2");
        CHECK_MESSAGE(ran.code == 0, ran.text);
        ran = extract(
            "echo '[h264 @ 0x1] mmco: unref short failure\n[h264 @ 0x1] error while "
            "decoding MB 3 4' >&2");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"a.mp4: damaged: ", "MB 3 4", "--accept-damaged"}),
                      ran.text);
        ran = extract("case \"$*\" in *-start_number*) kill -SEGV $$;; esac");
        CHECK_MESSAGE(contains(ran.text, {"a.mp4: ffmpeg crashed (exit code 139)"}), ran.text);
        // ffmpeg 9 no longer knows the old name of an option, ffmpeg 4 not the new one.
        if (folder.run("ffmpeg -hide_banner -h full | grep -e -fps_mode").code == 0) {
            ran = extract("case \"$*\" in *-vsync*) echo unknown option >&2; exit 8;; esac");
            CHECK_MESSAGE(ran.code == 0, ran.text);
        }
    }

    TEST_CASE("frames from before colours were converted are another making") {
        if (!has_ffmpeg()) return;
        const Videos folder;
        folder.video("a.mp4", "64x48", 3);
        REQUIRE(folder.extract().code == 0);
        REQUIRE(
            folder.run("sed -i 's/, colours.*//' '" + folder.frames + "/a/extracted.txt'").code ==
            0);
        const Ran ran = folder.extract();
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"other options (short side 256, quality 2, fps all, now",
                                          "colours BT.601", "remove it"}),
                      ran.text);
    }

    TEST_CASE("a terminal sees how far it is and how long it takes") {
        if (!has_ffmpeg()) return;
        const Videos folder;
        if (folder.run("script --version").code != 0) return;
        folder.video("a.mp4", "64x48", 3);
        folder.video("b.mp4", "64x48", 3);
        const Ran ran = folder.run(
            "env " + folder.in_front_of_ffmpeg("case \"$*\" in *-start_number*) sleep 1.2;; esac") +
            "script -qec \"data/extract_frames '" + folder.videos + "' '" + folder.frames +
            "' --jobs 1\" /dev/null </dev/null");
        CHECK_MESSAGE(
            contains(ran.text, {"0 of 2 videos", "1 of 2 videos, about ", "2 videos extracted"}),
            ran.text);
    }

    TEST_CASE("a signal ends all that is at work") {
        if (!has_ffmpeg()) return;
        const Videos folder;
        folder.video("a.mp4", "64x48", 3);
        // In the place of ffmpeg, one that would run on and says who it is.
        write(folder / "bin/ffmpeg",
              "#!/bin/sh\ncase \"$*\" in *-h\\ full) exit;; esac\n"
              "echo $$ >'" +
                  (folder / "running").string() + "'\nexec sleep 30\n");
        std::filesystem::permissions(folder / "bin/ffmpeg", std::filesystem::perms::all);
        // Under nohup the script would inherit that hanging up is ignored.
        const auto inherited = std::signal(SIGHUP, SIG_DFL);
        for (const char* signal : {"TERM", "HUP"}) {
            CAPTURE(signal);
            const std::string running = (folder / "running").string();
            const Ran ran =
                folder.run("{ rm -f '" + running + "'; PATH='" + (folder / "bin").string() +
                           "':$PATH data/extract_frames '" + folder.videos + "' '" + folder.frames +
                           "' & script=$!; for i in $(seq 100); do [ -s '" + running +
                           "' ] && break; sleep 0.1; done; kill -" + signal +
                           " $script; wait $script; code=$?; kill -0 $(cat '" + running +
                           "') && echo still running; exit $code; }");
            CHECK(ran.code == (std::string(signal) == "TERM" ? 143 : 129));
            CHECK_MESSAGE(!contains(ran.text, {"still running"}), ran.text);
            CHECK(std::filesystem::is_empty(folder.frames));
        }
        std::signal(SIGHUP, inherited);
        // While one is at work, another is refused; afterwards it does what is left.
        const std::string running = (folder / "running").string();
        const Ran ran = folder.run(
            "{ rm -f '" + running + "'; PATH='" + (folder / "bin").string() +
            "':$PATH data/extract_frames '" + folder.videos + "' '" + folder.frames +
            "' & script=$!; for i in $(seq 100); do [ -s '" + running +
            "' ] && break; sleep 0.1; done; data/extract_frames '" + folder.videos + "' '" +
            folder.frames + "'; code=$?; [ -d '" + folder.frames +
            "/a.partial' ] || echo gone; kill -TERM $script; wait $script; exit $code; }");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(
            contains(ran.text, {"error: another data/extract_frames writes into " + folder.frames}),
            ran.text);
        CHECK(!contains(ran.text, {"gone"}));
        CHECK(folder.extract().code == 0);
        CHECK(count_frames(folder.frames + "/a") == 3);
    }
}

}  // namespace mdn::test
