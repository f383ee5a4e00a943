#include "tests/data/temporary_dataset.h"

#include <stdlib.h>

#include <cstdio>
#include <fstream>

#include "engine/random.h"

#define STB_IMAGE_WRITE_STATIC  // its own copy: the program's is in data/images
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

namespace mdn::test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "mdn-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void write(const fs::path& path, const std::string& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

Image random_image(std::int64_t width, std::int64_t height, std::uint64_t seed) {
    Random random(seed);
    Image image{width, height, {}};
    for (std::int64_t i = 0; i < 3 * width * height; ++i) {
        image.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
    }
    return image;
}

namespace {

void append(void* text, void* bytes, int size) {
    static_cast<std::string*>(text)->append(static_cast<char*>(bytes),
                                            static_cast<std::size_t>(size));
}

}  // namespace

void write_image(const fs::path& path, const Image& image) {
    std::string bytes;
    const int width = static_cast<int>(image.width), height = static_cast<int>(image.height);
    REQUIRE(
        stbi_write_png_to_func(append, &bytes, width, height, 3, image.pixels.data(), 3 * width));
    write(path, bytes);
}

std::string jpeg_bytes(const Image& image) {
    std::string bytes;
    REQUIRE(stbi_write_jpg_to_func(append, &bytes, static_cast<int>(image.width),
                                   static_cast<int>(image.height), 3, image.pixels.data(), 95));
    return bytes;
}

std::string openpose_json(const std::vector<Pose>& people) {
    std::string text = R"({"version":1.3,"people":[)";
    for (std::size_t i = 0; i < people.size(); ++i) {
        text += i ? "," : "";
        text += R"({"person_id":[-1],"pose_keypoints_2d":[)";
        for (std::size_t j = 0; j < people[i].size(); ++j) {
            char joint[96];
            std::snprintf(joint, sizeof joint, "%s%.6g,%.6g,%.6g", j ? "," : "", people[i][j].x,
                          people[i][j].y, people[i][j].confidence);
            text += joint;
        }
        text += R"(],"face_keypoints_2d":[],"hand_left_keypoints_2d":[]})";
    }
    return text + "]}";
}

Pose standing_figure(double x, double y, double height) {
    // In units of the height, from the nose; the person's left is on the right of the picture.
    constexpr double places[body25_joints][2] = {
        {0, 0},     {0, .1},      {-.1, .1},   {-.15, .25}, {-.2, .4},  {.1, .1},  {.15, .25},
        {.2, .4},   {0, .4},      {-.06, .4},  {-.07, .6},  {-.08, .8}, {.06, .4}, {.07, .6},
        {.08, .8},  {-.02, -.02}, {.02, -.02}, {-.04, 0},   {.04, 0},   {.1, .84}, {.12, .83},
        {.07, .82}, {-.1, .84},   {-.12, .83}, {-.07, .82}};
    Pose pose;
    for (std::size_t j = 0; j < pose.size(); ++j) {
        pose[j] = {x + places[j][0] * height, y + places[j][1] * height, 0.9};
    }
    return pose;
}

void write_clip(const fs::path& dataset, const std::string& name, std::int64_t frames,
                std::int64_t width, std::int64_t height, std::uint64_t seed) {
    for (std::int64_t t = 0; t < frames; ++t) {
        char stem[32];
        std::snprintf(stem, sizeof stem, "img_%05d", static_cast<int>(t + 1));
        write_image(dataset / "frames" / name / (std::string(stem) + ".jpg"),
                    random_image(width, height, seed + static_cast<std::uint64_t>(t)));
        const double side = static_cast<double>(std::min(width, height));
        write(dataset / "keypoints" / name / (std::string(stem) + "_keypoints.json"),
              openpose_json(
                  {standing_figure(0.4 * static_cast<double>(width + t), 0.2 * side, 0.8 * side)}));
    }
}

}  // namespace mdn::test
