#include "data/keypoints/joint_names.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "engine/error.h"

namespace mdn {

namespace {

constexpr std::array<const char*, body25_joints> own_names = {
    "nose",           "neck",        "right shoulder", "right elbow",     "right wrist",
    "left shoulder",  "left elbow",  "left wrist",     "mid-hip",         "right hip",
    "right knee",     "right ankle", "left hip",       "left knee",       "left ankle",
    "right eye",      "left eye",    "right ear",      "left ear",        "left big toe",
    "left small toe", "left heel",   "right big toe",  "right small toe", "right heel"};

/// A part that the body has once.
struct Single {
    std::string_view name;
    Body25 joint;
    bool stands_in = false;  // only where no other name of the same joint is there
};
constexpr Single singles[] = {{"nose", nose},
                              {"neck", neck},
                              {"thorax", neck, true},
                              {"midhip", mid_hip},
                              {"pelvis", mid_hip, true},
                              {"root", mid_hip, true},
                              {"hip", mid_hip, true},
                              {"hips", mid_hip, true},
                              {"hipcenter", mid_hip, true}};

/// A part that it has on both sides.
struct Sided {
    std::string_view name;
    Body25 left, right;
    bool stands_in = false;
};
constexpr Sided pairs[] = {{"eye", left_eye, right_eye},
                           {"ear", left_ear, right_ear},
                           {"shoulder", left_shoulder, right_shoulder},
                           {"sho", left_shoulder, right_shoulder},
                           {"elbow", left_elbow, right_elbow},
                           {"elb", left_elbow, right_elbow},
                           {"wrist", left_wrist, right_wrist},
                           {"wri", left_wrist, right_wrist},
                           {"wr", left_wrist, right_wrist},
                           {"hip", left_hip, right_hip},
                           {"knee", left_knee, right_knee},
                           {"ankle", left_ankle, right_ankle},
                           {"ank", left_ankle, right_ankle},
                           {"foot", left_ankle, right_ankle, true},
                           {"bigtoe", left_big_toe, right_big_toe},
                           {"smalltoe", left_small_toe, right_small_toe},
                           {"heel", left_heel, right_heel}};

/// Parts that BODY_25 has no joint for, alone or on a side.
constexpr std::string_view others[] = {
    "other",    "background", "bkg",    "head",   "headtop",  "tophead",    "headcenter",
    "skull",    "forehead",   "chin",   "jaw",    "mouth",    "upperneck",  "neckbase",
    "spine",    "spine1",     "spine2", "spine3", "chest",    "upperchest", "torso",
    "abdomen",  "belly",      "waist",  "back",   "eyeinner", "eyeouter",   "eyebrow",
    "clavicle", "collar",     "hand",   "palm",   "pinky",    "index",      "thumb",
    "finger",   "footindex",  "toe",    "toes",   "handroot"};

struct Meaning {
    Body25 joint;
    bool stands_in;
};

/// Without what separates words.
std::string joined_lower(std::string_view name) {
    std::string text;
    for (const char c : name)
        if (std::string_view("_- .").find(c) == std::string_view::npos)
            text.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    return text;
}

std::optional<Meaning> other_called(std::string_view part) {
    if (std::find(std::begin(others), std::end(others), part) == std::end(others))
        return std::nullopt;
    return Meaning{body25_joints, true};
}

std::optional<Meaning> part_called(std::string_view part, bool left) {
    for (const Sided& pair : pairs)
        if (pair.name == part) return Meaning{left ? pair.left : pair.right, pair.stands_in};
    return other_called(part);
}

std::optional<Meaning> meaning_of(std::string_view name) {
    const std::string whole = joined_lower(name);
    for (const Single& single : singles)
        if (single.name == whole) return Meaning{single.joint, single.stands_in};
    if (const auto other = other_called(whole)) return other;
    struct Side {
        std::string_view word;
        bool left;
    };
    constexpr Side sides[] = {{"left", true}, {"right", false}, {"l", true}, {"r", false}};
    for (const auto& [word, left] : sides) {
        std::string_view part = whole;
        if (part.starts_with(word))
            if (const auto meaning = part_called(part.substr(word.size()), left)) return meaning;
        if (part.ends_with(word))
            if (const auto meaning = part_called(part.substr(0, part.size() - word.size()), left))
                return meaning;
    }
    return std::nullopt;
}

}  // namespace

const char* name_of(Body25 joint) { return own_names.at(static_cast<std::size_t>(joint)); }

std::string names_of(const std::vector<Body25>& joints) {
    std::string text;
    for (std::size_t i = 0; i < joints.size(); ++i)
        text.append(i == 0                   ? "the "
                    : i + 1 == joints.size() ? " and the "
                                             : ", the ")
            .append(name_of(joints[i]));
    return text;
}

std::optional<Body25> joint_called(std::string_view name) {
    const auto meaning = meaning_of(name);
    return meaning ? std::optional(meaning->joint) : std::nullopt;
}

NamedOrder order_called(const JointNames& names, const std::string& where) {
    NamedOrder order;
    std::map<Body25, std::size_t> place_of;
    order.joints.assign(names.empty() ? 0 : names.rbegin()->first + 1, body25_joints);
    for (const bool standing_in : {false, true}) {
        for (const auto& [place, name] : names) {
            const auto meaning = meaning_of(name);
            const std::string called =
                "joint " + std::to_string(place) + " '" + name.substr(0, 60) + "'";
            if (!meaning)
                throw Error(where + ": " + called + " is no joint that is known by that name",
                            "rename it in the file: BODY_25's joints are called nose, neck, "
                            "left_shoulder, mid_hip, left_big_toe and so on, and what is none of "
                            "them other; --layout NAME reads joints in that order whatever they "
                            "are called");
            if (meaning->stands_in != standing_in || meaning->joint == body25_joints) continue;
            const auto [earlier, is_new] = place_of.emplace(meaning->joint, place);
            if (is_new)
                order.joints[place] = meaning->joint;
            else if (!standing_in)
                throw Error(where + ": joints " + std::to_string(earlier->second) + " '" +
                                names.at(earlier->second).substr(0, 60) + "' and " +
                                std::to_string(place) + " '" + name.substr(0, 60) +
                                "' would both be the " + name_of(meaning->joint),
                            "rename one of them in the file; --layout NAME reads joints in that "
                            "order whatever they are called");
        }
    }
    for (const auto& [place, name] : names)
        if (order.joints[place] == body25_joints) order.dropped.push_back(name.substr(0, 60));
    return order;
}

}  // namespace mdn
