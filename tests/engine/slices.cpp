#include "engine/slices.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "engine/autograd.h"
#include "engine/module_scope.h"
#include "engine/ops.h"
#include "engine/random.h"

using namespace mdn;

namespace {

/// Each slice with the names of those that it stands in: "training step/forward/a/relu_forward".
/// Checks that slices of a thread either hold each other or do not meet.
std::vector<std::string> nested(const RecordedSlices& recorded, const std::string& thread) {
    std::vector<std::string> result;
    std::vector<const RecordedSlice*> open;
    for (const RecordedSlice& slice : recorded.slices) {
        CHECK(slice.begin >= 0);
        CHECK(slice.begin <= slice.end);
        if (recorded.threads.at(slice.thread) != thread) continue;
        while (!open.empty() && open.back()->end <= slice.begin &&
               !(open.back()->end == slice.end && open.back()->begin == slice.begin))
            open.pop_back();
        std::string path;
        for (const RecordedSlice* outer : open) {
            CHECK(outer->begin <= slice.begin);
            CHECK(slice.end <= outer->end);
            path.append(outer->name).append("/");
        }
        result.push_back(path + slice.name);
        open.push_back(&slice);
    }
    return result;
}

bool has(const std::vector<std::string>& paths, const std::string& path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace

TEST_SUITE("engine/slices") {
    TEST_CASE("slices, modules and kernels nest, on every device") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            INFO(to_string(device));
            Tensor x = Random(1).normal_tensor({40, 30}).to(device);
            x.set_requires_grad();
            SliceRecording recording(device);
            {
                const Slice step("step");
                Tensor y = x;
                {
                    const Slice forward("forward");
                    const ModuleScope a(module_name("a"));
                    y = relu(y);
                    const ModuleScope b(module_name("a.b"));
                    y = sum(y);
                }
                backward(y);
            }
            const RecordedSlices recorded = recording.stop();
            const auto paths = nested(recorded, "main");
            const std::string start = device == Device::cuda ? "start " : "";
            CHECK(paths.front() == "step");
            CHECK(has(paths, "step/forward/a/" + start + "relu_forward"));
            CHECK(has(paths, "step/forward/a/b/" + start + "sum"));
            CHECK(has(paths, "step/a/" + start + "relu_backward"));
            // a goes on while b is under way in it.
            CHECK(std::count(paths.begin(), paths.end(), "step/forward/a") == 1);
            for (const RecordedSlice& slice : recorded.slices) {
                if (slice.name == "b") CHECK((slice.detail == "a.b"));
                if (slice.name == start + "relu_forward") CHECK(slice.detail == "elementwise");
            }
            const auto on_gpu = nested(recorded, "GPU");
            CHECK(has(on_gpu, "relu_forward") == (device == Device::cuda));
        }
    }

    TEST_CASE("threads have tracks of their own, and names") {
        SliceRecording recording(Device::cpu);
        {
            const Slice slice("here");
            std::thread([] {
                name_this_thread("loader");
                const std::string clip = "P01_walk";
                const Slice read("read clip", "loader", clip);
            }).join();
        }
        const RecordedSlices recorded = recording.stop();
        CHECK(nested(recorded, "main") == std::vector<std::string>{"here"});
        CHECK(nested(recorded, "loader") == std::vector<std::string>{"read clip"});
        CHECK(recorded.threads.size() == 2);
        for (const RecordedSlice& slice : recorded.slices)
            if (slice.name == "read clip") CHECK(slice.detail == "P01_walk");
    }

    TEST_CASE("nothing is recorded before, afterwards, or of what does not end in time") {
        const auto outlives = std::make_unique<Slice>("began before");
        SliceRecording recording(Device::cpu);
        auto still_open = std::make_unique<Slice>("does not end");
        { const Slice slice("whole"); }
        CHECK_THROWS_AS(SliceRecording{Device::cpu}, std::logic_error);
        RecordedSlices recorded = recording.stop();
        REQUIRE(recorded.slices.size() == 1);
        CHECK(recorded.slices.front().name == "whole");
        {
            SliceRecording next(Device::cpu);
            still_open.reset();  // of the recording before
            recorded = next.stop();
            CHECK(recorded.slices.empty());
        }
        { SliceRecording abandoned(Device::cpu); }
        const Tensor x = relu(Random(2).normal_tensor({4}));
        CHECK(SliceRecording(Device::cpu).stop().slices.empty());
    }
}
