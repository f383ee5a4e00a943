// The two functions that playground.html calls in its compiled engine (playground.mk names them to
// the linker). A page computes in one thread: with more, browsers open it from a server only.
#include <cstdint>
#include <string>

#include "engine/threads.h"
#include "train/playground/playground.h"

namespace {

mdn::Playground& playground() {
    static mdn::Playground one;
    return one;
}

}  // namespace

extern "C" {

/// Place for the bytes of a file that the next call is about.
uint8_t* playground_buffer(int bytes) { return playground().buffer(bytes); }

/// Playground::call(); the text lives until the next call.
const char* playground_call(const char* request) {
    static std::string reply;
    mdn::set_threads(1);
    reply = playground().call(request);
    return reply.c_str();
}
}
