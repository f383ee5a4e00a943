#include "data/formats/extraction.h"

#include <algorithm>
#include <map>
#include <string>

#include "data/file.h"
#include "data/formats/list_file.h"
#include "engine/error.h"

namespace mdn {

double Extraction::scale() const {
    // The short side is the one that was asked for; the other was rounded to fit it.
    return static_cast<double>(std::min(frames.width, frames.height)) /
           static_cast<double>(std::min(video.width, video.height));
}

std::optional<Extraction> read_extraction(const std::filesystem::path& frames) {
    const std::filesystem::path file = frames / "extracted.txt";
    if (frames.empty() || !is_file(file)) return std::nullopt;
    std::map<std::string, std::int64_t> values;
    LineReader lines(file);
    for (std::string line; lines.next(line);) {
        const std::size_t equals = line.find('=');
        const std::string name = line.substr(0, equals);
        if (equals == std::string::npos || !(name.ends_with("width") || name.ends_with("height")))
            continue;
        values[name] = parse_integer(line.substr(equals + 1), name, lines.where());
    }
    for (const char* name : {"video_width", "video_height", "width", "height"})
        if (values[name] < 1) throw Error(file.string() + " does not give the " + name);
    return Extraction{.video = {values["video_width"], values["video_height"]},
                      .frames = {values["width"], values["height"]}};
}

double scale_of_frames(const std::filesystem::path& frames) {
    const std::optional<Extraction> extraction = read_extraction(frames);
    return extraction ? extraction->scale() : 1;
}

}  // namespace mdn
