// What another pose estimator's files hold, clip by clip, before it is written as this project's.
// Each reader of a format (mmpose.h, …) gives one of these.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "data/keypoints/body25.h"
#include "data/keypoints/joint_names.h"
#include "data/keypoints/skeletons.h"
#include "data/transform.h"

namespace mdn {

struct FoundFrame {
    std::int64_t number = 0;        // as the source counts
    std::string image = {};         // name of the picture; empty where the source only counts
    std::vector<Pose> people = {};  // in the source's order and units
    std::optional<FrameSize> picture = std::nullopt;  // where the source says it
};

struct FoundClip {
    std::string name;                // path below keypoints/
    std::vector<FoundFrame> frames;  // by number; no number twice
    /// Whether frames without anybody are listed, too.
    bool lists_all = false;
    /// How many frames the clip has, where the source says so without listing them.
    std::optional<std::int64_t> length;
    /// The number of the clip's first frame where the format fixes it.
    std::optional<std::int64_t> first;
    bool normalised = false;  // coordinates are known to be x/W and y/H
    std::optional<std::int64_t> label;
};

/// The size of the pictures that a clip's people were found in. Nothing where the source does not
/// say it. Throws Error naming the clip where it changes.
std::optional<FrameSize> picture_of(const FoundClip& clip);

/// Whether a source has confidences of joints; where it has none, the reader gives each joint 1.
enum class Confidences { given, none };

/// Makes people of lists of numbers, and keeps what is to be said about them.
class PersonBuilder {
  public:
    /// With the skeleton that the user named, or null: the number of joints tells.
    explicit PersonBuilder(const Skeleton* asked) : asked_(asked) {}

    /// A person from x, y, confidence, joint by joint. Joints at exactly (0, 0) are missing:
    /// several programs write that for joints they did not see, with the confidence that they have.
    /// Throws Error beginning with where() if no skeleton, or not the one asked for, has so many
    /// joints, or if the joints' names do not fit (set_joint_names).
    Pose build(std::span<const double> numbers, const std::function<std::string()>& where,
               Confidences confidences = Confidences::given);

    /// What the source calls its joints, and where it does so ("FILE: `categories`"). Some names
    /// choose between skeletons of one size. Names for all joints give their order: that of a known
    /// skeleton, or one of its own (order_called). Holds until it is set again.
    void set_joint_names(JointNames names, std::string named_at);

    const std::map<const Skeleton*, std::int64_t>& people() const { return people_; }
    /// Whether names in the source gave the skeleton, rather than the number of its joints.
    bool was_named(const Skeleton& skeleton) const { return named_.contains(&skeleton); }
    std::int64_t joints_at_zero() const { return joints_at_zero_; }
    std::int64_t people_without_confidences() const { return without_confidences_; }
    /// What was said of people until now. (Skeletons stay.)
    void forget() { people_.clear(), joints_at_zero_ = without_confidences_ = 0; }

  private:
    /// An order that no known skeleton has.
    struct OwnOrder {
        NamedOrder order;
        std::string name;
        Skeleton skeleton;
    };

    const Skeleton* skeleton_for(std::size_t joints, const std::function<std::string()>& where);
    const Skeleton* skeleton_called(std::size_t joints, const std::function<std::string()>& where);
    const Skeleton* own_skeleton(NamedOrder order);

    const Skeleton* asked_;
    JointNames names_;
    std::string named_at_;
    std::map<std::size_t, const Skeleton*> called_;  // by number of joints, while names_ hold
    std::list<OwnOrder> own_;                        // skeletons of these are pointed at
    std::set<const Skeleton*> named_;
    std::map<const Skeleton*, std::int64_t> people_;
    std::int64_t joints_at_zero_ = 0, without_confidences_ = 0;
};

/// Names of the lists that a source divides its clips into, and the clips of each.
using FoundSplits = std::map<std::string, std::vector<std::string>>;

class KeypointSource {
  public:
    virtual ~KeypointSource() = default;

    /// "MMPose's inferencer, a video in each file", for the user.
    virtual std::string format() const = 0;
    /// "frame_id, which counts from 0".
    virtual std::string numbering() const = 0;
    virtual std::size_t count() const = 0;
    /// The i-th clip. Throws Error naming file, person and field where something is wrong in it.
    virtual FoundClip read(std::size_t i) = 0;
    virtual const FoundSplits* splits() const { return nullptr; }
    /// Whether the program calls a video's frames 0.jpg, 1.jpg, …
    virtual bool counts_videos_from_zero() const { return false; }
};

/// What all readers are told.
struct SourceOptions {
    std::filesystem::path source;  // as the user gave it: a file or a folder
    std::string clip;              // name for a source that is a single clip; empty: from its files
};

}  // namespace mdn
