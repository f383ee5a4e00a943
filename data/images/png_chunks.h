// What stands in a PNG file beside the pixels.
#pragma once

#include <istream>
#include <string_view>

#include "data/images/orientation.h"

namespace mdn {

/// What the eXIf chunk of a PNG file says, before or behind the pixels; as with libpng the first
/// one whose checksum is right, of at most 8 million bytes. Of chunks, the first 65,536 are looked
/// at.
Orientation png_orientation(std::string_view bytes);

/// The same of a stream; its place does not matter. The pixels are stepped over.
Orientation png_orientation(std::istream& in);

}  // namespace mdn
