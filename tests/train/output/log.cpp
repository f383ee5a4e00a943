#include "train/output/log.h"

#include <cerrno>
#include <limits>

#include "tests/failing_calls.h"
#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

TEST_SUITE("train/output/log") {
    TEST_CASE("a line holds numbers exactly, text escaped, and null for what JSON has no number") {
        CHECK(json_line({{"kind", "a \"b\"\n"}, {"n", int64_t{1} << 60}, {"x", 0.1 + 0.2}}) ==
              R"({"kind":"a \"b\"\n","n":1152921504606846976,"x":0.30000000000000004})");
        CHECK(json_line({{"x", std::numeric_limits<double>::infinity()},
                         {"v", std::vector<double>{1.5, 2.5}}}) == R"({"x":null,"v":[1.5,2.5]})");
    }

    TEST_CASE("a log is begun anew, or continued after dropping what came later") {
        TemporaryFolder folder;
        const std::string path = (folder / "log.jsonl").string();
        int64_t kept = 0;
        {
            Log log(path, 0);
            log.write({{"step", int64_t{0}}});
            kept = log.bytes();
            log.write({{"step", int64_t{1}}});
            // Each line is there as soon as it is written: the process may be killed.
            CHECK(bytes_of(path) == "{\"step\":0}\n{\"step\":1}\n");
        }
        {
            Log log(path, kept);
            CHECK(bytes_of(path) == "{\"step\":0}\n");
            log.write({{"step", int64_t{7}}});
            log.sync();
            CHECK(log.bytes() == std::ssize(bytes_of(path)));
        }
        CHECK(bytes_of(path) == "{\"step\":0}\n{\"step\":7}\n");
        Log anew(path, 0);
        CHECK(bytes_of(path).empty());
    }

    TEST_CASE("a log shorter than the checkpoint says, or that cannot be written, is an error") {
        TemporaryFolder folder;
        const std::string path = (folder / "log.jsonl").string();
        write(path, "{}\n");
        CHECK(contains(error_of([&] { Log(path, 4); }), {path, "shorter"}));
        CHECK(bytes_of(path) == "{}\n");
        CHECK(contains(error_of([&] { Log(path + "/no", 0); }), {path + "/no"}));
    }

    TEST_CASE("a log that another program removes, replaces or changes is noticed on sync") {
        TemporaryFolder folder;
        const std::string path = (folder / "log.jsonl").string();
        Log log(path, 0);
        log.write({{"step", int64_t{0}}});
        CHECK(log.sync().empty());
        std::filesystem::remove(path);
        log.write({{"step", int64_t{1}}});
        CHECK(contains(log.sync(), {path, "was removed", "written again"}));
        CHECK(bytes_of(path) == "{\"step\":0}\n{\"step\":1}\n");
        CHECK(log.sync().empty());

        // As editors save: another file in its place.
        write(path + ".new", "edited");
        std::filesystem::rename(path + ".new", path);
        log.write({{"step", int64_t{2}}});
        CHECK(contains(log.sync(), {path, "was replaced", path + ".other"}));
        CHECK(bytes_of(path + ".other") == "edited");
        CHECK(bytes_of(path) == "{\"step\":0}\n{\"step\":1}\n{\"step\":2}\n");
        CHECK(log.bytes() == std::ssize(bytes_of(path)));
        write(path + ".new", "edited again");
        std::filesystem::rename(path + ".new", path);
        CHECK(contains(log.sync(), {path + ".other-2"}));
        CHECK(bytes_of(path + ".other") == "edited");

        write(path, "");  // emptied in its place
        log.write({{"step", int64_t{3}}});
        CHECK(contains(log.sync(), {path, "11 bytes", "44"}));
        CHECK(log.bytes() == 11);
        // A link to a log elsewhere is none of these.
        std::filesystem::create_symlink("log.jsonl", folder / "link");
        Log linked((folder / "link").string(), 11);
        CHECK(linked.sync().empty());

        std::filesystem::remove_all(folder.path());
        CHECK(contains(error_of([&] { log.sync(); }), {path, "No such file"}));
    }

    TEST_CASE("a log that is missing is begun anew, and errors of its sync are told") {
        TemporaryFolder folder;
        const std::string path = (folder / "log.jsonl").string();
        Log log(path, 100);
        CHECK(log.bytes() == 0);
        log.write({{"step", int64_t{5}}});
        const FailingCall fails(Call::fsync, EIO);
        CHECK(contains(error_of([&] { log.sync(); }), {"cannot write " + path, "Input/output"}));
    }
}
