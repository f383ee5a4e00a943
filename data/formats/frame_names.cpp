#include "data/formats/frame_names.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <utility>

#include "data/file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t most_digits = 18;  // what a number of 64 bits surely holds

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A name around a number: "img_", "00001", ".jpg".
struct Parts {
    std::string before, number, after;
};

/// The name around its last number within the stem, or with `skipped` around one before that.
std::optional<Parts> parts_of(const std::string& name, std::size_t stem_length, int skipped = 0) {
    std::size_t begin = stem_length, end = 0;
    for (; skipped >= 0; --skipped) {
        end = begin;
        while (end > 0 && !is_digit(name[end - 1])) --end;
        begin = end;
        while (begin > 0 && is_digit(name[begin - 1])) --begin;
    }
    const std::size_t count = end - begin;
    if (count == 0 || static_cast<std::int64_t>(count) > most_digits) return std::nullopt;
    return Parts{name.substr(0, begin), name.substr(begin, count), name.substr(end)};
}

/// The names that share the texts before and after their number.
struct Group {
    std::int64_t count = 0;
    std::size_t shortest = 0, longest = 0;  // numbers, in digits
    bool padded = false;                    // a number begins with 0, and is not 0 itself
    bool has_zero = false;

    void add(const std::string& number) {
        shortest = count == 0 ? number.size() : std::min(shortest, number.size());
        longest = std::max(longest, number.size());
        padded |= number.size() > 1 && number[0] == '0';
        has_zero |= number.find_first_not_of('0') == std::string::npos;
        ++count;
    }
    /// Numbers of one length are padded to it; 1, 2, ... 10 are not padded.
    std::int64_t digits() const {
        return padded || shortest == longest ? static_cast<std::int64_t>(shortest) : 1;
    }
};

using Groups = std::map<std::pair<std::string, std::string>, Group>;  // by before and after

FrameNames names_of(const Groups::value_type& group) {
    return {.before = group.first.first,
            .digits = group.second.digits(),
            .after = group.first.second,
            .first = group.second.has_zero ? 0 : 1};
}

/// The images by their last number; if that does not vary (img_00001_x480.jpg), by one before it.
/// Single images beside a series (thumb2.jpg) belong to none.
Groups groups_of(const std::vector<std::string>& images) {
    constexpr int most_numbers = 4;
    Groups by_last;
    for (int skipped = 0; skipped < most_numbers; ++skipped) {
        Groups groups;
        for (const std::string& name : images) {
            const auto parts = parts_of(name, fs::path(name).stem().string().size(), skipped);
            if (parts) groups[{parts->before, parts->after}].add(parts->number);
        }
        if (skipped == 0) by_last = groups;
        const auto is_single = [](const auto& group) { return group.second.count == 1; };
        if (static_cast<std::size_t>(std::count_if(groups.begin(), groups.end(), is_single)) <
            groups.size()) {
            std::erase_if(groups, is_single);
            return groups;
        }
    }
    return by_last;
}

/// "3 of a_{}.jpg, 2 of b_{}.jpg".
std::string text_of(const Groups& groups) {
    std::string found;
    std::size_t told = 0;
    for (const auto& group : groups) {
        if (++told > 3) break;
        found.append(told > 1 ? ", " : "")
            .append(std::to_string(group.second.count))
            .append(" of ")
            .append(names_of(group).text());
    }
    return groups.size() > 3 ? found + ", ..." : found;
}

