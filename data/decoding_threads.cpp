#include "data/decoding_threads.h"

#include <string>
#include <system_error>

#include "engine/error.h"

namespace mdn {

void DecodingThreads::start(std::int64_t count, std::int64_t workers,
                            const std::function<void()>& body) {
    for (std::int64_t i = 0; i < count; ++i) {
        try {
            threads_.emplace_back(body);
        } catch (const std::system_error& error) {
            throw Error("only " + std::to_string(i) + " of " + std::to_string(count) +
                            (count == 1 ? " thread" : " threads") +
                            " that decode frames could be started: " + error.code().message(),
                        std::string(workers == 1 ? "" : "lower --workers, or ") +
                            "raise the limit on threads (ulimit -u, or the container's)");
        }
    }
}

void DecodingThreads::join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

}  // namespace mdn
