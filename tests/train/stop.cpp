#include "train/stop.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <iterator>
#include <set>
#include <thread>

#include "engine/files/safetensors.h"
#include "tests/train/process.h"
#include "tests/train/program.h"
#include "train/run_folder.h"

using namespace mdn;
using namespace mdn::test;

namespace fs = std::filesystem;

namespace {

int64_t files_in(const fs::path& folder) {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

std::string last_line(const std::string& text) {
    const size_t end = text.find_last_not_of('\n');
    return text.substr(text.rfind('\n', end) + 1, end - text.rfind('\n', end));
}

}  // namespace

TEST_SUITE("train/stop") {
    TEST_CASE("a signal ends training after its step, which is saved") {
        SmallProject project;
        const std::string straight = project.file("straight"), out = project.file("run");
        const std::vector<std::string> settings = {"--epochs", "40"};
        REQUIRE(microdualnet(project.train(straight, settings)).code == 0);
        auto arguments = project.train(out, settings);
        const std::string text = project.file("text");
        int64_t stopped_at = 0;
        for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
            Process process(microdualnet_command(arguments), text);
            const std::string step = "\"step\":" + std::to_string(stopped_at + 12) + ",";
            REQUIRE(process.wait_for(
                [&] { return bytes_of(log_file(out)).find(step) != std::string::npos; }));
            process.signal(signal);
            // A terminal and `timeout` send it twice; that is not the user's second one.
            process.signal(signal);
            const Ended ended = process.wait();
            INFO(ended.text);
            CHECK(ended.code == 128 + signal);
            const SafetensorsFile stored = read_safetensors(newest_checkpoint(out));
            const std::string steps = stored.metadata.at("position.step");
            stopped_at = std::stoll(steps);
            CHECK(contains(last_line(ended.text),
                           {signal == SIGINT    ? "stopped by SIGINT: "
                            : signal == SIGTERM ? "stopped by SIGTERM: "
                                                : "stopped by SIGUSR1: ",
                            steps + " steps are saved in " + newest_checkpoint(out), "--resume"}));
            // The last step of the log is the last that is saved: none was made and lost.
            const std::string log = bytes_of(log_file(out));
            CHECK(contains(log, {"\"step\":" + std::to_string(stopped_at - 1) + ","}));
            CHECK_FALSE(contains(log, {"\"step\":" + std::to_string(stopped_at) + ","}));
            CHECK_FALSE(fs::exists(out + "/train.lock"));
            arguments = {"train", "--resume", "--out", out, "--threads", "2"};
        }
        REQUIRE(microdualnet(arguments).code == 0);
        const auto weights = [](const std::string& run) {
            const Tensor tensor =
                read_safetensors(last_checkpoint(run)).at("classifier.fc2.weight");
            return tensor.to_vector<float>();
        };
        CHECK(weights(out) == weights(straight));
        CHECK(files_in(out) == files_in(straight));
    }

    TEST_CASE("a second signal stops at once") {
        SmallProject project;
        const std::string out = project.file("run"), text = project.file("text");
        // Steps of about a second.
        auto arguments = project.train(out, {"--epochs", "100", "--save-every", "1"});
        std::string larger = small_config_json;
        larger.replace(larger.find("\"size\": 32"), 10, "\"size\": 448");
        larger.replace(larger.find("\"frames\": 2"), 11, "\"frames\": 32");
        larger.replace(larger.find("\"width\": 8"), 10, "\"width\": 32");
        write(project.config, larger);
        Process process(microdualnet_command(arguments), text);
        // On a busy machine the first state may be written long after the log has begun.
        REQUIRE(process.wait_for([&] { return fs::exists(last_checkpoint(out)); }));
        process.signal(SIGINT);
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        const bool works = process.runs();
        process.signal(SIGINT);
        const Ended ended = process.wait();
        INFO(ended.text);
        CHECK(ended.code == 130);
        CHECK(contains(ended.text, {"stopping ... (once more: at once)"}));
        if (works) {
            // What it would say after its step.
            CHECK_FALSE(contains(ended.text, {"stopped by"}));
            CHECK(fs::exists(last_checkpoint(out)));
        } else {
            MESSAGE("the step was too fast for a second signal");
        }
    }

