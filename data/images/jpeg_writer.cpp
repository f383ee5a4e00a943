#include "data/images/jpeg_writer.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace mdn {

std::string jpeg_bytes(const Image& image, std::int64_t quality) {
    std::string bytes;
    const auto append = [](void* text, void* data, int count) {
        static_cast<std::string*>(text)->append(static_cast<const char*>(data),
                                                static_cast<std::size_t>(count));
    };
    stbi_write_jpg_to_func(append, &bytes, static_cast<int>(image.width),
                           static_cast<int>(image.height), 3, image.pixels.data(),
                           static_cast<int>(quality));
    return bytes;
}

}  // namespace mdn
