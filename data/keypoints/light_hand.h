// The keypoints of a whole recording in one table, as iMiGUE's challenge release has them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/dataset.h"
#include "data/keypoints/body25.h"

namespace mdn {

/// The people of each of a clip's frames, as read_people() has them, from clip.keypoints: a CSV
/// file whose row r describes frame r of the recording in 106 columns, an index that grows by 1
/// from row to row (wherever it begins) and x, y, confidence of 35 joints. The first 25 are
/// BODY_25's; the rest are finger tips (5 left, 5 right), which nothing here uses. A first row
/// whose joint columns are no numbers, or the numbers of the columns (0..104 or 1..105), is a
/// header. A joint with an empty field or `nan` is missing. A row in which no joint has a
/// confidence above 0 is a frame without anybody.
///
/// Coordinates are in pixels of the video; where the frames' folder says that they were extracted
/// at another size (data/formats/extraction.h), they are scaled to that of the frames.
///
/// Of each file the places of some rows are remembered (at most 4096 files, 24 bytes a 32 rows), so
/// that a clip reads its own rows and at most 31 more. Safe to use from several threads at once.
/// Throws Error naming file and line: a row of another length, a field that is neither empty nor
/// nan nor a finite number, or fewer rows than the clip needs; else as light_hand_rows() does.
std::vector<std::vector<Pose>> read_light_hand(const ClipFiles& clip);

/// Rows of such a file, a header not counted. Throws Error naming the file if it cannot be read, is
/// empty, or is larger than 256 MiB (two hours and a half of video come near that); and with the
/// line if an index is no whole number or does not follow that of the row before.
std::int64_t light_hand_rows(const std::filesystem::path& file);

}  // namespace mdn
