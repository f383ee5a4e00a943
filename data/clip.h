// From the files of one clip to the network's input: frames and entity boxes, or entity joints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/augmentation.h"
#include "data/cache.h"
#include "data/dataset.h"
#include "data/entity_boxes.h"
#include "data/images/image.h"
#include "data/keypoints/body25.h"
#include "data/keypoints/keypoints.h"
#include "data/keypoints/track.h"
#include "data/sampling.h"
#include "engine/random.h"
#include "engine/tensor.h"

namespace mdn {

/// What a clip is turned into (SPEC §8, `modality`): its frames and the boxes of entities in them,
/// or the joints of entities alone, for which no frame is read.
enum class ClipInput { frames, joints };

/// Where boxes come from (SPEC §8). Only `keypoints` reads keypoint files.
enum class BoxSource { keypoints, fixed, whole_frame };

/// What a clip is turned into; the program fills it in from its config.
struct ClipOptions {
    std::int64_t frames = 8;  // T
    std::int64_t size = 224;  // S
    std::vector<Entity> entities;
    ClipInput input = ClipInput::frames;
    BoxSource boxes = BoxSource::keypoints;
    KeypointOptions keypoints = {};
    DatasetOptions dataset = {};  // for whoever looks up the clips' files
    /// `train` samples at random, crops and mirrors (joints: mirrors) at random; `test` samples
    /// evenly and crops the centre.
    Sampling sampling = Sampling::test;
    /// Of `test`: temporal samplings (sample_test) and crops (evaluation_transforms, 1 or 3) of a
    /// clip. Every sampling with every crop is a view, averaged by the caller.
    std::int64_t samplings = 1;
    std::int64_t crops = 1;
    /// Smallest side of training's crops, as a part of the short side: see training_transform().
    double min_crop_scale = 0.66;
    /// Decoded frames and chosen persons are kept in memory up to this many bytes: those read
    /// `first` where epochs go through the same clips, the most `recent` where clips overlap.
    std::int64_t cache_bytes = 0;
    Keep cache_keep = Keep::first;

    /// Clips of T frames that one clip becomes, the crops of a sampling next to each other.
    std::int64_t views() const { return sampling == Sampling::test ? samplings * crops : 1; }
};

/// The network's input for rows of clips, f32; a clip of V views has V rows.
struct ClipTensors {
    Tensor frames = {};  // [rows,T,S,S,3], normalised
    Tensor boxes = {};   // [rows,T,K,4], pixels of S×S
    Tensor joints = {};  // [rows,T,K,J,3], see entity_joints()

    /// Uninitialised, with what `options` ask for.
    static ClipTensors empty(const ClipOptions& options, std::int64_t rows);
};

/// Where the rows of one clip are written: plain memory, as threads other than the tensors' owner
/// may see it.
struct ClipPlace {
    float* frames = nullptr;
    float* boxes = nullptr;
    float* joints = nullptr;

    /// From row `row` of `tensors` on; null for what they lack.
    static ClipPlace at(const ClipTensors& tensors, std::int64_t row);
};

/// Reads clips as `options` say; safe to use from several threads at once.
class ClipReader {
  public:
    /// Throws Error for a number of samplings or crops that there is not.
    explicit ClipReader(ClipOptions options);

    const ClipOptions& options() const { return options_; }

    /// Writes the V = options().views() rows of a clip. Random choices come from `random` alone,
    /// and only for Sampling::train.
    /// Returns false if keypoints are read and no entity was visible in any frame, so that every
    /// box is the whole frame and every joint is missing. Throws Error naming the file for anything
    /// unreadable, and for frames of one clip that differ in size.
    bool read(const ClipFiles& clip, Random& random, const ClipPlace& place);

  private:
    /// Frame t of sampling j is element j·T + t.
    std::vector<std::int64_t> sample(std::int64_t count, Random& random) const;
    /// Returns where in the frames the crops of a sampling were taken from.
    std::vector<Transform> read_frames(const ClipFiles& clip,
                                       const std::vector<std::int64_t>& sampled, Random& random,
                                       float* frames);
    bool read_boxes(const ClipFiles& clip, const std::vector<std::int64_t>& sampled,
                    const std::vector<Transform>& crops, float* boxes);
    bool read_joints(const ClipFiles& clip, const std::vector<std::int64_t>& sampled,
                     Random& random, float* joints);
    std::shared_ptr<const Image> image(const std::filesystem::path& path);
    std::shared_ptr<const Track> track(const ClipFiles& clip);

    ClipOptions options_;
    Cache cache_;
};

/// One clip as evaluation sees it, with its V rows.
struct Clip {
    ClipTensors tensors;
    bool person_visible = false;
};

/// Reads one clip; for what looks at a single clip instead of going through a Loader.
Clip read_clip(const ClipFiles& clip, const ClipOptions& options);

/// Where evaluation looks in a clip, for pictures of what it sees.
struct ClipView {
    std::vector<std::int64_t> frames;         // [T]: which of the clip, from 0
    std::vector<std::optional<Pose>> joints;  // [T], in pixels of S×S; none where nobody was seen
};

/// That of the first row which read_clip gives. Without BoxSource::keypoints there are no joints.
/// Joints that stand alone (ClipInput::joints) are placed so that their origin, the neck, lies in
/// the middle of S×S, a quarter from the top, and S is six units of length. Throws as
/// ClipReader::read does.
ClipView first_view(const ClipFiles& clip, const ClipOptions& options);

}  // namespace mdn
