#include "data/keypoints/person.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace mdn {

namespace {

constexpr double jump_cost = body25_joints;
// How many frames a person may be out of sight and still be recognised by position; beyond that any
// reappearance costs a jump. Keeps the work linear in the length of the clip.
constexpr std::int64_t memory_frames = 32;
// Detections of a frame that are looked at, for the work grows with their square.
constexpr std::ptrdiff_t most_candidates = 100;

struct Point {
    double x = 0;
    double y = 0;
};

/// A detection with what the programme needs to know of it.
struct Candidate {
    const Pose* pose = nullptr;
    double support = 0;
    Point centre;         // mean of the valid joints
    double diagonal = 0;  // of the bounds of the valid joints
    double score = 0;     // of the best chain that ends here
    const Candidate* previous = nullptr;
    std::int64_t frame = 0;
};

/// A candidate without support has no valid joint.
Candidate measure(const Pose& pose, std::int64_t frame) {
    Candidate candidate;
    candidate.pose = &pose;
    candidate.frame = frame;
    double count = 0, left = 0, right = 0, top = 0, bottom = 0;
    for (const Joint& joint : pose) {
        if (!joint.valid()) continue;
        left = count == 0 ? joint.x : std::min(left, joint.x);
        right = count == 0 ? joint.x : std::max(right, joint.x);
        top = count == 0 ? joint.y : std::min(top, joint.y);
        bottom = count == 0 ? joint.y : std::max(bottom, joint.y);
        candidate.support += std::min(joint.confidence, 1.0);
        candidate.centre.x += joint.x;
        candidate.centre.y += joint.y;
        ++count;
    }
    if (count > 0) {
        candidate.centre = {candidate.centre.x / count, candidate.centre.y / count};
        candidate.diagonal = std::hypot(right - left, bottom - top);
    }
    return candidate;
}

/// Mean distance of the joints seen in both; of the centres if there is no such joint.
double distance(const Candidate& a, const Candidate& b) {
    double sum = 0, count = 0;
    for (std::size_t j = 0; j < a.pose->size(); ++j) {
        const Joint& p = (*a.pose)[j];
        const Joint& q = (*b.pose)[j];
        if (!p.valid() || !q.valid()) continue;
        sum += std::hypot(p.x - q.x, p.y - q.y);
        ++count;
    }
    if (count > 0) return sum / count;
    return std::hypot(a.centre.x - b.centre.x, a.centre.y - b.centre.y);
}

/// Half the extent of the clip's best supported detection: moving that far is a jump.
double jump_distance(const std::vector<std::vector<Candidate>>& frames) {
    const Candidate* best = nullptr;
    for (const auto& candidates : frames) {
        for (const Candidate& candidate : candidates) {
            if (!best || candidate.support > best->support) best = &candidate;
        }
    }
    return best && best->diagonal > 0 ? best->diagonal / 2 : 1.0;
}

void keep_best_supported(std::vector<Candidate>& candidates) {
    if (std::ssize(candidates) <= most_candidates) return;
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.support > b.support; });
    candidates.resize(most_candidates);
}

}  // namespace

Track choose_person(const std::vector<std::vector<Pose>>& people) {
    const std::int64_t count = static_cast<std::int64_t>(people.size());
    std::vector<std::vector<Candidate>> frames(people.size());
    for (std::int64_t t = 0; t < count; ++t) {
        for (const Pose& pose : people[t]) {
            Candidate candidate = measure(pose, t);
            if (candidate.support > 0) frames[t].push_back(candidate);
        }
        keep_best_supported(frames[t]);
    }
    const double jump = jump_distance(frames);

    const Candidate* best = nullptr;       // end of the best chain so far
    const Candidate* forgotten = nullptr;  // the same, of frames older than the memory
    for (std::int64_t t = 0; t < count; ++t) {
        const std::int64_t oldest = std::max<std::int64_t>(0, t - memory_frames);
        if (oldest > 0) {
            for (const Candidate& old : frames[oldest - 1]) {
                if (!forgotten || old.score > forgotten->score) forgotten = &old;
            }
        }
        for (Candidate& candidate : frames[t]) {
            double gain = 0;  // of starting here
            const auto follow = [&](const Candidate& earlier, double cost) {
                if (earlier.score - cost > gain) {
                    gain = earlier.score - cost;
                    candidate.previous = &earlier;
                }
            };
            if (forgotten) follow(*forgotten, jump_cost);
            for (std::int64_t s = oldest; s < t; ++s) {
                for (const Candidate& earlier : frames[s]) {
                    const double moved = distance(earlier, candidate) / jump;
                    follow(earlier, jump_cost * std::min(moved, 1.0));
                }
            }
            candidate.score = gain + candidate.support;
        }
        for (const Candidate& candidate : frames[t]) {
            if (!best || candidate.score > best->score) best = &candidate;
        }
    }

    Track chosen(people.size());
    for (const Candidate* step = best; step; step = step->previous) {
        chosen[step->frame] = *step->pose;
    }
    return chosen;
}

}  // namespace mdn
