// All of NCCL's work runs on one stream of its own, beside the one that computes: so the gradients
// of a bucket travel while the backward pass goes on. Two events tie the streams together: a sum
// begins when its numbers are there, and what reads it waits for it.
//
//     computing  ──┬─ backward ──┬─ backward ──────────┬─ update
//                  ready         ready                 done
//     NCCL         └─ sum 1 ─────┴─ sum 2 ─────────────┘
//
// One stream and one communicator, also for the small operations in between: so all GPUs come to
// the operations in the same order. With several, two GPUs could each wait in another one.
//
// The host asks for the end again and again (wait). To wait inside CUDA for an operation whose
// other ranks have died would take for ever.
#include "engine/cuda/nccl/nccl_ranks.h"

#include <nccl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "engine/communicator.h"
#include "engine/cuda/context.h"

extern char** environ;

namespace mdn {

namespace {

using Clock = std::chrono::steady_clock;

/// How long another rank, whose end this one has seen, may still name itself, or be named by MPI.
constexpr std::chrono::seconds others_speak_first(10);
/// How long an abort may take: then the process ends all the same.
constexpr std::chrono::seconds longest_abort(3);

/// "NCCL 2.29.7".
std::string version_text() {
    int version = 0;
    ncclGetVersion(&version);
    return "NCCL " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) +
           "." + std::to_string(version % 100);
}

/// The variables that may choose another algorithm: all but those that choose what is printed, and
/// those that say where NCCL is and which one a container has.
std::string settings_text() {
    std::set<std::string> chosen;
    for (char** variable = environ; *variable; ++variable) {
        const std::string text = *variable;
        const auto begins = [&](const char* name) { return text.rfind(name, 0) == 0; };
        if (begins("NCCL_") && !begins("NCCL_DEBUG") && !begins("NCCL_HOME=") &&
            !begins("NCCL_VERSION="))
            chosen.insert(text);
    }
    std::string text;
    for (const std::string& variable : chosen) text.append(", ").append(variable);
    return text;
}

/// Names this process's GPU among those of all machines.
std::string gpu_name() {
    char bus[32] = "", host[256] = "";
    int device = 0;
    cuda_context();  // chooses it
    check(cudaGetDevice(&device), "asking for the GPU");
    check(cudaDeviceGetPCIBusId(bus, sizeof bus, device), "asking for the GPU's address");
    ::gethostname(host, sizeof host - 1);
    return std::string(host) + " " + bus;
}

class NcclRanks final : public DeviceRanks {
  public:
    explicit NcclRanks(Communicator& over) : over_(over) {
        check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream");
        for (cudaEvent_t* event : {&ready_, &done_, &end_})
            check(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "creating an event");
        ncclUniqueId id{};
        if (over.rank() == 0) check(ncclGetUniqueId(&id), "making the ranks' common name");
        over.broadcast(&id, sizeof id);
        connect(id);
        over.before_end([this] { abort(); });
    }
    ~NcclRanks() override {
        over_.before_end(nullptr);
        if (!comm_) return;
        // To destroy it would wait for what is under way.
        if (failed_ || cudaStreamQuery(stream_) != cudaSuccess ||
            cudaStreamQuery(cuda_context().stream()) != cudaSuccess) {
            abort();
            return;
        }
        ncclCommDestroy(comm_);
        for (const cudaEvent_t event : {ready_, done_, end_}) cudaEventDestroy(event);
        cudaStreamDestroy(stream_);
    }
    NcclRanks(const NcclRanks&) = delete;
    NcclRanks& operator=(const NcclRanks&) = delete;

    void start_sum(const Tensor& x) override {
        if (x.dtype() != DType::f32) throw std::logic_error("ranks add f32");
        fork();
        check(ncclAllReduce(x.raw(), x.raw(), static_cast<size_t>(x.numel()), ncclFloat32, ncclSum,
                            comm_, stream_),
              "a sum over the ranks");
        check(cudaEventRecord(done_, stream_), "noting the end of a sum");
        sums_ = true;
    }
    void finish_sums() override {
        if (sums_)
            check(cudaStreamWaitEvent(cuda_context().stream(), done_, 0), "waiting for sums");
        sums_ = false;
    }

    void gather(const Tensor& own, const Tensor& all, const std::vector<int64_t>& bytes) override {
        beside([&] {
            auto* to = static_cast<char*>(all.raw());
            const auto same = [&](int64_t count) { return count == bytes.front(); };
            if (std::all_of(bytes.begin(), bytes.end(), same)) {
                check(ncclAllGather(own.raw(), to, static_cast<size_t>(bytes.front()), ncclInt8,
                                    comm_, stream_),
                      "gathering over the ranks");
                return;
            }
            as_group([&] {
                for (size_t r = 0; r < bytes.size(); to += bytes[r++])
                    if (bytes[r] > 0)
                        check(ncclBroadcast(own.raw(), to, static_cast<size_t>(bytes[r]), ncclInt8,
                                            static_cast<int>(r), comm_, stream_),
                              "gathering over the ranks");
            });
        });
    }
    void exchange(const Tensor& out, const std::vector<int64_t>& sent, const Tensor& in,
                  const std::vector<int64_t>& received) override {
        beside([&] {
            as_group([&] {
                const auto* from = static_cast<const char*>(out.raw());
                auto* to = static_cast<char*>(in.raw());
                for (size_t r = 0; r < sent.size(); from += sent[r], to += received[r], ++r) {
                    const int peer = static_cast<int>(r);
                    if (sent[r] > 0)
                        check(ncclSend(from, static_cast<size_t>(sent[r]), ncclInt8, peer, comm_,
                                       stream_),
                              "sending to a rank");
                    if (received[r] > 0)
                        check(ncclRecv(to, static_cast<size_t>(received[r]), ncclInt8, peer, comm_,
                                       stream_),
                              "receiving from a rank");
                }
            });
        });
    }

