// Values kept in memory up to a number of bytes, by name; safe to use from several threads at once.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace mdn {

/// What a full cache gives up.
enum class Keep {
    first,   // what comes: where all is read again and again, nothing is worth more than the rest
    recent,  // what was not asked for the longest: where reading moves on and does not come back
};

class Cache {
  public:
    Cache(std::int64_t bytes, Keep keep) : bytes_left_(bytes), keep_(keep) {}

    /// Null if it is not there. T must be the type that was added under that name.
    template <class T>
    std::shared_ptr<const T> find(const std::string& name) {
        return std::static_pointer_cast<const T>(find_any(name));
    }
    /// Keeps the value, which takes that many bytes, if there is room or room can be made. Does
    /// nothing where the name is known.
    void add(const std::string& name, std::shared_ptr<const void> value, std::int64_t bytes);

  private:
    struct Entry {
        std::shared_ptr<const void> value;
        std::int64_t bytes = 0;
        std::list<std::string>::iterator place;  // in names_
    };

    std::shared_ptr<const void> find_any(const std::string& name);

    std::mutex mutex_;  // guards what follows
    std::int64_t bytes_left_;
    const Keep keep_;
    std::unordered_map<std::string, Entry> entries_;
    std::list<std::string> names_;  // the one asked for last first
};

}  // namespace mdn
