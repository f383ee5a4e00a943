// How a run reads its clips' files: a part of its settings that evaluation shares with training.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/keypoints/keypoints.h"
#include "train/settings/command_line.h"

namespace mdn {

/// The number that lists of iMiGUE give to a recording's first frame.
enum class FirstFrame { automatic, zero, one };

struct ReadingSettings {
    std::string frame_template = "auto";  // or a name: parse_frame_template()
    FirstFrame first_frame = FirstFrame::automatic;
    KeypointLayout layout = KeypointLayout::body25;
    KeypointScale scale = KeypointScale::automatic;
    std::string size = "frames";  // or WIDTHxHEIGHT of the picture they were found in
    double threshold = default_keypoint_threshold;
    int64_t fill = 0;    // frames
    int64_t smooth = 0;  // frames

    void declare(CommandLine& options);
    /// For what a trained model is run on: the settings that the user gave, else those of the run
    /// whose metadata this is, else (other weights, older runs) the defaults. Throws Error naming
    /// `source` if the metadata makes no sense.
    ReadingSettings as_trained(const CommandLine& options,
                               const std::map<std::string, std::string>& metadata,
                               const std::string& source) const;
    /// Those that the user gave, each with its value: {"--keypoint-fill", "3"}.
    std::vector<std::pair<std::string, std::string>> given(const CommandLine& options) const;
    /// Throws Error naming the first of these options that the user gave, and `why` it would have
    /// no effect.
    void refuse_given(const CommandLine& options, const std::string& why,
                      const std::string& hint) const;
    /// The same of those for keypoints, for a model that reads none; nothing for one that does.
    void refuse_unread(const CommandLine& options, ClipNeeds needs) const;
    /// Throws Error if `size` is not of its form.
    KeypointOptions keypoint_options() const;
    /// Throws Error if `frame_template` is not of its form.
    DatasetOptions dataset_options() const;
};

inline const Choices<FirstFrame> first_frames = {
    {"auto", FirstFrame::automatic}, {"0", FirstFrame::zero}, {"1", FirstFrame::one}};

inline const Choices<KeypointLayout> keypoint_layouts = {{"body25", KeypointLayout::body25},
                                                         {"body25b", KeypointLayout::body25b}};
inline const Choices<KeypointScale> keypoint_scales = {
    {"auto", KeypointScale::automatic},
    {"pixels", KeypointScale::pixels},
    {"unit", KeypointScale::unit},
    {"symmetric", KeypointScale::symmetric},
    {"unit-by-longest", KeypointScale::unit_by_longest},
    {"symmetric-by-longest", KeypointScale::symmetric_by_longest}};

/// Calls the visitor (train/settings/setting_visitors.h) for each of those for keypoints.
template <class Settings, class Visitor>
void visit_keypoint_settings(Settings& s, Visitor&& v) {
    v.choice("keypoint-layout", s.layout, keypoint_layouts,
             "joint order of people with 25 joints; COCO's 17 and 18 are recognised");
    v.choice("keypoint-scale", s.scale, keypoint_scales,
             "units of keypoint files; OpenPose's --keypoint_scale: 0 to 2 is pixels, 3 unit, 4 "
             "symmetric, 5 unit-by-longest, 6 symmetric-by-longest");
    v.text("keypoint-size", s.size,
           "size of the picture that keypoints were found in, if the frames were resized", "WxH");
    v.number("keypoint-threshold", s.threshold, 0, 1e6,
             "a joint whose confidence is not above it was not seen");
    v.integer("keypoint-fill", s.fill, 0, 1'000'000,
              "longest gap in a joint's track that is filled, in frames");
    v.integer("keypoint-smooth", s.smooth, 0, 1'000'000,
              "frames before and after over which joints are smoothed");
}

/// Calls the visitor for each of all.
template <class Settings, class Visitor>
void visit_reading_settings(Settings& s, Visitor&& v) {
    v.text("frame-template", s.frame_template,
           "how frames are called, as in img_{:05}.jpg; auto: found for each folder");
    v.choice("first-frame", s.first_frame, first_frames,
             "number that iMiGUE's lists give to the first frame; auto: 0 in its table, 1 in the "
             "challenge's files");
    visit_keypoint_settings(s, v);
}

}  // namespace mdn
