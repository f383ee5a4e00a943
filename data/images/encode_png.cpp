#include "data/images/encode_png.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC  // its own copy: another is in data/synth
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace mdn {

std::string encode_png(const Image& image) {
    std::string bytes;
    const auto append = [](void* context, void* data, int count) {
        static_cast<std::string*>(context)->append(static_cast<const char*>(data),
                                                   static_cast<size_t>(count));
    };
    const auto width = static_cast<int>(image.width);
    stbi_write_png_to_func(append, &bytes, width, static_cast<int>(image.height), 3,
                           image.pixels.data(), 3 * width);
    return bytes;
}

}  // namespace mdn
