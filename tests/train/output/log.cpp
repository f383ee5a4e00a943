#include "train/output/log.h"

#include <limits>

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
}
