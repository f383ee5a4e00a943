#include "train/output/profile_trace.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/files/safetensors.h"
#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

namespace {

struct Event {
    std::string path;  // names of all that it stands in, and its own
    std::string category, detail;
    double begin, end;
};

/// The slices of each thread by name; checks that they nest: of two on a thread, one holds the
/// other or they do not meet.
std::map<std::string, std::vector<Event>> events_of(const std::string& file) {
    const auto object = nlohmann::json::parse(bytes_of(file));
    std::map<int64_t, std::string> names;
    std::map<int64_t, std::vector<Event>> by_thread;
    for (const auto& event : object.at("traceEvents")) {
        if (event.at("ph") == "M") {
            if (event.at("name") == "thread_name")
                names[event.at("tid")] = event.at("args").at("name");
            continue;
        }
        CHECK(event.at("ph") == "X");
        CHECK(event.at("pid") == 1);
        const double begin = event.at("ts"), duration = event.at("dur");
        CHECK(begin >= 0);
        CHECK(duration >= 0);
        by_thread[event.at("tid")].push_back(
            {event.at("name"), event.at("cat"),
             event.contains("args") ? event.at("args").at("detail").get<std::string>() : "", begin,
             begin + duration});
    }
    constexpr double rounding = 1e-4;  // of microseconds written as decimals
    std::map<std::string, std::vector<Event>> result;
    for (auto& track : by_thread) {
        const int64_t thread = track.first;
        std::vector<Event>& events = track.second;
        REQUIRE(names.contains(thread));
        std::vector<const Event*> open;
        double last = 0;
        for (Event& event : events) {
            CHECK(event.begin >= last - rounding);  // in order
            last = event.begin;
            while (!open.empty() && open.back()->end <= event.begin + rounding &&
                   open.back()->end < event.end - rounding)
                open.pop_back();
            if (!open.empty()) {
                CHECK(event.end <= open.back()->end + rounding);
                event.path = open.back()->path + "/" + event.path;
            }
            open.push_back(&event);
        }
        auto& kept = result[names.at(thread)];
        kept.insert(kept.end(), events.begin(), events.end());
    }
    return result;
}

int64_t count(const std::vector<Event>& events, const std::string& path) {
    return std::count_if(events.begin(), events.end(),
                         [&](const Event& event) { return event.path == path; });
}

bool has(const std::vector<Event>& events, const std::string& path) {
    return count(events, path) > 0;
}

}  // namespace

TEST_SUITE("train/output/profile_trace") {
    TEST_CASE("a training run's steps, modules and kernels, and what the loaders do meanwhile") {
        SmallProject project;
        const std::string file = project.file("trace.json");
        for (const std::string device : {"cpu", "cuda"}) {
            INFO(device);
            const Ran ran = microdualnet(project.train(
                project.file("run"), {"--epochs", "1", "--profile-trace", file, "--profile-steps",
                                      "3", "--device", device, "--overwrite"}));
            INFO(ran.err);
            REQUIRE(ran.code == 0);
            const auto threads = events_of(file);
            const auto& main = threads.at("main");
            const std::string start = device == "cuda" ? "start " : "";
            // In training, a GPU takes batch norm's moments on the way.
            const std::string convolution =
                device == "cuda" ? "conv2d_forward_moments" : "conv2d_forward";
            CHECK(count(main, "training step") == 3);
            CHECK(count(main, "training step/forward") == 3);
            CHECK(
                has(main, "training step/forward/backbone/layer1/0/conv1/" + start + convolution));
            CHECK(has(main,
                      "training step/forward/st/spatial/layers/0/" + start + "attention_forward"));
            CHECK(has(main, "training step/backward/router/" + start + "softmax_backward"));
            CHECK(has(main, "training step/update/optimizer/" + start + "adamw_step"));
            CHECK(has(threads.at("loader"), "read clip"));
            for (const Event& event : threads.at("loader"))
                CHECK(event.detail.starts_with("train_"));
            CHECK(threads.contains("GPU") == (device == "cuda"));
            if (device == "cuda") CHECK(has(threads.at("GPU"), convolution));
        }
    }

    TEST_CASE("bench records its timed runs, and eval its batches") {
        SmallProject project;
        const std::string file = project.file("trace.json");
        const Ran bench =
            microdualnet({"bench", "--config", project.config, "--repeats", "3", "--mode", "train",
                          "--clips", "2", "--profile-trace", file});
        INFO(bench.err);
        REQUIRE(bench.code == 0);
        CHECK(count(events_of(file).at("main"), "training step/backward") == 3);

        const std::string run = project.file("run");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        const Ran eval =
            microdualnet({"eval", "--weights", run + "/best.safetensors", "--data", project.data,
                          "--batch", "1", "--profile-trace", file, "--profile-steps", "2"});
        INFO(eval.err);
        REQUIRE(eval.code == 0);
        const auto threads = events_of(file);
        CHECK(count(threads.at("main"), "forward pass") == 2);
        CHECK(has(threads.at("main"), "forward pass/sem/roi_align_forward"));
        CHECK_MISTAKE(microdualnet({"eval", "--weights", run + "/best.safetensors", "--data",
                                    project.data, "--profile-steps", "2"}),
                      {"--profile-steps", "--profile-trace"});
        CHECK_MISTAKE(microdualnet({"eval", "--weights", run + "/best.safetensors", "--data",
                                    project.data, "--profile-trace", run + "/best.safetensors"}),
                      {"--profile-trace", "would overwrite"});
    }

    TEST_CASE("what runs is the same with and without a trace") {
        SmallProject project;
        const std::string with = project.file("with"), without = project.file("without");
        REQUIRE(microdualnet(project.train(without, {"--epochs", "1"})).code == 0);
        REQUIRE(
            microdualnet(project.train(with, {"--epochs", "1", "--profile-trace",
                                              project.file("trace.json"), "--profile-steps", "2"}))
                .code == 0);
        const auto weights = [](const std::string& run) {
            return read_safetensors(run + "/last.safetensors")
                .at("classifier.fc1.weight")
                .to_vector<float>();
        };
        CHECK(weights(with) == weights(without));
    }

    TEST_CASE("names that are not UTF-8 do not break the file") {
        RecordedSlices recorded{.slices = {{"read \"clip\"", "loader", "caf\xe9", 1500, 2750, 3}},
                                .threads = {{3, "loader"}}};
        const auto object = nlohmann::json::parse(trace_events_json(recorded));
        const auto& event = object["traceEvents"].back();
        CHECK(event["name"] == "read \"clip\"");
        CHECK(event["ts"] == 1.5);
        CHECK(event["dur"] == 1.25);
        CHECK(event["tid"] == 1);
    }
}
