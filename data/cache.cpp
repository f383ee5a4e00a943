#include "data/cache.h"

#include <utility>

namespace mdn {

std::shared_ptr<const void> Cache::find_any(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return nullptr;
    names_.splice(names_.begin(), names_, found->second.place);
    return found->second.value;
}

void Cache::add(const std::string& name, std::shared_ptr<const void> value, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (entries_.contains(name)) return;
    while (keep_ == Keep::recent && bytes_left_ < bytes && !names_.empty()) {
        const auto oldest = entries_.find(names_.back());
        bytes_left_ += oldest->second.bytes;
        entries_.erase(oldest);
        names_.pop_back();
    }
    if (bytes_left_ < bytes) return;
    bytes_left_ -= bytes;
    names_.push_front(name);
    entries_.emplace(name, Entry{std::move(value), bytes, names_.begin()});
}

}  // namespace mdn
