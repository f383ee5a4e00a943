// Pictures for people.
#pragma once

#include <string>

#include "data/images/image.h"

namespace mdn {

/// The bytes of a PNG file.
std::string encode_png(const Image& image);

}  // namespace mdn
