#include "engine/files/partial_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "engine/files/file_lock.h"

namespace mdn {

namespace {

using Kind = PartialPath::Kind;

constexpr const char* ending = ".partial-";
/// Writers of one path at the same time, and what killed ones left where there are no locks.
constexpr int most = 100;
/// Numbers that are looked at for what killed writers left: a lower one may be free again while a
/// higher one, begun beside it, was left.
constexpr int looked_at = 8;

std::string numbered(const std::string& path, int number) {
    return path + ending + std::to_string(number);
}

void remove_all(const std::string& name, Kind kind, const PartialPath::IsOurs& is_ours) {
    if (kind == Kind::file)
        ::unlink(name.c_str());
    else if (std::error_code ignored; !is_ours || is_ours(name))
        std::filesystem::remove_all(name, ignored);
}

/// The same, unless a writer that lives has it.
void remove_left_over(const std::string& name, Kind kind, const PartialPath::IsOurs& is_ours) {
    // Some network file systems lock only what is open for writing, which a folder never is.
    const int how = kind == Kind::file ? O_RDWR : O_RDONLY | O_DIRECTORY;
    const int descriptor = ::open(name.c_str(), how | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return;
    struct stat status {};
    const bool right_kind =
        ::fstat(descriptor, &status) == 0 &&
        (kind == Kind::file ? S_ISREG(status.st_mode) : S_ISDIR(status.st_mode));
    if (right_kind && try_lock(descriptor) == Lock::held && still_names(name, descriptor))
        remove_all(name, kind, is_ours);
    ::close(descriptor);
}

}  // namespace

void PartialPath::remove_left_overs(const std::string& path, Kind kind, const IsOurs& is_ours) {
    for (int number = 1; number <= looked_at; ++number)
        remove_left_over(numbered(path, number), kind, is_ours);
}

PartialPath::PartialPath(const std::string& path, Kind kind, IsOurs is_ours)
    : kind_(kind), is_ours_(std::move(is_ours)) {
    remove_left_overs(path, kind_, is_ours_);
    for (int number = 1; number <= most; ++number) {
        name_ = numbered(path, number);
        if (make(path)) return;
    }
    throw Error("cannot write " + path + ": " + std::to_string(most) +
                    " unfinished files of other writers are beside it",
                "remove " + path + ending + "* once no other program writes them");
}

PartialPath::~PartialPath() { release(); }

void PartialPath::release() {
    unfinished_.forget();
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

/// Returns whether name_ is this writer's now: false if another has it.
bool PartialPath::make(const std::string& path) {
    if (kind_ == Kind::file) {
        descriptor_ = unfinished_.create(name_);
    } else if (::mkdir(name_.c_str(), 0777) == 0) {
        descriptor_ = ::open(name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (descriptor_ < 0 && errno == EEXIST) return false;
    if (descriptor_ < 0) throw Error("cannot write " + path + ": " + std::strerror(errno));
    const Lock lock = try_lock(descriptor_);
    locked_ = lock == Lock::held;
    // Until it was locked, another could take it for one that was left.
    if (lock == Lock::impossible || (locked_ && still_names(name_, descriptor_))) return true;
    unfinished_.forget();
    ::close(std::exchange(descriptor_, -1));
    return false;
}

void PartialPath::sync() const {
    if (::syncfs(descriptor_) != 0)
        throw Error("cannot sync " + name_ + ": " + std::strerror(errno));
}

void PartialPath::remove() const {
    if (!locked_ || still_names(name_, descriptor_))
        remove_all(name_, kind_, is_ours_);
    else
        remove_left_over(name_, kind_, is_ours_);
}

std::string PartialPath::target_of(const std::string& name) {
    const size_t digits = name.find_last_not_of("0123456789") + 1;
    const std::string_view start = std::string_view(name).substr(0, digits);
    if (digits == name.size() || !start.ends_with(ending)) return "";
    return name.substr(0, digits - std::string_view(ending).size());
}

}  // namespace mdn
