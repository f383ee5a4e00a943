#include "train/parallel/mpi/mpi_ranks.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <set>
#include <stdexcept>

extern char** environ;

namespace mdn {

namespace {

/// Ranks give up one that is silent as many times as long as they were themselves while they
/// worked, and some seconds more: a slow machine is no fault.
constexpr double work_factor = 4;
/// One of the ranks that wait ends the run; seconds that the next one gives it.
constexpr double grace = 4;
/// While rank 0 writes files, while the ranks read the dataset, and while all wait for the network.
constexpr double patience = 30;  // times as long: ten minutes by default
/// Seconds between signs.
constexpr double sign_every = 1;

/// A number of bytes as MPI takes it.
int as_int(int64_t count) {
    if (count < 0 || count > INT_MAX)
        throw std::logic_error("MPI takes no message of " + std::to_string(count) + " elements");
    return static_cast<int>(count);
}

std::vector<int> as_ints(const std::vector<int64_t>& counts) {
    std::vector<int> ints;
    for (const int64_t count : counts) ints.push_back(as_int(count));
    return ints;
}

/// Where each part begins when they lie one after the other.
std::vector<int> places_of(const std::vector<int64_t>& counts) {
    std::vector<int> places;
    int64_t next = 0;
    for (const int64_t count : counts) {
        places.push_back(as_int(next));
        next += count;
    }
    return places;
}

/// Lets others compute: shortly at first, since the end is often near.
void rest(int times) {
    if (times < 20) {
        sched_yield();
        return;
    }
    const timespec pause{.tv_sec = 0, .tv_nsec = times < 200 ? 20'000 : 200'000};
    nanosleep(&pause, nullptr);
}

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
    return std::chrono::duration<double>(end - begin).count();
}

double seconds_since(Clock::time_point begin) { return seconds_between(begin, Clock::now()); }

/// In one piece, so that lines of several processes do not mix.
void say(const std::string& text) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

MpiRanks::MpiRanks() {
    for (MPI_Comm* own : {&work_, &sums_, &notices_, &leaving_}) MPI_Comm_dup(MPI_COMM_WORLD, own);
    MPI_Comm_rank(work_, &rank_);
    MPI_Comm_size(work_, &ranks_);
    signs_.resize(static_cast<size_t>(ranks_));
    char host[MPI_MAX_PROCESSOR_NAME] = "";
    int length = 0;
    MPI_Get_processor_name(host, &length);
    host_of_ = gather_text(std::string(host, static_cast<size_t>(length)));
    hosts_ = std::ssize(std::set<std::string>(host_of_.begin(), host_of_.end()));

    char version[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    MPI_Get_library_version(version, &length);
    library_ = version;
    library_ = library_.substr(0, library_.find_first_of(",\n"));
    // What chooses another algorithm.
    std::set<std::string> chosen;
    for (char** variable = environ; *variable; ++variable)
        if (std::strncmp(*variable, "OMPI_MCA_coll", 13) == 0) chosen.insert(*variable);
    for (const std::string& variable : chosen) library_.append(", ").append(variable);
    library_.append(hosts_ == 1 ? ", 1 host" : ", " + std::to_string(hosts_) + " hosts");
}

MpiRanks::~MpiRanks() {
    for (MPI_Comm* own : {&work_, &sums_, &notices_, &leaving_}) MPI_Comm_free(own);
}

std::string MpiRanks::name(int64_t rank) const {
    return "rank " + std::to_string(rank) + " on host " + host_of_[static_cast<size_t>(rank)];
}

int64_t MpiRanks::rank_here() const {
    int64_t number = 0;
    for (int64_t rank = 0; rank < rank_; ++rank) number += is_here(rank) ? 1 : 0;
    return number;
}

std::string MpiRanks::library() const { return library_; }

class MpiRanks::MpiSum final : public Sum {
  public:
    MpiSum(MpiRanks& ranks, float* values, int64_t count)
        : ranks_(ranks), values_(values), count_(as_int(count)) {
        ranks.sums_to_come_.push_back(this);
        ranks.advance_sums();
    }
    ~MpiSum() override {
        // Only where an error ends the run: the memory must not be written to any more.
        if (!over_) ranks_.end_all(1);
    }
    void advance() override { ranks_.advance_sums(); }
    void wait() override {
        ranks_.wait([&] {
            ranks_.advance_sums();
            return over_;
        });
    }

    /// Gives it to the library, or asks how far it is. Returns whether it is over.
    bool move_on() {
        if (!is_there_) {
            MPI_Iallreduce(MPI_IN_PLACE, values_, count_, MPI_FLOAT, MPI_SUM, ranks_.sums_,
                           &request_);
            is_there_ = true;
        }
        int over = 0;
        MPI_Test(&request_, &over, MPI_STATUS_IGNORE);
        over_ = over != 0;
        return over_;
    }

  private:
    MpiRanks& ranks_;
    float* values_;
    int count_;
    MPI_Request request_ = MPI_REQUEST_NULL;
    bool is_there_ = false, over_ = false;
};

void MpiRanks::advance_sums() {
    while (!sums_to_come_.empty() && sums_to_come_.front()->move_on()) sums_to_come_.pop_front();
}

std::unique_ptr<Communicator::Sum> MpiRanks::start_sum(float* values, int64_t count) {
    return std::make_unique<MpiSum>(*this, values, count);
}

void MpiRanks::gather(const void* own, void* all, const std::vector<int64_t>& bytes) {
    const std::vector<int> sizes = as_ints(bytes), places = places_of(bytes);
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Iallgatherv(own, sizes[static_cast<size_t>(rank_)], MPI_BYTE, all, sizes.data(),
                    places.data(), MPI_BYTE, work_, &request);
    wait(request);
}

void MpiRanks::exchange(const void* out, const std::vector<int64_t>& sent, void* in,
                        const std::vector<int64_t>& received) {
    const std::vector<int> out_sizes = as_ints(sent), out_places = places_of(sent),
                           in_sizes = as_ints(received), in_places = places_of(received);
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ialltoallv(out, out_sizes.data(), out_places.data(), MPI_BYTE, in, in_sizes.data(),
                   in_places.data(), MPI_BYTE, work_, &request);
    wait(request);
}

void MpiRanks::broadcast(void* bytes, int64_t count) {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ibcast(bytes, as_int(count), MPI_BYTE, 0, work_, &request);
    wait(request);
}

void MpiRanks::wait_until(const std::function<bool()>& over) {
    const double waited = waited_;
    wait([&] {
        advance_sums();  // meanwhile
        return over();
    });
    // This rank's own device computes in that time: how much of it is for the others, nobody knows.
    waited_ = waited;
}

void MpiRanks::wait(MPI_Request& request) {
    wait([&] {
        advance_sums();  // meanwhile
        int over = 0;
        MPI_Test(&request, &over, MPI_STATUS_IGNORE);
        return over != 0;
    });
}

void MpiRanks::wait(const std::function<bool()>& over) {
    still_working();
    const Clock::time_point begin = Clock::now();
    const double limit =
        patient_ ? patience * base_limit_ : base_limit_ + work_factor * longest_silence_;
    const double begin_awake = awake_;
    for (int times = 0; !over(); ++times) {
        rest(times);
        if (times > 200) watch(awake_ - begin_awake, limit);
    }
    if (!patient_) waited_ += seconds_since(begin);
    patient_ = false;
    tick();
    // Whoever was silent until they met begins anew.
    for (Signs& of : signs_) of.heard = awake_;
    last_sign_ = Clock::now();
    longest_silence_ = 0;
}

/// Time in which this process was stopped, with the whole job perhaps, is nobody's silence.
void MpiRanks::tick() {
    const Clock::time_point now = Clock::now();
    awake_ += std::min(seconds_between(last_tick_, now), 1.0);
    last_tick_ = now;
}

void MpiRanks::still_working() {
    const Clock::time_point now = Clock::now();
    longest_silence_ = std::max(longest_silence_, seconds_between(last_sign_, now));
    last_sign_ = now;
    exchange_signs();
}

/// Each rank gives all others a sign now and then, an empty message, while it works and while it
/// waits.
void MpiRanks::exchange_signs() {
    if (seconds_since(last_exchange_) < sign_every) return;
    last_exchange_ = Clock::now();
    tick();
    for (int64_t to = 0; to < ranks_; ++to) {
        Signs& signs = signs_[static_cast<size_t>(to)];
        int is_free = 1;  // the one before has left
        MPI_Test(&signs.leaving, &is_free, MPI_STATUS_IGNORE);
        if (to == rank_ || is_free == 0) continue;
        MPI_Isend(nullptr, 0, MPI_BYTE, static_cast<int>(to), 0, notices_, &signs.leaving);
        ++signs.given;
    }
    hear_signs();
}

void MpiRanks::hear_signs() {
    for (;;) {
        int there = 0;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, 0, notices_, &there, &status);
        if (there == 0) return;
        hear_sign(status.MPI_SOURCE);
    }
}

void MpiRanks::hear_sign(int from) {
    MPI_Recv(nullptr, 0, MPI_BYTE, from, 0, notices_, MPI_STATUS_IGNORE);
    Signs& signs = signs_[static_cast<size_t>(from)];
    signs.heard = awake_;
    ++signs.taken;
}

/// Ends the run where another rank is silent for too long.
void MpiRanks::watch(double waited, double limit) {
    tick();
    exchange_signs();
    std::vector<int64_t> silent;
    int64_t place = 0;  // among those that are not
    double longest = 0;
    for (int64_t rank = 0; rank < ranks_; ++rank) {
        const double silence = awake_ - signs_[static_cast<size_t>(rank)].heard;
        if (rank == rank_) continue;
        if (silence >= limit) {
            silent.push_back(rank);
            longest = std::max(longest, silence);
        } else if (rank < rank_) {
            ++place;
        }
    }
    // All are there: what they wait for is on its way, over a slow network perhaps.
    const double late = silent.empty() ? waited - patience * base_limit_ : longest - limit;
    // One of those that wait speaks for all; the others give it time.
    if (late < grace * static_cast<double>(place)) return;
    std::string text = "error: ";
    for (const int64_t rank : silent)
        text.append(rank == silent.front() ? "" : ", ").append(name(rank));
    if (silent.empty())
        text.append("a message between the ranks has not come for ");
    else
        text.append(silent.size() > 1 ? " have" : " has").append(" given no sign for ");
    text.append(std::to_string(static_cast<int64_t>(silent.empty() ? waited : longest)));
    text.append(
        " seconds: the run ends\nhint: the process hangs, or its machine or the network is gone; "
        "train --resume goes on from the last checkpoint\n");
    say(text);
    end_all(2);
}

bool MpiRanks::all_leave(double seconds) {
    leaving_given_.clear();
    for (const Signs& signs : signs_) leaving_given_.push_back(signs.given);
    leaving_to_take_.resize(signs_.size());
    // Nobody gets what all others have given before all are there.
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ialltoall(leaving_given_.data(), 1, MPI_INT64_T, leaving_to_take_.data(), 1, MPI_INT64_T,
                  leaving_, &request);
    const Clock::time_point begin = Clock::now();
    int over = 0;
    for (int times = 0; over == 0; ++times) {
        if (seconds_since(begin) > seconds) return false;
        MPI_Test(&request, &over, MPI_STATUS_IGNORE);
        if (over == 0) rest(times);
    }
    // MPI may end only when every message was taken.
    for (int from = 0; from < ranks_; ++from)
        while (signs_[static_cast<size_t>(from)].taken <
               leaving_to_take_[static_cast<size_t>(from)])
            hear_sign(from);
    for (Signs& signs : signs_) MPI_Wait(&signs.leaving, MPI_STATUS_IGNORE);
    return true;
}

void MpiRanks::end_amid_sums(const std::exception& why) {
    const auto* const mistake = dynamic_cast<const Error*>(&why);
    std::string text = "error: " + name(rank_) + " ends the run\nerror: " + why.what() + "\n";
    if (mistake && !mistake->hint().empty()) text.append("hint: ").append(mistake->hint()) += "\n";
    std::cerr << text << std::flush;
    end_all(mistake ? 2 : 1);
}

void MpiRanks::end_all(int code) {
    if (before_end_) before_end_();
    MPI_Abort(MPI_COMM_WORLD, code);
    std::_Exit(code);
}

}  // namespace mdn
