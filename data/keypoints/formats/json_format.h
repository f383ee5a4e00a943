// What a reader of JSON files says of its format, and the list of them.
#pragma once

#include <string>

#include "data/keypoints/formats/image_names.h"
#include "data/keypoints/formats/json_cursor.h"
#include "data/keypoints/formats/keypoint_source.h"

namespace mdn {

/// What one file is about: a video, one picture, or pictures of any number of clips.
enum class FileHolds { video, picture, pictures };

struct JsonFormat {
    const char* name;       // for the user: which program's, and how it looks
    const char* numbering;  // what numbers the frames
    FileHolds holds;
    bool lists_all;                // whether frames without anybody are there, too
    bool counts_videos_from_zero;  // names a video's frames 0.jpg, 1.jpg, …
    /// Whether the value is of this format, from its first entries; throws where it is not JSON.
    bool (*recognise)(const JsonCursor& root);

    // The one that `holds` tells, the others null. `where` begins messages.
    void (*read_video)(JsonCursor& root, PersonBuilder&, const std::string& where,
                       FoundClip&) = nullptr;
    /// Adds people to the frame, and what the file says of the clip.
    void (*read_picture)(JsonCursor& root, PersonBuilder&, const std::string& where, FoundFrame&,
                         FoundClip&) = nullptr;
    void (*read_pictures)(JsonCursor& root, PersonBuilder&, const std::string& where,
                          ImageFrames&) = nullptr;
};

// Each in the file of its program.
extern const JsonFormat mmpose_video, mmpose_demo, mmpose_picture;         // mmpose.cpp
extern const JsonFormat openpose_picture, controlnet_video;                // openpose_like.cpp
extern const JsonFormat alphapose_list, alphapose_dict, alphapose_bodies;  // alphapose.cpp
extern const JsonFormat coco_results, coco_annotations;                    // coco.cpp
extern const JsonFormat kinetics_skeleton;                                 // its own

/// In the order in which they are asked: the more particular first.
inline const JsonFormat* const json_formats[] = {
    &mmpose_video,     &mmpose_demo,       &mmpose_picture,   &controlnet_video,
    &coco_annotations, &kinetics_skeleton, &openpose_picture, &alphapose_bodies,
    &alphapose_list,   &coco_results,      &alphapose_dict};

}  // namespace mdn
