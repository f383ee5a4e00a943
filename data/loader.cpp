#include "data/loader.h"

#include <algorithm>
#include <utility>

#include "engine/error.h"
#include "engine/random.h"
#include "engine/slices.h"

namespace mdn {

namespace {

/// The random numbers of one clip in one epoch; `shuffling` is the stream that orders the epoch.
constexpr std::int64_t shuffling = 0xFFFFFFFF;

Random random_for(std::uint64_t seed, std::int64_t epoch, std::int64_t purpose) {
    return Random(seed, static_cast<std::uint64_t>((epoch << 32) | purpose));
}

}  // namespace

Loader::Loader(std::vector<ListedClip> clips, ClipOptions clip_options, LoaderOptions options)
    : clips_(std::move(clips)), options_(options), reader_(std::move(clip_options)) {
    if (clips_.empty()) throw Error("there is no clip to load");
    if (options_.batch_size < 1) throw Error("batch size must be at least 1");
    if (options_.workers < 1) throw Error("the number of loader workers must be at least 1");
    if (options_.ahead < 1) throw Error("the number of batches to load ahead must be at least 1");
}

Loader::~Loader() { stop(); }

std::int64_t Loader::batches() const {
    const std::int64_t clips = static_cast<std::int64_t>(clips_.size());
    const std::int64_t full = clips / options_.batch_size, rest = clips % options_.batch_size;
    const bool dropped = options_.drop_last_single && rest == 1 && full > 0;
    return full + (rest > 0 && !dropped ? 1 : 0);
}

std::int64_t Loader::clips_in(std::int64_t batch) const {
    const std::int64_t clips = static_cast<std::int64_t>(clips_.size());
    return std::min(options_.batch_size, clips - batch * options_.batch_size);
}

/// Clips of the batch that this loader reads.
std::int64_t Loader::own_clips_in(std::int64_t batch) const {
    const std::int64_t clips = clips_in(batch), ranks = options_.part.ranks;
    return clips / ranks + (options_.part.rank < clips % ranks ? 1 : 0);
}

/// The place in the epoch of the first of them.
std::int64_t Loader::first_of(std::int64_t batch) const {
    const std::int64_t clips = clips_in(batch), ranks = options_.part.ranks;
    const std::int64_t rank = options_.part.rank;
    return batch * options_.batch_size + rank * (clips / ranks) + std::min(rank, clips % ranks);
}

/// Workers take clips from batches that have some.
void Loader::skip_empty_batches() {
    while (next_batch_ < batches() && own_clips_in(next_batch_) == 0) ++next_batch_;
}

void Loader::start(std::int64_t epoch, std::int64_t first_batch) {
    if (first_batch < 0 || first_batch > batches()) {
        throw Error("batch " + std::to_string(first_batch) + " is outside the epoch's " +
                    std::to_string(batches()));
    }
    stop();
    epoch_ = epoch;
    std::vector<std::int64_t> labels;
    for (const ListedClip& clip : clips_) labels.push_back(clip.label);
    Random shuffle = random_for(options_.seed, epoch, shuffling);
    order_ = epoch_order(labels, options_.order, shuffle);
    stopping_ = false;
    slots_.clear();
    slots_.resize(static_cast<std::size_t>(options_.ahead));
    prepared_ = delivered_ = next_batch_ = first_batch;
    next_row_ = 0;
    skip_empty_batches();
    while (prepared_ < std::min(first_batch + options_.ahead, batches())) prepare(prepared_);
    try {
        workers_.start(options_.workers, options_.workers, [this] { work(); });
    } catch (...) {
        stop();
        throw;
    }
}

/// Gives a batch its slot and memory. Called by the consumer only, so that tensors are made and
/// released on one thread; workers see plain memory.
void Loader::prepare(std::int64_t batch) {
    const ClipOptions& options = reader_.options();
    const std::int64_t B = own_clips_in(batch), first = first_of(batch);
    Slot& slot = slot_of(batch);
    slot.batch = {.tensors = ClipTensors::empty(options, B * options.views()),
                  .labels = Tensor::empty({B}, DType::i64),
                  .clips = {},
                  .person_visible = {},
                  .without_person = 0,
                  .clips_in_all = clips_in(batch)};
    slot.clips_left = B;
    slot.visible.assign(static_cast<std::size_t>(B), 0);
    slot.failure.assign(static_cast<std::size_t>(B), nullptr);
    for (std::int64_t row = 0; row < B; ++row) {
        const std::int64_t clip = order_[first + row];
        slot.batch.clips.push_back(clip);
        slot.batch.labels.data<std::int64_t>()[row] = clips_[clip].label;
    }
    prepared_ = batch + 1;
}

void Loader::work() {
    name_this_thread("loader");
    std::unique_lock lock(mutex_);
    while (true) {
        work_to_do_.wait(lock, [&] { return stopping_ || next_batch_ < prepared_; });
        if (stopping_) return;
        Slot& slot = slot_of(next_batch_);
        const std::int64_t row = next_row_++;
        const std::int64_t draw = first_of(next_batch_) + row;
        if (next_row_ == own_clips_in(next_batch_)) {
            ++next_batch_;
            next_row_ = 0;
            skip_empty_batches();
        }
        const std::int64_t clip = slot.batch.clips[row];
        const ClipPlace place = ClipPlace::at(slot.batch.tensors, row * reader_.options().views());

        lock.unlock();
        Random random =
            random_for(options_.seed, epoch_, options_.order == Order::balanced ? draw : clip);
        bool visible = false;
        std::exception_ptr failure;
        try {
            const Slice slice("read clip", "loader", clips_[clip].files.name);
            visible = reader_.read(clips_[clip].files, random, place);
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();

        slot.visible[row] = visible;
        slot.failure[row] = failure;
        if (--slot.clips_left == 0) clip_done_.notify_one();
    }
}

std::optional<Batch> Loader::next() {
    if (workers_.empty()) return std::nullopt;
    if (delivered_ == batches()) {
        stop();
        return std::nullopt;
    }
    std::unique_lock lock(mutex_);
    Slot& slot = slot_of(delivered_);
    clip_done_.wait(lock, [&] { return slot.clips_left == 0; });
    for (const std::exception_ptr& failure : slot.failure) {
        if (!failure) continue;
        const std::exception_ptr first = failure;
        lock.unlock();
        stop();
        std::rethrow_exception(first);
    }
    Batch batch = std::move(slot.batch);
    batch.person_visible = slot.visible;
    batch.without_person = std::count(slot.visible.begin(), slot.visible.end(), 0);
    ++delivered_;
    if (prepared_ < batches()) {
        prepare(prepared_);
        work_to_do_.notify_all();
    }
    return batch;
}

void Loader::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_to_do_.notify_all();
    workers_.join();
}

}  // namespace mdn
