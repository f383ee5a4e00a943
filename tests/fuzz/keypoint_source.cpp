// Keypoints of other pose estimators, in any of the formats that are detected: JSON, YOLO's text,
// skeleton pickles.
#include <string>

#include "data/keypoints/formats/conversion.h"
#include "data/keypoints/formats/open_source.h"
#include "tests/fuzz/fuzz.h"

using namespace mdn;

namespace {

/// A person of 17 joints takes 102 bytes of a file at least, and is 600 here.
constexpr std::size_t honest_growth = 6;

void check_clip(const FoundClip& clip) {
    fuzz::require(!clip.name.empty(), "a clip without a name");
    for (std::size_t i = 0; i < clip.frames.size(); ++i) {
        const FoundFrame& frame = clip.frames[i];
        fuzz::require(frame.number >= 0, "a frame with a negative number");
        fuzz::require(i == 0 || clip.frames[i - 1].number < frame.number, "frames out of order");
        (void)keypoint_file_text(frame.people);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto path = fuzz::write("walk_1.json", data, size);
    fuzz::check(honest_growth * size, [&] {
        PersonBuilder builder(nullptr);
        const OpenedSource opened = open_keypoint_source({.source = path, .clip = ""}, builder);
        for (std::size_t i = 0; i < opened.source->count(); ++i) check_clip(opened.source->read(i));
        ConversionOptions options;
        options.dataset = fuzz::folder() / "dataset";
        options.lowest_first = size % 2 == 0;
        const ConversionPlan plan = plan_conversion(*opened.source, options, nullptr);
        for (const PlannedClip& clip : plan.clips)
            fuzz::require(clip.length >= 0 && clip.length <= 1'000'000, "an endless clip");
    });
    return 0;
}
