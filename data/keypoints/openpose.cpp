#include "data/keypoints/openpose.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "data/file.h"
#include "engine/error.h"

namespace mdn {

namespace {

using nlohmann::json;

/// The length of `nan`, `NaN` or `-nan` at text[i] where a value may begin there and ends with it;
/// else 0.
std::size_t nan_length(std::string_view text, std::size_t i) {
    const std::size_t sign = text[i] == '-' ? 1 : 0;
    if (i + sign + 3 > text.size()) return 0;
    for (std::size_t k = 0; k < 3; ++k) {
        if (std::tolower(static_cast<unsigned char>(text[i + sign + k])) != "nan"[k]) return 0;
    }
    const std::size_t end = i + sign + 3;
    const bool begins = i > 0 && std::string_view("[:, \t\r\n").find(text[i - 1]) != text.npos;
    const bool ends =
        end == text.size() || std::string_view("]}, \t\r\n").find(text[end]) != text.npos;
    return begins && ends ? end - i : 0;
}

/// Puts an empty string in the place of every `nan` outside strings: a token that JSON has, no
/// longer than the other, so that positions in messages stay those of the file. Refuses a name,
/// number or blank of more than 64 KiB, which no keypoint file has: the parser would keep several
/// copies of it.
void prepare(std::string& text, const std::filesystem::path& path) {
    constexpr std::size_t longest = std::size_t{64} << 10;
    constexpr std::string_view marks = ",:[]{}";
    bool in_string = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"' || (!in_string && marks.find(c) != marks.npos)) begin = i;
        if (i - begin > longest) {
            throw Error(path.string() + " is not an OpenPose keypoint file: byte " +
                        std::to_string(begin) + " begins a name, number or blank of more than " +
                        std::to_string(longest) + " bytes");
        }
        if (c == '"') {
            in_string = !in_string;
        } else if (in_string) {
            if (c == '\\') ++i;
        } else if (c == 'n' || c == 'N' || c == '-') {
            const std::size_t length = nan_length(text, i);
            if (length == 0) continue;
            std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(i), length, ' ');
            text[i] = text[i + 1] = '"';
            i += length - 1;
        }
    }
}

constexpr std::size_t most_fields_told = 8;
constexpr const char* converts_others =
    "microdualnet keypoints SOURCE --out DIR converts what other pose estimators write";

/// Follows the parser through the file and keeps the people's numbers, nothing else.
class Reader {
  public:
    Reader(const std::filesystem::path& path, KeypointLayout layout)
        : path_(path), layout_(layout) {}

    std::vector<Pose> people() const {
        if (!found_people_) fail_without_people();
        return poses_;
    }

    // ---- What the parser calls; each returns whether to go on.
    bool null() { return missing("null"); }
    bool string(std::string& text) {
        // prepare() leaves an empty string where nan was.
        return text.empty() ? missing("\"\"")
                            : other(std::string(1, '"').append(text, 0, 40).append(1, '"'));
    }
    bool boolean(bool value) { return other(value ? "true" : "false"); }
    bool binary(json::binary_t&) { return other("binary data"); }
    bool number_integer(std::int64_t value) { return number(static_cast<double>(value)); }
    bool number_unsigned(std::uint64_t value) { return number(static_cast<double>(value)); }
    bool number_float(double value, const std::string&) { return number(value); }

    bool start_object(std::size_t) {
        if (ignored_ > 0 || (place_ == Place::person && !wanted_) ||
            (place_ == Place::root && !wanted_)) {
            ++ignored_;
        } else if (place_ == Place::outside) {
            place_ = Place::root;
        } else if (place_ == Place::people) {
            place_ = Place::person;
            wanted_ = false;
            count_ = 0;
            key_.clear();
            fields_.clear();
            field_.clear();
            filled_.clear();
        } else {
            other("{...}");
        }
        return true;
    }

    bool key(std::string& name) {
        if (ignored_ > 0) return true;
        if (place_ == Place::root) wanted_ = name == "people";
        if (place_ == Place::person) {
            wanted_ =
                name == "pose_keypoints_2d" || name == "pose_keypoints" || name == "body_parts";
            if (wanted_) key_ = name;
            if (fields_.size() < most_fields_told) fields_.push_back(name.substr(0, 40));
            field_ = name.find("keypoints") == name.npos ? std::string() : name.substr(0, 40);
        }
        return true;
    }

    bool end_object() {
        if (ignored_ > 0) {
            --ignored_;
        } else if (place_ == Place::person) {
            count_ > 0 ? keep_person() : check_is_nobody();
            ++person_;
            place_ = Place::people;
        }
        return true;
    }

