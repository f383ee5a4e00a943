// JPEG and PNG files.
#include "data/images/image.h"

#include "engine/error.h"
#include "tests/fuzz/fuzz.h"

using namespace mdn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto path = fuzz::write("frame.jpg", data, size);
    FrameSize claimed;
    fuzz::check(size, [&] { claimed = image_size(path); });
    // What the header claims is honest as far as the file can hold it, and read_image's limit.
    const double bytes_a_pixel = 8;  // RGBA, 16 bits a channel
    const double pixels = static_cast<double>(claimed.width) * static_cast<double>(claimed.height);
    const double honest = pixels <= 8256.0 * static_cast<double>(size) ? bytes_a_pixel * pixels : 0;
    fuzz::check(size + static_cast<std::size_t>(honest), [&] {
        const Image image = read_image(path);
        fuzz::require(image.width == claimed.width && image.height == claimed.height,
                      "the image has not the size of its header");
        fuzz::require(std::ssize(image.pixels) == 3 * image.width * image.height,
                      "the image has not as many pixels as its size says");
        unsigned sum =
            0;  // every pixel was written: MemorySanitizer would see, and ASan its bounds
        for (const std::uint8_t value : image.pixels) sum += value;
        fuzz::require(sum <= 255 * image.pixels.size(), "a pixel is out of range");
    });
    return 0;
}
