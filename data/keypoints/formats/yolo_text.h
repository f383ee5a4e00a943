// Ultralytics' text labels of YOLO-pose models (save_txt=True): a file for each picture or frame of
// a video, CLIP_12.txt, with a line for each person,
//   CLASS X Y W H  X Y C  X Y C  …  [CONFIDENCE] [TRACK]
// all divided by the picture's width and height. A picture without anybody has no file; a video's
// frames count from 1. Joints have two numbers where the model gives no confidence, as has a
// training label, whose third number is COCO's visibility. (ultralytics 8.4.190, run.)
#pragma once

#include <filesystem>
#include <string_view>

#include "data/keypoints/formats/keypoint_source.h"

namespace mdn {

/// Whether the text's first line can be one of these: blank-separated numbers, as many as a box and
/// the joints of a known skeleton take. An empty text is: nobody.
bool is_yolo_text(std::string_view text);

/// The people of a file's text. Throws Error naming file and line for anything else.
std::vector<Pose> read_yolo_text(std::string_view text, const std::filesystem::path& file,
                                 PersonBuilder& builder);

}  // namespace mdn
