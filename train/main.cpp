// The program: everything it does is in run_command.
#include <iostream>

#include "train/command.h"

int main(int argc, char** argv) {
    return mdn::run_command({argv + 1, argv + argc}, std::cout, std::cerr);
}
