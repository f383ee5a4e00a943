// main() of a check program: check.cpp and exercise.cpp of one lesson. It runs the one task whose
// number is its argument, and tells the runner what came out (protocol.h).
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <string>

#include "docs/lessons/harness/check.h"
#include "docs/lessons/harness/exercise.h"
#include "docs/lessons/harness/protocol.h"

namespace mdn::lesson {

namespace {

std::map<int, void (*)()>& tasks() {
    static std::map<int, void (*)()> all;
    return all;
}

char token[token_bytes];
int task_number = 0;

/// One write, so that a record arrives whole or not at all.
void tell(Record kind, std::string text = {}) {
    text.resize(std::min(text.size(), longest_text));
    const uint32_t length = static_cast<uint32_t>(text.size());
    std::string record(token, token_bytes);
    record += static_cast<char>(kind);
    record.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
    // Whether the runner still listens, it knows itself.
    [[maybe_unused]] const ssize_t sent = write(channel, record.data(), record.size());
}

void run_task() {
    try {
        tasks().at(task_number)();
        tell(Record::pass);
    } catch (const Wrong& wrong) {
        tell(Record::wrong, wrong.message);
    } catch (const NotDone&) {
        tell(Record::not_done);
    } catch (const std::bad_alloc&) {
        tell(Record::threw, "std::bad_alloc: more memory was asked for than a task may have");
    } catch (const Error& error) {
        tell(Record::threw, std::string("mdn::Error: ") + error.what());
    } catch (const std::exception& error) {
        tell(Record::threw, std::string("an exception: ") + error.what());
    } catch (...) {
        tell(Record::threw, "something that is no std::exception");
    }
}

}  // namespace

RegisteredTask::RegisteredTask(int number, void (*check)()) { tasks()[number] = check; }

void input(const std::string& what) { tell(Record::input, what); }

Random& random() {
    static Random numbers(std::getenv("LESSON_SEED") ? std::atoll(std::getenv("LESSON_SEED")) : 1,
                          static_cast<uint64_t>(task_number));
    return numbers;
}

}  // namespace mdn::lesson

int main(int argc, char** argv) {
    using namespace mdn::lesson;
    if (argc != 2 || !tasks().count(task_number = std::atoi(argv[1])) ||
        read(channel, token, token_bytes) != static_cast<ssize_t>(token_bytes)) {
        std::fprintf(stderr, "a lesson's checks are run by: make lesson N=NUMBER\n");
        return 2;
    }
    run_task();
    // Nothing of the student's code runs any more: no destructor, no atexit.
    std::fflush(nullptr);
    _exit(0);
}
