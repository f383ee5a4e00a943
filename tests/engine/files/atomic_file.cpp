#include "engine/files/atomic_file.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>

#include "tests/data/temporary_dataset.h"
#include "tests/failing_calls.h"
#include "tests/shell.h"

namespace mdn::test {

namespace fs = std::filesystem;

namespace {

/// Runs `work` in a process of its own. Nothing of this program's threads may be used there.
pid_t in_process(const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    try {
        work();
    } catch (...) {
        ::_exit(1);
    }
    ::_exit(0);
}

int code_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int64_t files_in(const fs::path& folder) {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_SUITE("engine/files/atomic_file") {
    TEST_CASE("of two processes that write a file at once, one writes all of it") {
        const TemporaryFolder folder;
        const std::string path = (folder / "file").string();
        constexpr int times = 150;
        constexpr size_t parts = 8, part = 5000;
        const auto writer = [&](char letter) {
            return in_process([&path, letter] {
                for (int i = 0; i < times; ++i) {
                    AtomicFile file(path);
                    for (size_t p = 0; p < parts; ++p) file.write(std::string(part, letter));
                    file.commit();
                }
            });
        };
        const pid_t a = writer('a'), b = writer('b');
        int looks = 0, mixed = 0, ended = 0;
        while (ended < 2) {
            int status = 0;
            if (::waitpid(ended == 0 ? a : b, &status, WNOHANG) != 0) {
                ++ended;
                CHECK(status == 0);
            }
            const std::string text = text_of(path);
            if (text.empty()) continue;  // not there yet
            ++looks;
            mixed += text != std::string(parts * part, text.front());
        }
        CHECK(looks > 20);
        CHECK(mixed == 0);
        CHECK(files_in(folder.path()) == 1);
    }

    TEST_CASE("what a killed writer left is removed by the next one, what another writes is not") {
        const TemporaryFolder folder;
        const std::string path = (folder / "file").string();
        CHECK(code_of(in_process([&] {
                  AtomicFile file(path);
                  file.write("half");
                  ::raise(SIGKILL);
              })) == -SIGKILL);
        CHECK(text_of(path + ".partial-1") == "half");
        AtomicFile first(path);
        first.write("first");
        CHECK(text_of(path + ".partial-1") == "first");
        // Beside a live one the killed one had the second name; the first may be free again then.
        CHECK(code_of(in_process([&] {
                  AtomicFile file(path);
                  file.write("half");
                  ::raise(SIGKILL);
              })) == -SIGKILL);
        CHECK(text_of(path + ".partial-2") == "half");
        first.commit();
        {
            AtomicFile last(path);
            CHECK_FALSE(fs::exists(path + ".partial-2"));
            CHECK(text_of(path) == "first");
            last.write("last");
            last.commit();
        }
        CHECK(text_of(path) == "last");
        CHECK(files_in(folder.path()) == 1);
        // Names that only look like it.
        write(path + ".partial-x", "mine");
        write(path + ".partial", "mine");
        fs::create_symlink("file.partial", path + ".partial-1");
        write_file(path, "again");
        CHECK(text_of(path + ".partial") == "mine");
        CHECK(files_in(folder.path()) == 4);
        CHECK(PartialPath::target_of("a/b.partial-12") == "a/b");
        for (const char* other : {"a/b", "a/b.partial", "a/b.partial-", "a/b.partial-1x", "12"})
            CHECK(PartialPath::target_of(other).empty());
    }

    TEST_CASE(
        "a signal whose handler ends the process leaves nothing half-written, whenever it comes") {
        const TemporaryFolder folder;
        const std::string path = (folder / "file").string();
        write_file(path, "old");
        const auto ends_at = [&](Call call, bool sees_the_new_file) {
            return code_of(in_process([&] {
                       ::signal(SIGTERM, [](int) {
                           remove_unfinished_files();
                           ::_exit(7);
                       });
                       const SignalInCall comes(call, SIGTERM);
                       write_file(path, "new");
                   })) == 7 &&
                   text_of(path) == (sees_the_new_file ? "new" : "old") &&
                   files_in(folder.path()) == 1;
        };
        for (const Call call : {Call::open, Call::flock, Call::write, Call::fsync, Call::close}) {
            CAPTURE(static_cast<int>(call));
            CHECK(ends_at(call, false));
        }
        // Others' files stay: one that is written beside it, and one of the same name that another
        // made when this one's had been renamed.
        AtomicFile other(path);
        other.write("other");
        CHECK(code_of(in_process([&] {
                  AtomicFile file(path);
                  remove_unfinished_files();
                  ::_exit(fs::exists(path + ".partial-2") ? 1 : 7);
              })) == 7);
        CHECK(text_of(path + ".partial-1") == "other");
        CHECK(code_of(in_process([&] {
                  AtomicFile file(path);
                  fs::rename(path + ".partial-2", path);
                  write(path + ".partial-2", "another's");
                  remove_unfinished_files();
                  ::_exit(text_of(path + ".partial-2") == "another's" ? 7 : 1);
              })) == 7);
    }

    TEST_CASE("where the file system has no locks, nothing of another writer is removed") {
        const TemporaryFolder folder;
        const std::string path = (folder / "file").string();
        write(path + ".partial-1", "another's");
        const FailingCall no_locks(Call::flock, ENOLCK, 0, 1000);
        AtomicFile a(path), b(path);
        a.write("a");
        b.write("b");
        b.commit();
        CHECK(text_of(path) == "b");
        a.commit();
        CHECK(text_of(path) == "a");
        CHECK(text_of(path + ".partial-1") == "another's");
        CHECK(files_in(folder.path()) == 2);
        CHECK(no_locks.failed() > 0);
    }

    TEST_CASE("an error that comes late, on sync or close, is told and leaves the old file") {
        const TemporaryFolder folder;
        const std::string path = (folder / "file").string();
        write_file(path, "old");
        struct Late {
            Call call;
            int error;
            const char* text;
        };
        for (const Late& late : {Late{Call::write, ENOSPC, "No space left"},
                                 Late{Call::fsync, EIO, "Input/output error"},
                                 Late{Call::close, EDQUOT, "Disk quota exceeded"},
                                 Late{Call::close, ESTALE, "Stale file handle"}}) {
            CAPTURE(late.text);
            AtomicFile file(path);
            const FailingCall fails(late.call, late.error);
            CHECK(contains(error_of([&] {
                               file.write("new");
                               file.commit();
                           }),
                           {"cannot write " + path, late.text}));
            CHECK(fails.failed() == 1);
        }
        CHECK(text_of(path) == "old");
        CHECK(files_in(folder.path()) == 1);
        // The second sync is the folder's: the file has its name, but may lose it in a power cut.
        const FailingCall fails(Call::fsync, EIO, 1);
        CHECK(contains(error_of([&] { write_file(path, "new"); }), {"cannot sync", "error"}));
        CHECK(text_of(path) == "new");
    }
}

}  // namespace mdn::test
