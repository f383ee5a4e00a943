// What a Trainer agrees on with the other ranks, where several processes share the run: what they
// start from, when they stop, and what a checkpoint says of them.
#include <algorithm>

#include "engine/files/crc32.h"
#include "engine/threads.h"
#include "train/output/format.h"
#include "train/parallel/slowest_rank.h"
#include "train/trainer.h"

namespace mdn {

namespace {

/// What metadata say of the ranks that wrote a checkpoint: what the last bits depend on.
constexpr const char* metadata_ranks = "ranks";
constexpr const char* metadata_sums = "ranks.sums";
constexpr const char* metadata_threads = "threads";  // also of one process

/// Less than so many percent of the others' time, or so many seconds, are not worth a word.
constexpr double noticeable_percent = 10, noticeable_seconds = 1;

std::string sums_text(const TrainRun& run) {
    const DeviceRanks* const joined = run.ranks->devices(run.machine.device);
    return (joined ? joined->library() : run.ranks->library()) + ", buckets of " +
           std::to_string(run.buckets.first) + " and " + std::to_string(run.buckets.others) +
           " bytes";
}

}  // namespace

/// Of each rank: machines differ, and OMP_NUM_THREADS may.
void Trainer::learn_threads() {
    threads_text_ = std::to_string(threads());
    if (!run_.ranks) return;
    run_.ranks->be_patient();  // some read the dataset faster
    std::string all;
    for (const std::string& own : run_.ranks->gather_text(threads_text_))
        all.append(all.empty() ? "" : ", ").append(own);
    threads_text_ = all;
}

/// Before the first step, which may be recorded.
void Trainer::join_devices() {
    run_.ranks->be_patient();  // some read the dataset faster
    const std::string note = run_.ranks->join_devices(run_.machine.device);
    if (!note.empty()) progress_.line("note: " + note);
}

/// Rank 0 has read what the run starts from. The others, which may not see its files, have it from
/// there.
void Trainer::share_start() {
    run_.ranks->be_patient();
    check_same_clips();
    const auto share = [&](const Tensor& x) {
        const Tensor host = x.to(Device::cpu);
        run_.ranks->broadcast(host.raw(), host.bytes());
        if (!writes()) x.copy_from(host);
    };
    for (const Parameter& parameter : model_->parameters().all()) share(parameter.value);
    run_.ranks->broadcast(&position_, sizeof position_);
    if (run_.resume) {  // a new run's is zeros everywhere, and twice as much as the weights
        auto state = optimizer_->state();
        for (auto& [name, tensor] : state) {
            tensor = tensor.clone();
            share(tensor);
        }
        if (!writes()) optimizer_->load_state(state, position_.step);
    }
    check_same_weights();
}

/// A dataset that was copied to each host may have been copied in part.
void Trainer::check_same_clips() const {
    std::string clips;
    for (const ListedClip& clip : train_->clips())
        clips += clip.files.name + "\t" + std::to_string(clip.label) + "\n";
    const std::string own = std::to_string(train_->clips().size()) + " training clips of digest " +
                            format("%08x", crc32(clips)) + " and " +
                            std::to_string(val_ ? val_->clips().size() : 0) + " for validation";
    const std::vector<std::string> all = run_.ranks->gather_text(own);
    for (size_t rank = 1; rank < all.size(); ++rank)
        if (all[rank] != all[0])
            throw Error("the ranks do not see the same dataset in " + run_.data + ": " +
                            run_.ranks->name(0) + " has " + all[0] + ", " +
                            run_.ranks->name(static_cast<int64_t>(rank)) + " has " + all[rank],
                        "copy all of it to each host, or put it where all hosts see it");
}

void Trainer::check_same_weights() const {
    uint32_t digest = 0;
    const auto add = [&](const Tensor& x) {
        const Tensor host = x.to(Device::cpu);
        digest = crc32({static_cast<const char*>(host.raw()), static_cast<size_t>(host.bytes())},
                       digest);
    };
    for (const Parameter& parameter : model_->parameters().all()) add(parameter.value);
    for (const auto& [name, tensor] : optimizer_->state()) add(tensor);
    const auto all = run_.ranks->gather_numbers({static_cast<double>(digest)});
    for (size_t rank = 1; rank < all.size(); ++rank)
        if (all[rank] != all[0])
            throw Error("the weights that rank 0 has sent did not arrive whole at " +
                            run_.ranks->name(static_cast<int64_t>(rank)),
                        "its network or memory is faulty, or another program runs there");
}

/// The last bits of a sum depend on who adds, and in which order.
void Trainer::note_other_ranks(const SafetensorsFile& file) {
    const auto said = [&](const char* key, const std::string& otherwise) {
        const auto found = file.metadata.find(key);
        return found == file.metadata.end() ? otherwise : found->second;
    };
    const std::string before = said(metadata_ranks, "1"),
                      ranks = std::to_string(run_.ranks ? run_.ranks->ranks() : 1);
    if (before != ranks) {
        progress_.line("note: the run was started with " + before + " ranks, and goes on with " +
                       ranks + ": rounding will differ from that of an uninterrupted run");
    } else if (run_.ranks && said(metadata_sums, "") != sums_text(run_)) {
        progress_.line("note: the run's gradients were added by " + said(metadata_sums, "") +
                       ", and are by " + sums_text(run_) +
                       ": rounding will differ from that of an uninterrupted run");
    }
    if (const std::string threads = said(metadata_threads, threads_text_);
        before == ranks && threads != threads_text_)
        progress_.line("note: the run was started with " + threads + " threads" +
                       (run_.ranks ? " of its ranks, which have " + threads_text_ + " now" : "") +
                       "; rounding will differ from that of an uninterrupted run");
}

void Trainer::keep_ranks(std::map<std::string, std::string>& metadata) const {
    metadata[metadata_threads] = threads_text_;
    if (!run_.ranks) return;
    metadata[metadata_ranks] = std::to_string(run_.ranks->ranks());
    metadata[metadata_sums] = sums_text(run_);
}

/// Signals reach ranks at different moments. After a step all learn of them, and so stop after the
/// same one; and they add what else each knows of its clips, and of its time.
void Trainer::stop_together(int64_t& without_person) {
    const auto all = run_.ranks->gather_numbers({static_cast<double>(stop_signal()),
                                                 static_cast<double>(without_person),
                                                 run_.ranks->seconds_waited() - waited_before_});
    without_person = 0;
    waited_.clear();
    for (const std::vector<double>& own : all) {
        stop_now_ = std::max(stop_now_, static_cast<int>(own[0]));
        without_person += static_cast<int64_t>(own[1]);
        waited_.push_back(own[2]);
    }
}

/// Empty where no rank is much slower than others in this epoch, which has taken so many seconds.
std::string Trainer::waiting_text(double seconds) const {
    if (waited_.empty()) return "";
    const auto [rank, percent] = slowest_rank(waited_, seconds);
    if (percent < noticeable_percent || percent / 100 * seconds < noticeable_seconds) return "";
    return "the others wait for " + run_.ranks->name(rank) +
           format(" %.0f %% of the time", percent);
}

}  // namespace mdn
