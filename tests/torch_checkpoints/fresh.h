// The committed checkpoints, and others that PyTorch writes during the test where it is installed.
#pragma once

#include <cstdlib>
#include <string>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

inline const std::string torch_checkpoints = "tests/torch_checkpoints/";

/// The interpreter that the Makefile would use: $PYTHON, else python3.
inline std::string python() {
    const char* chosen = std::getenv("PYTHON");
    return chosen && *chosen ? chosen : "python3";
}

/// Whether a Python module can be used. Says so where it cannot.
inline bool python_has(const std::string& modules) {
    const std::string command = python() + " -c 'import " + modules + "' 2>/dev/null";
    if (std::system(command.c_str()) == 0) return true;
    MESSAGE(modules, " not installed for ", python(),
            ": not tried (set PYTHON to one that has it)");
    return false;
}

/// A folder as tests/torch_checkpoints, written now.
class FreshTorchCheckpoints : public TemporaryFolder {
  public:
    FreshTorchCheckpoints() {
        if (!python_has("torch, numpy")) return;
        const std::string command =
            python() + " tests/peers/torch_checkpoints.py '" + path().string() + "'";
        written_ = std::system(command.c_str()) == 0;
        CHECK_MESSAGE(written_, command);
    }
    bool written() const { return written_; }

  private:
    bool written_ = false;
};

}  // namespace mdn::test