    TEST_CASE("other commands leave nothing half-written") {
        SmallProject project;
        const std::string run = project.file("run"), text = project.file("text");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1", "--val", "none"})).code == 0);
        const fs::path place = project / "place";
        fs::create_directory(place);
        std::string list;  // long enough for a signal to come in time
        for (int i = 0; i < 3000; ++i) {
            const std::string name = "many_" + std::to_string(i);
            for (const char* kind : {"frames/", "keypoints/"})
                fs::create_directory_symlink("train_0", fs::path(project.data) / (kind + name));
            list += name + " 3 0\n";
        }
        write(fs::path(project.data) / "test.txt", list);
        const std::string weights = last_checkpoint(run);
        const auto in = [&](const char* name) { return (place / name).string(); };
        for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
                 {"synth", "--out", in("set"), "--clips-per-class", "2000"},
                 {"eval", "--weights", weights, "--data", project.data, "--report", in("r.html")},
                 {"predict", "--weights", weights, "--data", project.data, "--predictions",
                  in("p.csv")},
                 {"check", project.data}}) {
            for (const int signal : {SIGINT, SIGTERM}) {
                CAPTURE(arguments.front());
                Process process(microdualnet_command(arguments), text);
                REQUIRE(process.wait_for([&] { return process.catches(signal); }));
                std::this_thread::sleep_for(std::chrono::milliseconds(30));  // into its work
                process.signal(signal);
                const Ended ended = process.wait();
                INFO(ended.text);
                CHECK(ended.code == 128 + signal);
                CHECK(fs::is_empty(place));
            }
        }
    }

    TEST_CASE("a timeline keeps its rows once they are complete, and its pages only all together") {
        SmallProject project;
        const std::string run = project.file("run"), text = project.file("text");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1", "--val", "none"})).code == 0);
        // Frames that take long enough to decode for a signal to come in time.
        write_clip(project.data, "day", 1, 1600, 1200, 5);
        for (int t = 2; t <= 100; ++t)
            for (const auto& [kind, ending] :
                 {std::pair("frames", ".jpg"), {"keypoints", "_keypoints.json"}}) {
                char stem[32];
                std::snprintf(stem, sizeof stem, "img_%05d", t);
                fs::create_symlink(
                    std::string("img_00001") + ending,
                    fs::path(project.data) / kind / "day" / (std::string(stem) + ending));
            }
        const fs::path place = project / "place";
        fs::create_directory(place);
        const std::string csv = (place / "t.csv").string(), html = (place / "t.html").string();
        const auto timeline = [&](const char* window) {
            return microdualnet_command({"predict", "--weights", last_checkpoint(run), "--frames",
                                         project.data + "/frames/day", "--keypoints",
                                         project.data + "/keypoints/day", "--window", window,
                                         "--stride", window, "--timeline", csv, "--html", html,
                                         "--explain", "1"});
        };
        // Whether a signal comes in time is up to the system, so there are several tries.
        const auto stopped = [&](const char* window, const std::string& at, bool complete) {
            for (int attempt = 0; attempt < 50; ++attempt) {
                fs::remove_all(place);
                fs::create_directory(place);
                Process process(timeline(window), text);
                // With rows in it: whether it can be written at all is tried before.
                REQUIRE(process.wait_for([&] {
                    std::error_code missing;
                    const auto bytes = fs::file_size(at, missing);
                    return !missing && bytes > 0;
                }));
                process.signal(SIGINT);
                const Ended ended = process.wait();
                INFO(ended.text);
                if (ended.code == 0) continue;
                REQUIRE(ended.code == 130);
                // Whenever it came: no half of anything, and the message says what there is.
                const bool said =
                    contains(ended.text,
                             {"stopped by SIGINT: " + csv + " is complete", "no page is written"});
                CHECK(names_in(place) ==
                      (said ? std::set<std::string>{"t.csv"} : std::set<std::string>()));
                if (said == complete) return true;
            }
            return false;
        };
        CHECK(stopped("2", csv + ".partial-1", false));  // among the windows
        CHECK(stopped("50", csv, true));
    }

    TEST_CASE("converting keypoints leaves whole clips only") {
        const TemporaryFolder folder;
        // What MMPose says of a video of three frames.
        std::string joints, scores, frames;
        for (int joint = 0; joint < 17; ++joint) {
            joints += (joint ? ",[" : "[") + std::to_string(20 + joint) + "," +
                      std::to_string(30 + 2 * joint) + "]";
            scores += joint ? ",0.8" : "0.8";
        }
        for (int t = 0; t < 3; ++t)
            frames += (t ? R"(,{"frame_id":)" : R"({"frame_id":)") + std::to_string(t) +
                      R"(,"instances":[{"keypoints":[)" + joints + R"(],"keypoint_scores":[)" +
                      scores + "]}]}";
        for (int i = 0; i < 3000; ++i)
            write(folder / ("source/clip_" + std::to_string(i) + ".json"), "[" + frames + "]");
        const fs::path written = folder / "data/keypoints";
        Process process(microdualnet_command({"keypoints", (folder / "source").string(), "--out",
                                              (folder / "data").string()}),
                        (folder / "text").string());
        REQUIRE(process.wait_for([&] { return fs::exists(written / "clip_0"); }));
        process.signal(SIGTERM);
        const Ended ended = process.wait();
        INFO(ended.text);
        CHECK(ended.code == 143);
        CHECK(files_in(written) < 3000);
        for (const auto& clip : fs::directory_iterator(written)) {
            CAPTURE(clip.path());
            CHECK(clip.path().filename().string().find(".partial") == std::string::npos);
            CHECK(files_in(clip) == 3);
        }
    }

    TEST_CASE("the way back is an exception with the signal's name") {
        CHECK(std::string(Stopped(SIGINT).what()) == "stopped by SIGINT");
        CHECK(std::string(Stopped(SIGTERM, "3 steps").what()) == "stopped by SIGTERM: 3 steps");
        CHECK(stop_signal() == 0);
        stop_point();
        CHECK(contains(microdualnet({"--help"}).out,
                       {"130, 143 or 138", "SIGINT", "SIGTERM", "SIGUSR1"}));
    }
}
