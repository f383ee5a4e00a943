#include "engine/files/unfinished_files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>

namespace mdn {

namespace {

enum class State { free, making, noted };
static_assert(std::atomic<State>::is_always_lock_free);

/// A handler reads it while any thread may be at any instruction, so it has no memory of its own.
struct Place {
    std::atomic<State> state = State::free;
    char name[1024] = {};
    int descriptor = -1;
    pid_t process = 0;  // a fork has a copy of the places, and none of the files

    bool is_taken_for(State next) {
        State expected = State::free;
        return state.compare_exchange_strong(expected, next);
    }
    /// Unless another writer has made a file of that name since.
    void remove() const {
        struct stat open {
        }, named{};
        if (::fstat(descriptor, &open) == 0 && ::lstat(name, &named) == 0 &&
            open.st_dev == named.st_dev && open.st_ino == named.st_ino)
            ::unlink(name);
    }
};

std::array<Place, 64> places;
std::atomic<bool> ending = false;

void wait_a_millisecond() {
    const timespec time{0, 1'000'000};
    ::nanosleep(&time, nullptr);
}

/// This thread handles no signal while it lives.
class SignalsWait {
  public:
    SignalsWait() {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

}  // namespace

int UnfinishedFile::create(const std::string& name) {
    const auto open = [&] {
        return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    };
    for (int i = 0; i < static_cast<int>(places.size()); ++i) {
        Place& place = places[static_cast<size_t>(i)];
        if (name.size() >= sizeof place.name) break;
        const SignalsWait wait;
        if (!place.is_taken_for(State::making)) continue;
        // In this order: either the handler sees that one is being made, or this sees the handler.
        while (ending) {
            place.state = State::free;
            wait_a_millisecond();
        }
        std::memcpy(place.name, name.c_str(), name.size() + 1);
        place.process = ::getpid();
        place.descriptor = open();
        place.state = place.descriptor < 0 ? State::free : State::noted;
        if (place.descriptor >= 0) place_ = i;
        return place.descriptor;
    }
    return open();
}

void UnfinishedFile::forget() {
    if (place_ >= 0) places[static_cast<size_t>(place_)].state = State::free;
    place_ = -1;
}

void remove_unfinished_files() {
    ending = true;
    // Making a file takes no time, except where a file system hangs: then it stays.
    constexpr int most_waits = 200;
    int waits = 0;
    for (const Place& place : places) {
        while (place.state == State::making && waits++ < most_waits) wait_a_millisecond();
        if (place.state == State::noted && place.process == ::getpid()) place.remove();
    }
}

}  // namespace mdn
