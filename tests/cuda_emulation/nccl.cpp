// NCCL's operations, as its streams come to them: a rank gives what it has only then, and goes on
// when all have given theirs. So what a missing event spoils is spoiled here as well, and a rank
// that does not come stops the streams of the others, not their hosts.
#include <nccl.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/error.h"
#include "tests/cuda_emulation/shared_ranks.h"
#include "tests/cuda_emulation/streams.h"

using mdn::emulation::SharedRanks;

struct EmulatedNccl {
    SharedRanks ranks;
    int64_t operations = 0;  // begun so far
    bool aborted = false;
};

namespace {

enum class Kind : int64_t { all_reduce, all_gather, broadcast, send, receive };

struct Operation {
    Kind kind;
    const void* send;
    void* receive;
    size_t count;
    ncclDataType_t type;
    int peer;  // or root

    size_t bytes() const { return count * (type == ncclFloat32 ? sizeof(float) : 1); }
};

/// What a rank gives of an operation, in front of its bytes.
struct Announced {
    Kind kind;
    int64_t count, type, peer;
    size_t bytes;  // that follow
};

ncclResult_t planted = ncclSuccess;

/// A group of operations, which is one for the ranks.
class Group {
  public:
    Group(ncclComm_t comm, std::vector<Operation> operations)
        : comm_(comm), operations_(std::move(operations)) {}

    /// Whether it is done.
    bool go_on() {
        if (comm_->aborted) return true;
        if (planted != ncclSuccess) return false;
        if (number_ == 0) number_ = ++comm_->operations;
        if (!given_) {
            char* const place = comm_->ranks.place_for(number_);
            if (!place) return false;
            comm_->ranks.give(number_, write(place));
            given_ = true;
        }
        if (!comm_->ranks.all_given(number_)) return false;
        receive();
        comm_->ranks.take(number_);
        return true;
    }

  private:
    size_t write(char* place) const {
        const char* const begin = place;
        for (const Operation& own : operations_) {
            const bool gives = own.kind != Kind::receive &&
                               (own.kind != Kind::broadcast || own.peer == comm_->ranks.rank());
            const Announced announced{own.kind, static_cast<int64_t>(own.count), own.type, own.peer,
                                      gives ? own.bytes() : 0};
            if (static_cast<size_t>(place - begin) + sizeof announced + announced.bytes >
                SharedRanks::room)
                throw mdn::Error("[emulation] more bytes for NCCL than there is room");
            std::memcpy(place, &announced, sizeof announced);
            place += sizeof announced;
            if (gives && own.bytes() > 0) std::memcpy(place, own.send, own.bytes());
            place += announced.bytes;
        }
        return static_cast<size_t>(place - begin);
    }

    struct Part {
        Announced announced;
        const char* bytes;
    };
    std::vector<Part> parts_of(int rank) const {
        std::vector<Part> parts;
        const std::string_view given = comm_->ranks.given_by(rank);
        for (size_t at = 0; at < given.size();) {
            Part part{};
            std::memcpy(&part.announced, given.data() + at, sizeof part.announced);
            part.bytes = given.data() + at + sizeof part.announced;
            at += sizeof part.announced + part.announced.bytes;
            parts.push_back(part);
        }
        return parts;
    }

    void receive() const {
        const int ranks = comm_->ranks.ranks();
        std::vector<std::vector<Part>> given;
        for (int r = 0; r < ranks; ++r) given.push_back(parts_of(r));
        std::vector<size_t> received(static_cast<size_t>(ranks), 0);  // sends of each so far
        for (size_t i = 0; i < operations_.size(); ++i) {
            const Operation& own = operations_[i];
            if (own.kind == Kind::send) continue;
            if (own.kind == Kind::receive) {
                receive_from(given[static_cast<size_t>(own.peer)],
                             received[static_cast<size_t>(own.peer)], own);
                continue;
            }
            for (int r = 0; r < ranks; ++r) require_same(given[static_cast<size_t>(r)], i, own, r);
            if (own.kind == Kind::broadcast)
                std::memcpy(own.receive, given[static_cast<size_t>(own.peer)][i].bytes,
                            own.bytes());
            else
                collect(given, i, own);
        }
    }

    static void collect(const std::vector<std::vector<Part>>& given, size_t i,
                        const Operation& own) {
        auto* const to = static_cast<char*>(own.receive);
        if (own.kind == Kind::all_gather) {
            for (size_t r = 0; r < given.size(); ++r)
                std::memcpy(to + r * own.bytes(), given[r][i].bytes, own.bytes());
            return;
        }
        std::vector<float> sum(own.count), part(own.count);
        for (const std::vector<Part>& parts : given) {
            std::memcpy(part.data(), parts[i].bytes, own.bytes());
            for (size_t k = 0; k < own.count; ++k) sum[k] += part[k];
        }
        std::memcpy(to, sum.data(), own.bytes());
    }