    bool start_array(std::size_t) {
        if (ignored_ > 0 || (inside_object() && !wanted_)) {
            ++ignored_;
        } else if (place_ == Place::root) {
            found_people_ = true;
            place_ = Place::people;
        } else if (place_ == Place::person) {
            place_ = Place::numbers;
        } else {
            other("[...]");
        }
        return true;
    }

    bool end_array() {
        if (ignored_ > 0) {
            --ignored_;
        } else {
            place_ = place_ == Place::numbers ? Place::person : Place::root;
        }
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const json::exception& failure) {
        // what() is "[json.exception.parse_error.101] parse error at line 1, column 9: …".
        const std::string what = failure.what();
        const std::size_t prefix = what.find("] ");
        throw Error(path_.string() + " is not valid JSON: " +
                    (prefix == std::string::npos ? what : what.substr(prefix + 2)).substr(0, 300));
    }

  private:
    /// What the value being read lies in.
    enum class Place { outside, root, people, person, numbers };

    bool inside_object() const { return place_ == Place::root || place_ == Place::person; }

    [[noreturn]] void fail_without_people() const {
        throw Error(path_.string() + " has no `people` list: not an OpenPose keypoint file",
                    converts_others);
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(path_.string() + ": person " + std::to_string(person_) + what);
    }

    bool number(double value) {
        if (place_ == Place::person && ignored_ > 0 && filled_.empty()) filled_ = field_;
        if (place_ != Place::numbers || ignored_ > 0) return other("a number");
        if (count_ < numbers_.size()) numbers_[count_] = value;
        ++count_;
        return true;
    }

    bool missing(const char* token) {
        if (place_ != Place::numbers || ignored_ > 0) return other(token);
        return number(std::numeric_limits<double>::quiet_NaN());
    }

    /// Any value that is not a number of a person: an error unless it is nothing we look at.
    bool other(const std::string& value) {
        if (ignored_ > 0 || (inside_object() && !wanted_)) return true;
        if (place_ == Place::outside || place_ == Place::root) fail_without_people();
        if (place_ == Place::people) fail(" is not an object");
        if (place_ == Place::person) fail(": `" + key_ + "` is not a list");
        fail(": `" + key_ + "` holds " + value + " where a number belongs");
    }

    /// A person without joints: nobody, as OpenPose writes it, or somebody whose joints stand
    /// elsewhere, whom to leave out in silence would be to train on boxes of nobody.
    void check_is_nobody() const {
        std::string names;
        for (const std::string& field : fields_)
            if (field != "person_id") names.append(names.empty() ? "`" : ", `").append(field + "`");
        if (key_.empty() && !names.empty())
            throw Error(path_.string() + ": person " + std::to_string(person_) +
                            " has no `pose_keypoints_2d`, but " + names,
                        converts_others);
        if (!key_.empty() && !filled_.empty())
            throw Error(path_.string() + ": person " + std::to_string(person_) + ": `" + key_ +
                            "` is empty, but `" + filled_ + "` is not",
                        "boxes are made from the joints of the body in the image: run the "
                        "estimator with its 2D body on");
    }

    void keep_person() {
        const auto pose =
            body25_pose({numbers_.data(), std::min(count_, numbers_.size())}, layout_);
        if (!pose || count_ > numbers_.size()) {
            throw Error(path_.string() + ": person " + std::to_string(person_) + ": `" + key_ +
                            "` has " + std::to_string(count_) + " numbers, not " + known_layouts(),
                        "OpenPose writes 75 with --model_pose BODY_25; docs/data.md says how to "
                        "write other skeletons");
        }
        poses_.push_back(*pose);
    }

    const std::filesystem::path& path_;
    KeypointLayout layout_;
    Place place_ = Place::outside;
    std::size_t ignored_ = 0;  // depth inside a value that is not looked at
    bool wanted_ = false;      // whether the last key of the object is one we read
    bool found_people_ = false;
    std::size_t person_ = 0;
    std::string key_;                  // under which the person's joints stand
    std::vector<std::string> fields_;  // of the person
    std::string field_;                // the last of them, if it may hold joints
    std::string filled_;               // the first other one that holds numbers
    std::array<double, most_keypoint_numbers> numbers_{};
    std::size_t count_ = 0;  // of the person's numbers, those that did not fit included
    std::vector<Pose> poses_;
};

}  // namespace

std::vector<Pose> read_openpose(const std::filesystem::path& path, KeypointLayout layout) {
    std::string text = read_file(path);
    prepare(text, path);
    Reader reader(path, layout);
    json::sax_parse(text, &reader);
    return reader.people();
}

}  // namespace mdn