/// The only group; throws Error if there are several.
std::optional<FrameNames> only_one(const Groups& groups, const fs::path& folder) {
    if (groups.empty()) return std::nullopt;
    if (groups.size() == 1) return names_of(*groups.begin());
    throw Error(folder.string() + " holds images under several names: " + text_of(groups),
                "choose one: --frame-template '" + names_of(*groups.begin()).text() + "'");
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace

std::string FrameNames::at(std::int64_t t) const {
    const std::string number = std::to_string(first + t);
    const auto zeros = std::max<std::int64_t>(0, digits - std::ssize(number));
    return before + std::string(static_cast<std::size_t>(zeros), '0') + number + after;
}

std::string FrameNames::stem_at(std::int64_t t) const { return fs::path(at(t)).stem().string(); }

std::string FrameNames::text() const {
    return before + (digits > 1 ? "{:0" + std::to_string(digits) + "}" : "{}") + after;
}

FrameNames parse_frame_template(const std::string& text) {
    const auto fail = [&]() -> FrameNames {
        throw Error("--frame-template '" + text + "' is no name with one number in it",
                    "MMAction2's form is img_{:05}.jpg, ffmpeg's img_%05d.jpg");
    };
    if (text.find('/') != std::string::npos) return fail();
    std::size_t begin = text.find('{'), end = std::string::npos;
    std::string format;
    if (begin != std::string::npos) {
        end = text.find('}', begin);
        if (end == std::string::npos) return fail();
        format = text.substr(begin + 1, end - begin - 1);
        if (format.starts_with(':')) format.erase(0, 1);
        if (format.ends_with('d')) format.pop_back();
    } else {
        begin = text.find('%');
        if (begin == std::string::npos) return fail();
        end = text.find('d', begin);
        if (end == std::string::npos) return fail();
        format = text.substr(begin + 1, end - begin - 1);
    }
    FrameNames names{.before = text.substr(0, begin), .digits = 1, .after = text.substr(end + 1)};
    // {:05} is padded with zeros; {:5} would be padded with blanks.
    if (!format.empty()) {
        const auto [stop, failure] =
            std::from_chars(format.data(), format.data() + format.size(), names.digits);
        const bool whole = failure == std::errc() && stop == format.data() + format.size();
        if (!whole || format[0] != '0' || names.digits < 1 || names.digits > most_digits)
            return fail();
    }
    for (const std::string* part : {&names.before, &names.after})
        if (part->find_first_of("{}%") != std::string::npos) return fail();
    // at() and number_in() would not agree on where the number ends.
    if ((!names.before.empty() && is_digit(names.before.back())) ||
        (!names.after.empty() && is_digit(names.after.front())))
        return fail();
    return names;
}

std::optional<FrameNames> find_frame_names(const fs::path& folder,
                                           const std::optional<FrameNames>& given) {
    FrameNames names = given.value_or(FrameNames());
    // Two looks instead of a walk over the folder: the usual names.
    for (const std::int64_t first : {0, 1}) {
        names.first = first;
        if (is_file(folder / names.at(0))) return names;
    }
    // Rows of a recording ask for the same folder again and again.
    thread_local std::pair<fs::path, FrameNames> last;
    if (!given && last.first == folder && is_file(folder / last.second.at(0))) return last.second;
    std::vector<std::string> images;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
        const std::string name = entry.path().filename().string();
        // Files that begin with a dot are other programs' (AppleDouble: ._00001.jpg).
        if (!is_image_name(name) || name.starts_with('.') || name.starts_with("flow_")) continue;
        if (given && number_in(name, names.before, names.digits, names.after) >= 0) return names;
        images.push_back(name);
    }
    if (given) return std::nullopt;
    const auto groups = groups_of(images);
    // A number is missing at the beginning, which whoever counts will say.
    const FrameNames usual;
    const auto known = groups.find({usual.before, usual.after});
    if (known != groups.end() && known->second.digits() == usual.digits) return usual;
    const auto found = only_one(groups, folder);
    if (found) last = {folder, *found};
    return found;
}

std::optional<FrameNames> find_frame_names_of_keypoints(const fs::path& folder) {
    constexpr std::string_view suffix = "_keypoints.json";
    constexpr std::size_t digits_of_video = 12;
    Groups groups;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(suffix)) continue;
        const std::string stem = name.substr(0, name.size() - suffix.size());
        const auto parts = parts_of(stem, stem.size());
        if (parts && parts->number.size() != digits_of_video)
            groups[{parts->before, parts->after + FrameNames().after}].add(parts->number);
    }
    if (groups.size() < 2) return only_one(groups, folder);
    Groups files;  // under the names that they have themselves, for the message
    for (const auto& [names, group] : groups) {
        std::string after = names.second;
        after.replace(after.size() - FrameNames().after.size(), std::string::npos, suffix);
        files.emplace(std::pair(names.first, after), group);
    }
    throw Error(folder.string() + " holds keypoint files under several names: " + text_of(files),
                "leave those of one kind there, and move the others away");
}

bool is_image_name(const fs::path& file) {
    const std::string extension = lower(file.extension().string());
    return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

std::int64_t number_in(std::string_view name, std::string_view before, std::int64_t digits,
                       std::string_view after) {
    if (!name.starts_with(before) || !name.ends_with(after)) return -1;
    const auto length = std::ssize(name) - std::ssize(before) - std::ssize(after);
    if (length < digits || length > most_digits) return -1;
    const char* begin = name.data() + before.size();
    std::int64_t number = 0;
    const auto [stop, failure] = std::from_chars(begin, begin + length, number);
    const bool padded_too_far = length > digits && *begin == '0';
    return failure == std::errc() && stop == begin + length && number >= 0 && !padded_too_far
               ? number
               : -1;
}

}  // namespace mdn