    void receive_from(const std::vector<Part>& parts, size_t& next, const Operation& own) const {
        for (; next < parts.size(); ++next) {
            const auto& [announced, bytes] = parts[next];
            if (announced.kind != Kind::send || announced.peer != comm_->ranks.rank()) continue;
            if (announced.bytes != own.bytes())
                throw mdn::Error("[emulation] rank " + std::to_string(own.peer) + " sends " +
                                 std::to_string(announced.bytes) + " bytes, " +
                                 std::to_string(own.bytes()) + " are to be received");
            std::memcpy(own.receive, bytes, own.bytes());
            ++next;
            return;
        }
        throw mdn::Error("[emulation] rank " + std::to_string(own.peer) +
                         " sends nothing that is to be received");
    }

    void require_same(const std::vector<Part>& parts, size_t i, const Operation& own,
                      int rank) const {
        if (i < parts.size()) {
            const Announced& other = parts[i].announced;
            if (other.kind == own.kind && other.count == static_cast<int64_t>(own.count) &&
                other.type == own.type && other.peer == own.peer)
                return;
        }
        throw mdn::Error("[emulation] rank " + std::to_string(rank) +
                         " asks NCCL for another operation, or of another size, than rank " +
                         std::to_string(comm_->ranks.rank()));
    }

    ncclComm_t comm_;
    std::vector<Operation> operations_;
    int64_t number_ = 0;
    bool given_ = false;
};

int open_groups = 0;
std::vector<Operation> pending;
ncclComm_t pending_comm = nullptr;
cudaStream_t pending_stream = nullptr;

ncclResult_t start() {
    if (open_groups > 0 || pending.empty()) return ncclSuccess;
    mdn::emulation::enqueue_trial(
        pending_stream,
        [group = Group(pending_comm, std::move(pending))]() mutable { return group.go_on(); });
    pending.clear();
    return ncclSuccess;
}

ncclResult_t ask(const Operation& operation, ncclComm_t comm, cudaStream_t stream) {
    if (planted != ncclSuccess) return planted;
    // All that the engine asks for in a group is for one stream.
    if (!pending.empty() && (pending_comm != comm || pending_stream != stream))
        return ncclInvalidUsage;
    pending_comm = comm;
    pending_stream = stream;
    pending.push_back(operation);
    return start();
}

}  // namespace

namespace mdn::emulation {

void fail_nccl(ncclResult_t error) { planted = error; }

}  // namespace mdn::emulation

ncclResult_t ncclGetVersion(int* version) {
    *version = 22907;
    return ncclSuccess;
}

/// The name of a piece of shared memory.
ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
    static int made = 0;
    std::snprintf(id->internal, sizeof id->internal, "/emulated_nccl.%d.%d",
                  static_cast<int>(::getpid()), ++made);
    return ncclSuccess;
}

ncclResult_t ncclCommInitRank(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank) {
    if (ranks < 1 || ranks > SharedRanks::most || rank < 0 || rank >= ranks)
        return ncclInvalidArgument;
    const size_t bytes = SharedRanks::bytes(ranks);
    const int file = ::shm_open(id.internal, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ::ftruncate(file, static_cast<off_t>(bytes)) != 0) return ncclSystemError;
    void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (memory == MAP_FAILED) return ncclSystemError;
    *comm = new EmulatedNccl{.ranks = SharedRanks(memory, rank, ranks)};
    (*comm)->ranks.join();
    while (!(*comm)->ranks.all_joined()) ::usleep(100);
    if (rank == 0) ::shm_unlink(id.internal);
    return ncclSuccess;
}

/// As the library, it does not wait for what other ranks would have to do.
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
    delete comm;
    return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t comm) {
    comm->aborted = true;  // streams may still hold its operations
    return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* error) {
    *error = planted;
    return ncclSuccess;
}

const char* ncclGetErrorString(ncclResult_t result) {
    switch (result) {
        case ncclSuccess:
            return "no error";
        case ncclRemoteError:
            return "remote process exited or there was a network error";
        case ncclSystemError:
            return "unhandled system error (run with NCCL_DEBUG=INFO for details)";
        default:
            return "internal error";
    }
}
const char* ncclGetLastError(ncclComm_t) { return "the emulated network is gone"; }

ncclResult_t ncclAllReduce(const void* send, void* receive, size_t count, ncclDataType_t type,
                           ncclRedOp_t, ncclComm_t comm, cudaStream_t stream) {
    if (type != ncclFloat32) return ncclInvalidArgument;
    return ask({Kind::all_reduce, send, receive, count, type, 0}, comm, stream);
}
ncclResult_t ncclAllGather(const void* send, void* receive, size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t stream) {
    return ask({Kind::all_gather, send, receive, count, type, 0}, comm, stream);
}
ncclResult_t ncclBroadcast(const void* send, void* receive, size_t count, ncclDataType_t type,
                           int root, ncclComm_t comm, cudaStream_t stream) {
    return ask({Kind::broadcast, send, receive, count, type, root}, comm, stream);
}
ncclResult_t ncclSend(const void* send, size_t count, ncclDataType_t type, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
    return ask({Kind::send, send, nullptr, count, type, peer}, comm, stream);
}
ncclResult_t ncclRecv(void* receive, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
    return ask({Kind::receive, nullptr, receive, count, type, peer}, comm, stream);
}
ncclResult_t ncclGroupStart() {
    ++open_groups;
    return ncclSuccess;
}
ncclResult_t ncclGroupEnd() {
    --open_groups;
    return start();
}
