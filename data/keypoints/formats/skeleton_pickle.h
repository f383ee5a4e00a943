// MMAction2's and PYSKL's skeleton annotations, a pickle of
//   {"split": {"xsub_train": [NAME, …], …}, "annotations": [ANNOTATION, …]}
// or of the list alone (PYSKL's tools/data/custom_2d_skeleton.py), or of one annotation
// (MMAction2's tools/data/skeleton/ntu_pose_extraction.py, a file for each video). An annotation is
// a dict:
//   frame_dir, total_frames, label, img_shape (height, width), original_shape,
//   keypoint [M, T, V, 2] of M people in T frames with V joints, pixels, and keypoint_score [M, T,
//   V]
// float16 in published files, float32 from MMAction2's own script. Absent people are zeros. PYSKL's
// compressed form has keypoint [N, V, 3] and frame_inds [N] instead. (MMAction2 1.2.0, PYSKL of
// 2025-03, NumPy 1.26 and 2.4, protocols 2 to 5: run.)
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "data/keypoints/formats/keypoint_source.h"

namespace mdn {

/// Whether the bytes begin as a pickle of protocol 2 or later does.
bool is_pickle(std::string_view first_bytes);

/// The clips of pickles; those of a folder together. Only an index is kept in memory: a clip's
/// numbers are read when it is. Throws Error naming the file, the clip and the field where one is
/// not what it should be: no skeletons at all, poses in 3-D, keypoints that are in other files.
std::unique_ptr<KeypointSource> open_skeleton_pickles(
    const std::vector<std::filesystem::path>& files, PersonBuilder& builder);

}  // namespace mdn
