// How a check program (check_main.cpp) tells the runner (run_task.cpp) what it found.
//
// The two share a socket under a fixed number. The runner first sends a token of 16 bytes. The
// check program then sends records: the token, a letter, the length of a text (4 bytes), the text.
// What the student's code prints never gets there, and what it writes to the socket lacks the
// token.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mdn::lesson {

constexpr int channel = 3;  // the file descriptor of the socket
constexpr size_t token_bytes = 16;
constexpr size_t longest_text = 4000;

enum class Record : char {
    input = 'i',     // the input that is checked next
    pass = 'p',      // every check of the task holds
    wrong = 'w',     // the message of a check that does not
    not_done = 'n',  // the task is unsolved
    threw = 't',     // the code threw: what it said
};

}  // namespace mdn::lesson
