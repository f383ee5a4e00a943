#include "train/recorded_work.h"

namespace mdn {

bool RecordedWork::run(const std::function<void()>& work) {
    // The first calls fill the allocator's cache with all that a recording will need.
    constexpr int64_t warm_up = 2;
    if (record_ && !recording_ && calls_ == warm_up) {
        recording_ = backend(device_).record_work(work);
        record_ = recording_ != nullptr;
    }
    if (recording_) {
        recording_->replay();
        return true;
    }
    work();
    ++calls_;
    return false;
}

}  // namespace mdn
