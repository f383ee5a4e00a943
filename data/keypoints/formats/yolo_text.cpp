#include "data/keypoints/formats/yolo_text.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "data/file.h"
#include "engine/error.h"

namespace mdn {

namespace {

constexpr std::size_t before_joints = 5;  // class, box
constexpr std::size_t own_joints = 17;
constexpr std::size_t most_behind = 2;  // confidence, track
constexpr std::size_t most_numbers = before_joints + most_keypoint_numbers + most_behind;

/// The numbers of a line; nothing if it holds anything else, or more than any line has.
std::optional<std::vector<double>> numbers_of(std::string_view line) {
    std::vector<double> numbers;
    const char *next = line.data(), *const end = line.data() + line.size();
    while (true) {
        while (next < end && (*next == ' ' || *next == '\t' || *next == '\r')) ++next;
        if (next == end) return numbers;
        double value = 0;
        const auto [stop, failure] = std::from_chars(next, end, value);
        const bool ends = stop == end || *stop == ' ' || *stop == '\t' || *stop == '\r';
        if (failure != std::errc() || !ends || numbers.size() == most_numbers) return std::nullopt;
        numbers.push_back(std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN());
        next = stop;
    }
}

/// How a line of so many numbers is laid out.
struct Line {
    std::size_t each = 0, joints = 0;  // each: 3 or 2 numbers per joint; 0: no known skeleton fits
};

/// YOLO's own 17 joints before any other skeleton, three numbers per joint before two, and nothing
/// behind them before something: 56 numbers are 17 joints with confidences, and not 25 without and
/// a person's confidence.
Line layout_of(std::size_t numbers) {
    for (const bool own : {true, false}) {
        for (const std::size_t each : {3, 2}) {
            for (std::size_t behind = 0; behind <= most_behind; ++behind) {
                if (numbers <= before_joints + behind) continue;
                const std::size_t left = numbers - before_joints - behind, joints = left / each;
                if (left % each != 0 || (own && joints != own_joints)) continue;
                if (skeleton_of_size(joints)) return {each, joints};
            }
        }
    }
    return {};
}

/// Calls visit(line, number from 1) for each that is not blank, until it returns false.
template <class Visit>
void each_line(std::string_view text, Visit visit) {
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = text.substr(begin, end - begin);
        begin = end + 1;
        ++number;
        if (line.find_first_not_of(" \t\r") != line.npos && !visit(line, number)) return;
    }
}

}  // namespace

bool is_yolo_text(std::string_view text) {
    bool fits = true;
    each_line(text, [&](std::string_view line, std::size_t) {
        const auto numbers = numbers_of(line);
        fits = numbers && layout_of(numbers->size()).each != 0;
        return false;
    });
    return fits;
}

std::vector<Pose> read_yolo_text(std::string_view text, const std::filesystem::path& file,
                                 PersonBuilder& builder) {
    std::vector<Pose> people;
    each_line(text, [&](std::string_view line, std::size_t number) {
        const auto where = [&] { return line_at(file, number); };
        const auto numbers = numbers_of(line);
        if (!numbers)
            throw Error(where() + ": '" + std::string(line.substr(0, 60)) +
                        "' is no line of numbers of a YOLO-pose label");
        const Line layout = layout_of(numbers->size());
        if (layout.each == 0)
            throw Error(where() + ": " + std::to_string(numbers->size()) +
                            " numbers are no class, box and joints of a known skeleton",
                        numbers->size() <= 7
                            ? "this is a box: predict with a pose model"
                            : "17 joints take 56 numbers, or 39 without confidences");
        std::vector<double> triples;
        for (std::size_t i = 0; i < layout.joints; ++i) {
            const double* joint = &(*numbers)[before_joints + layout.each * i];
            double confidence = 1;
            // A training label has 2 where a joint is visible: no confidence is as large.
            if (layout.each == 3) confidence = joint[2] == 2 ? 1 : joint[2];
            triples.insert(triples.end(), {joint[0], joint[1], confidence});
        }
        people.push_back(builder.build(triples, where,
                                       layout.each == 3 ? Confidences::given : Confidences::none));
        return true;
    });
    return people;
}

}  // namespace mdn
