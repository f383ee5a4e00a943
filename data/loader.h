// Batches of clips, decoded ahead by worker threads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "data/clip.h"
#include "data/dataset.h"
#include "data/decoding_threads.h"
#include "data/epoch_order.h"
#include "engine/tensor.h"

namespace mdn {

/// B clips; with V views a clip (ClipOptions::views) rows b·V … b·V+V-1 belong to clip b.
struct Batch {
    ClipTensors tensors;               // B·V rows
    Tensor labels;                     // [B] i64
    std::vector<std::int64_t> clips;   // [B], positions in the list given to the Loader
    std::vector<char> person_visible;  // [B]: ClipReader::read's answer
    std::int64_t without_person = 0;   // clips in which no entity was visible, for want of joints
    /// How many clips the whole batch has, of which these may be this rank's part.
    std::int64_t clips_in_all = 0;
};

/// Which part of each batch a loader reads, where several processes ("ranks") share its clips: as
/// even parts as can be, in order, the first ones larger. Part `rank` of the last batch may be
/// empty.
struct LoaderPart {
    std::int64_t rank = 0, ranks = 1;
};

struct LoaderOptions {
    std::int64_t batch_size = 1;
    std::int64_t workers = 1;
    /// Batches decoded or being decoded at any time: with the cache, all memory the loader takes.
    std::int64_t ahead = 2;
    Order order = Order::listed;
    /// Leaves out a last batch that would hold one clip only, if it is not the only batch: batch
    /// statistics and contrasts between clips need more than one. Larger last batches are kept.
    bool drop_last_single = false;
    std::uint64_t seed = 0;
    LoaderPart part = {};
};

/// Goes through a list of clips epoch by epoch. The order is decided by (seed, epoch) and the
/// random choices of each clip by (seed, epoch, position in the list) or, where an epoch may hold a
/// clip more than once, by (seed, epoch, place in the epoch); workers only ever change how soon a
/// batch is there. So the parts of several ranks together are the batches of one. To be used from
/// one thread.
class Loader {
  public:
    /// Throws Error on an empty list, or on options below 1.
    Loader(std::vector<ListedClip> clips, ClipOptions clip_options, LoaderOptions options);
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    /// Batches of one epoch.
    std::int64_t batches() const;
    const std::vector<ListedClip>& clips() const { return clips_; }
    /// How each of them is read.
    const ClipOptions& options() const { return reader_.options(); }

    /// Begins an epoch at one of its batches (resuming begins in the middle), abandoning what was
    /// under way. Throws Error if `first_batch` is outside 0..batches(), and where the system does
    /// not give as many threads as there are workers.
    void start(std::int64_t epoch, std::int64_t first_batch = 0);

    /// The next batch, waiting for it if need be; nothing at the end of the epoch, or before the
    /// first start(). Rethrows what went wrong while reading one of the batch's clips (the first
    /// in the batch); the epoch is over then.
    std::optional<Batch> next();

  private:
    struct Slot {
        Batch batch;
        std::int64_t clips_left = 0;
        std::vector<char> visible;                // [B]
        std::vector<std::exception_ptr> failure;  // [B]
    };

    void prepare(std::int64_t batch);
    void work();
    void stop();
    std::int64_t clips_in(std::int64_t batch) const;
    std::int64_t own_clips_in(std::int64_t batch) const;
    std::int64_t first_of(std::int64_t batch) const;
    void skip_empty_batches();
    Slot& slot_of(std::int64_t batch) { return slots_[batch % options_.ahead]; }

    std::vector<ListedClip> clips_;
    LoaderOptions options_;
    ClipReader reader_;
    DecodingThreads workers_;

    std::int64_t epoch_ = 0;
    std::vector<std::int64_t> order_;  // positions in clips_

    std::mutex mutex_;  // guards what follows
    std::condition_variable work_to_do_;
    std::condition_variable clip_done_;
    std::vector<Slot> slots_;      // batch b lives in slot b % ahead
    std::int64_t prepared_ = 0;    // batches before this one have a slot, or had one
    std::int64_t delivered_ = 0;   // batches before this one went to the caller
    std::int64_t next_batch_ = 0;  // the clip that the next free worker takes
    std::int64_t next_row_ = 0;
    bool stopping_ = false;
};

}  // namespace mdn
