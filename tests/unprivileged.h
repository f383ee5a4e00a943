// Tests of permissions, also where root runs them, who may do anything.
#pragma once

#include <unistd.h>

namespace mdn::test {

/// While it lives, this process may do only what anybody may. Of no effect where another than root
/// runs the tests.
class Unprivileged {
    static constexpr uid_t nobody = 65534;
    bool changed_ = ::geteuid() == 0 && ::seteuid(nobody) == 0;

  public:
    Unprivileged() = default;
    ~Unprivileged() {
        if (changed_ && ::seteuid(0) != 0) ::_exit(1);
    }
    Unprivileged(const Unprivileged&) = delete;
    Unprivileged& operator=(const Unprivileged&) = delete;
};

}  // namespace mdn::test
