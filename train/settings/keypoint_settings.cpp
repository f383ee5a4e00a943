#include "train/settings/keypoint_settings.h"

#include <charconv>

#include "engine/error.h"
#include "train/settings/setting_visitors.h"

namespace mdn {

void KeypointSettings::declare(CommandLine& options) {
    visit_keypoint_settings(*this, DeclareSetting{options});
}

KeypointSettings KeypointSettings::as_trained(const CommandLine& options,
                                              const std::map<std::string, std::string>& metadata,
                                              const std::string& source) const {
    KeypointSettings result;
    visit_keypoint_settings(result, ReadSetting{metadata, source});
    std::map<std::string, std::string> mine, given;
    visit_keypoint_settings(*this, WriteSetting{mine});
    for (const auto& [name, value] : mine)
        if (options.given(DeclareSetting::flag(name.c_str()))) given[name] = value;
    visit_keypoint_settings(result, ReadSetting{given, source});
    return result;
}

void KeypointSettings::refuse_given(const CommandLine& options, const std::string& why,
                                    const std::string& hint) const {
    std::map<std::string, std::string> settings;
    visit_keypoint_settings(*this, WriteSetting{settings});
    for (const auto& [name, value] : settings) {
        const std::string flag = DeclareSetting::flag(name.c_str());
        if (options.given(flag)) throw Error(flag + " has no effect: " + why, hint);
    }
}

void KeypointSettings::refuse_unread(const CommandLine& options, ClipNeeds needs) const {
    if (!needs.keypoints)
        refuse_given(options, "this model reads no keypoints",
                     "leave it out, or take a model with \"regions\": \"keypoints\"");
}

KeypointOptions KeypointSettings::options() const {
    KeypointOptions result{.layout = layout, .scale = scale, .fill = fill, .smooth = smooth};
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
