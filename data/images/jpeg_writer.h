// Pictures as JPEG files.
#pragma once

#include <cstdint>
#include <string>

#include "data/images/image.h"

namespace mdn {

/// The bytes of a JPEG file of that quality, 1 to 100. Above 90 colours keep their full size.
std::string jpeg_bytes(const Image& image, std::int64_t quality);

}  // namespace mdn
