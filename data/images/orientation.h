// How the camera was held: EXIF's orientation, which cameras write instead of turning the pixels.
#pragma once

#include <cstdint>
#include <string_view>

#include "data/transform.h"

namespace mdn {

/// EXIF 2.32's values: 1 stands as stored, 2 mirrored, 3 upside down, 4 both, 5 transposed, 6 must
/// be turned to the right, 7 both mirrored and turned, 8 must be turned to the left. 0: not said.
using Orientation = int;

/// The orientation in EXIF data (TIFF's form, from its byte order on), of the pictures' own
/// directory only, IFD0: a thumbnail has one of its own. Reads as OpenCV 4.14 and 5.0 do, so that
/// frames stand as their imread shows them: the first such entry counts, whatever its type; a value
/// that is none of 1..8 says 1; data that end, or a text that points past their end, say nothing
/// further. Takes time linear in the data's length.
Orientation exif_orientation(std::string_view exif);

/// What a JPEG's APP1 segment says, from behind its length on: nothing if it holds no EXIF data.
Orientation app1_orientation(std::string_view segment);

/// The size of a picture of `stored` size when it is shown upright.
FrameSize upright_size(FrameSize stored, Orientation orientation);

/// Writes the stored RGB picture, [height,width,3], upright to `out`, which has as many pixels.
void turn_upright(const std::uint8_t* stored, FrameSize size, Orientation orientation,
                  std::uint8_t* out);

}  // namespace mdn
