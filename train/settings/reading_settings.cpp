#include "train/settings/reading_settings.h"

#include <charconv>

#include "engine/error.h"
#include "train/settings/setting_visitors.h"

namespace mdn {

namespace {

void refuse(const std::map<std::string, std::string>& settings, const CommandLine& options,
            const std::string& why, const std::string& hint) {
    for (const auto& [name, value] : settings) {
        const std::string flag = DeclareSetting::flag(name.c_str());
        if (options.given(flag)) throw Error(flag + " has no effect: " + why, hint);
    }
}

}  // namespace

void ReadingSettings::declare(CommandLine& options) {
    visit_reading_settings(*this, DeclareSetting{options});
}

ReadingSettings ReadingSettings::as_trained(const CommandLine& options,
                                            const std::map<std::string, std::string>& metadata,
                                            const std::string& source) const {
    ReadingSettings result;
    visit_reading_settings(result, ReadSetting{metadata, source});
    std::map<std::string, std::string> mine;
    for (const auto& [flag, value] : given(options)) mine[flag.substr(2)] = value;
    visit_reading_settings(result, ReadSetting{mine, source});
    return result;
}

std::vector<std::pair<std::string, std::string>> ReadingSettings::given(
    const CommandLine& options) const {
    std::map<std::string, std::string> settings;
    visit_reading_settings(*this, WriteSetting{settings});
    std::vector<std::pair<std::string, std::string>> result;
    for (const auto& [name, value] : settings) {
        const std::string flag = DeclareSetting::flag(name.c_str());
        if (options.given(flag)) result.emplace_back(flag, value);
    }
    return result;
}

void ReadingSettings::refuse_given(const CommandLine& options, const std::string& why,
                                   const std::string& hint) const {
    std::map<std::string, std::string> settings;
    visit_reading_settings(*this, WriteSetting{settings});
    refuse(settings, options, why, hint);
}

void ReadingSettings::refuse_unread(const CommandLine& options, ClipNeeds needs) const {
    if (needs.keypoints) return;
    std::map<std::string, std::string> settings;
    visit_keypoint_settings(*this, WriteSetting{settings});
    refuse(settings, options, "this model reads no keypoints",
           "leave it out, or take a model with \"regions\": \"keypoints\"");
}

DatasetOptions ReadingSettings::dataset_options() const {
    DatasetOptions result;
    if (frame_template != "auto") result.frame_names = parse_frame_template(frame_template);
    if (first_frame != FirstFrame::automatic) result.first_frame = first_frame == FirstFrame::one;
    return result;
}

KeypointOptions ReadingSettings::keypoint_options() const {
    KeypointOptions result{
        .layout = layout, .scale = scale, .threshold = threshold, .fill = fill, .smooth = smooth};
    if (size == "frames") return result;
    FrameSize picture;
    const char* end = size.data() + size.size();
    const auto width = std::from_chars(size.data(), end, picture.width);
    const bool has_x = width.ec == std::errc() && width.ptr != end && *width.ptr == 'x';
    const auto height = std::from_chars(has_x ? width.ptr + 1 : end, end, picture.height);
    constexpr int64_t largest = 1'000'000;
    if (!has_x || height.ec != std::errc() || height.ptr != end || picture.width < 1 ||
        picture.height < 1 || picture.width > largest || picture.height > largest)
        throw Error("--keypoint-size must be WIDTHxHEIGHT, as in 1080x1296, not '" + size + "'");
    result.picture = picture;
    return result;
}

}  // namespace mdn