    void wait() override {
        check(cudaEventRecord(end_, cuda_context().stream()), "noting the end of a step");
        Clock::time_point lost{};  // when another rank was
        over_.wait_until([&] {
            const cudaError_t state = cudaEventQuery(end_);
            if (state == cudaSuccess) return true;
            if (state != cudaErrorNotReady) check(state, "the work on the GPU");
            ncclResult_t error = ncclSuccess;
            check(ncclCommGetAsyncError(comm_, &error), "asking NCCL how it is");
            if (error == ncclSuccess || error == ncclInProgress) return false;
            // Who it was NCCL does not say: MPI does, or the rank itself.
            if (error == ncclRemoteError) {
                if (lost == Clock::time_point{}) lost = Clock::now();
                if (Clock::now() - lost < others_speak_first) return false;
            }
            check(error, "the work of the ranks' GPUs");
            return true;
        });
    }

    std::string library() const override { return library_; }

  private:
    /// In a thread of its own: a rank that does not come would keep NCCL waiting for ever.
    void connect(const ncclUniqueId& id) {
        struct Connection {
            std::atomic<bool> over = false;
            ncclComm_t comm = nullptr;
            ncclResult_t result = ncclSuccess;
        };
        int device = 0;
        check(cudaGetDevice(&device), "asking for the GPU");
        const auto connection = std::make_shared<Connection>();
        std::thread([connection, id, device, rank = static_cast<int>(over_.rank()),
                     ranks = static_cast<int>(over_.ranks())] {
            cudaSetDevice(device);
            connection->result = ncclCommInitRank(&connection->comm, ranks, id, rank);
            connection->over = true;
        }).detach();
        over_.be_patient();
        over_.wait_until([&] { return connection->over.load(); });
        // Each rank says its own; where one has failed, all must know.
        const auto all = over_.gather_numbers({static_cast<double>(connection->result)});
        check(connection->result, "joining the ranks' GPUs");
        for (size_t rank = 0; rank < all.size(); ++rank)
            if (all[rank][0] != 0)
                throw Error("NCCL does not start on " + over_.name(static_cast<int64_t>(rank)));
        comm_ = connection->comm;
        library_ = version_text() + ", " +
                   (over_.hosts() == 1 ? "1 host" : std::to_string(over_.hosts()) + " hosts") +
                   ", " + cuda_context().description() + settings_text();
    }

    void check(cudaError_t error, const char* what) { mdn::check(error, what); }
    void check(ncclResult_t result, const char* what) {
        if (result == ncclSuccess || result == ncclInProgress) return;
        failed_ = true;
        const std::string last = ncclGetLastError(comm_);
        abort();  // so that whoever waits for the GPU on the way out does not wait for ever
        throw Error("[nccl] " + std::string(what) + " failed on " + over_.name(over_.rank()) +
                        " (" + ncclGetErrorString(result) + (last.empty() ? "" : ": " + last) + ")",
                    "NCCL_DEBUG=INFO makes NCCL say more; train --resume goes on from the last "
                    "checkpoint");
    }

    /// What follows on NCCL's stream comes after what was started on the other.
    void fork() {
        check(cudaEventRecord(ready_, cuda_context().stream()), "noting that numbers are there");
        check(cudaStreamWaitEvent(stream_, ready_, 0), "waiting for numbers");
    }
    /// An operation that the device's work goes on after.
    template <class F>
    void beside(F&& operation) {
        fork();
        operation();
        check(cudaEventRecord(done_, stream_), "noting the end of an exchange");
        check(cudaStreamWaitEvent(cuda_context().stream(), done_, 0), "waiting for an exchange");
        sums_ = false;  // they are on the same stream, so these are done as well
    }

    template <class F>
    void as_group(F&& operations) {
        check(ncclGroupStart(), "beginning an exchange");
        operations();
        check(ncclGroupEnd(), "starting an exchange");
    }

    /// Ends what is under way on this GPU, so that the driver can end the process. Waits for no
    /// more than a moment.
    void abort() {
        if (!comm_ || aborted_.exchange(true)) return;
        const auto over = std::make_shared<std::atomic<bool>>(false);
        std::thread([over, comm = comm_] {
            ncclCommAbort(comm);
            *over = true;
        }).detach();
        const Clock::time_point begin = Clock::now();
        while (!*over && Clock::now() - begin < longest_abort)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    Communicator& over_;
    ncclComm_t comm_ = nullptr;
    cudaStream_t stream_ = nullptr;
    cudaEvent_t ready_ = nullptr, done_ = nullptr, end_ = nullptr;
    bool sums_ = false;  // started, and not waited for
    bool failed_ = false;
    std::atomic<bool> aborted_ = false;
    std::string library_;
};

}  // namespace

Backend::Joined join_by_nccl(Communicator& over) {
    const std::vector<std::string> gpus = over.gather_text(gpu_name());
    for (size_t rank = 1; rank < gpus.size(); ++rank)
        for (size_t other = 0; other < rank; ++other)
            if (gpus[rank] == gpus[other])
                return {.ranks = nullptr,
                        .note = over.name(static_cast<int64_t>(other)) + " and rank " +
                                std::to_string(rank) +
                                " compute on the same GPU, which NCCL does not join: what ranks "
                                "add goes through the host's memory, and steps are not recorded"};
    auto joined = std::make_unique<NcclRanks>(over);
    std::string note = "gradients are added by " + joined->library();
    return {.ranks = std::move(joined), .note = std::move(note)};
}

}  // namespace mdn
