// Tests of permissions, also where root runs them, who may do anything.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

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

/// Lets anybody into a folder and all below it, whatever the umask. Returns whether permissions can
/// be tested there: not where root cannot become another user, or where the way to the folder is
/// closed to others.
inline bool open_to_all(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    fs::permissions(folder, fs::perms::all);
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (!entry.is_symlink()) fs::permissions(entry.path(), fs::perms::all);
    const Unprivileged nobody;
    return ::geteuid() != 0 &&
           ::faccessat(AT_FDCWD, folder.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) == 0;
}

}  // namespace mdn::test
